//! `coder_provisioner`: the machine that builds the workspace.

use std::env::consts;

use super::DataSource;
use crate::terraform_provider::{
    messages::Diagnostic,
    provider::Context,
    schema::{ID, Kind, Schema, computed},
    value::{Object, Value},
};

/// The building machine.
pub(super) struct Provisioner;

static SCHEMA: Schema = Schema {
    name: "coder_provisioner",
    version: 1,
    about: "The machine that builds workspaces.",
    deprecated: None,
    attributes: &[
        ID,
        computed("os", Kind::Text, "Its operating system, such as linux."),
        computed("arch", Kind::Text, "Its processor, such as amd64."),
    ],
    blocks: &[],
};

impl DataSource for Provisioner {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn read(&self, state: &mut Object, _context: &Context<'_>) -> Vec<Diagnostic> {
        let system = match consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let processor = match consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "arm" => "armv7",
            "x86" => "386",
            other => other,
        };
        state.insert("os".to_owned(), Value::text(system));
        state.insert("arch".to_owned(), Value::text(processor));
        Vec::new()
    }
}
