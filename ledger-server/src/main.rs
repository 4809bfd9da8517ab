//! The `sanzi` command.
fn main() {}
