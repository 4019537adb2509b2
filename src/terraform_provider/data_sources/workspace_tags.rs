//! `coder_workspace_tags`: which provisioners may build the workspace. The server reads them out
//! of the template's text; for Terraform they are only values.

use super::DataSource;
use crate::terraform_provider::{
    messages::Diagnostic,
    provider::Context,
    schema::{ID, Kind, Schema, optional},
    value::Object,
};

/// Tags of provisioners.
pub(super) struct WorkspaceTags;

static SCHEMA: Schema = Schema {
    name: "coder_workspace_tags",
    version: 1,
    about: "Chooses the provisioners that build workspaces by their tags.",
    deprecated: None,
    attributes: &[
        ID,
        optional("tags", Kind::TextMap, "Tags that a provisioner must have."),
    ],
    blocks: &[],
};

impl DataSource for WorkspaceTags {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn read(&self, _state: &mut Object, _context: &Context<'_>) -> Vec<Diagnostic> {
        Vec::new()
    }
}
