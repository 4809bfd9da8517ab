// Gives the verifier's verdict on files, under Node.js: for the tests that hold it against the Rust auditor.
export {};
