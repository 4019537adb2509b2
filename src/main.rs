//! The `workspaced` program: parses its arguments, runs the app, returns an exit code.

fn main() {}
