//! The schemas in `schema/` are those of the types; with `UPDATE=1` they are written anew.
#![cfg(feature = "schema")]

use std::path::Path;

#[test]
fn the_files_are_generated_from_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    for (name, schema) in ledger_core::schema::all() {
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = folder.join(name);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let file = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            file == text,
            "{} is out of date: run UPDATE=1 cargo test -p ledger-core --all-features --test schema",
            path.display()
        );
    }
}
