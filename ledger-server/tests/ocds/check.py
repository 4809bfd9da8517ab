"""Checks OCDS packages with libcoveocds, without a network.

    python check.py STANDARD FILE...

STANDARD is a ZIP file of the standard's repository at tag 1__1__5, with its folder `schema`. Prints one
line of JSON for each file: its schema errors, codes that are in no codelist, fields that the schema does
not know, references and ids at fault. Every connection to a network is refused, so that a check that
would need one fails instead of passing for having fetched something.
"""

import hashlib
import json
import os
import socket
import sys
import tempfile
import zipfile

# The SHA-256 over names and contents of the folder `schema` at tag 1__1__5.
SCHEMA_DIGEST = "f9e147a8456811cfc6499a8e58ca595089cc8be1ccccca3bed7d6afd8f083996"


def refuse(*_, **__):
    raise OSError("no network in this check")


socket.socket.connect = refuse
socket.getaddrinfo = refuse

import libcoveocds.api  # noqa: E402
from libcoveocds.config import LibCoveOCDSConfig  # noqa: E402
from libcoveocds.schema import SchemaOCDS  # noqa: E402

PUBLISHED = "https://standard.open-contracting.org/schema/1__1__5/"


def schema_files(standard):
    """The schema files by name, whatever the ZIP file calls the folder around them."""
    files = {}
    with zipfile.ZipFile(standard) as archive:
        for name in archive.namelist():
            _, _, inside = name.partition("/")
            if inside.startswith("schema/") and not name.endswith("/"):
                files[inside] = archive.read(name)
    return files


def digest_of(files):
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return digest.hexdigest()


def read_references_from(files):
    """Lets what a schema refers to by its published address be read from the files."""
    kwarg = SchemaOCDS._jsonref_kwarg

    def load(uri, **kwargs):
        if not uri.startswith(PUBLISHED):
            raise OSError(f"{uri} is not in the schema")
        return json.loads(files["schema/" + uri.removeprefix(PUBLISHED)], **kwargs)

    SchemaOCDS._jsonref_kwarg = staticmethod(lambda **given: {**kwarg(**given), "loader": load})


def check(standard, path):
    config = LibCoveOCDSConfig()
    config.config["standard_zip"] = f"file://{os.path.abspath(standard)}"
    config.config["context"] = "api"
    with tempfile.TemporaryDirectory() as folder:
        found = libcoveocds.api.ocds_json_output(folder, path, lib_cove_ocds_config=config)
    wanted = (
        "version_used",
        "validation_errors",
        "additional_closed_codelist_values",
        "additional_open_codelist_values",
        "additional_fields",
        "additional_checks",
        "conformance_errors",
        "deprecated_fields",
        "extensions",
        "json_deref_error",
    )
    return {name: found[name] for name in wanted if name in found}


def main():
    standard, *paths = sys.argv[1:]
    files = schema_files(standard)
    found = digest_of(files)
    if found != SCHEMA_DIGEST:
        sys.exit(f"{standard} is not OCDS 1.1.5: expected {SCHEMA_DIGEST}, found {found}")
    read_references_from(files)
    for path in paths:
        print(json.dumps(check(standard, path), default=lambda other: sorted(other)))


if __name__ == "__main__":
    main()
