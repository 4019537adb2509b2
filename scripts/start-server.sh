#!/usr/bin/env bash
# Starts the built server in the foreground, with its settings from the environment.
# Arguments take the place of the command `server`.
# WORKSPACED_BIN names another binary than the one of the last `cargo build`.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
exec "${WORKSPACED_BIN:-${CARGO_TARGET_DIR:-$here/target}/debug/workspaced}" "${@:-server}"
