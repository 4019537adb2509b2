//! `coder_metadata`: facts about a resource that users are shown beside it.

use super::{Resource, repeated_key};
use crate::terraform_provider::{
    diagnostics::error,
    messages::Diagnostic,
    provider::Context,
    schema::{Block, ID, Kind, Nesting, Preset, Schema, computed, optional, required},
    value::{Object, Value, get},
};

/// Facts about a resource.
pub(super) struct Metadata;

static SCHEMA: Schema = Schema {
    name: "coder_metadata",
    version: 1,
    about: "Facts about a resource, shown beside it.",
    deprecated: None,
    attributes: &[
        ID,
        required("resource_id", Kind::Text, "The id of the resource."),
        optional("hide", Kind::Bool, "Do not show the resource."),
        optional("icon", Kind::Text, "The address of an icon."),
        optional(
            "daily_cost",
            Kind::Number,
            "What the resource costs a day, in credits.",
        ),
    ],
    blocks: &[Block {
        name: "item",
        nesting: Nesting::List,
        most: 0,
        computed: false,
        excludes: &[],
        attributes: &[
            required(
                "key",
                Kind::Text,
                "The fact's name, unique in the resource.",
            ),
            optional("value", Kind::Text, "The fact."),
            optional("sensitive", Kind::Bool, "Show it only when asked.")
                .preset(Preset::Bool(false)),
            computed("is_null", Kind::Bool, "Whether there is no value."),
        ],
    }],
};

impl Resource for Metadata {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn check(&self, planned: &Object) -> Vec<Diagnostic> {
        let repeated = repeated_key(get(planned, "item"));
        repeated
            .map(|key| error(format!("duplicate resource metadata key {key:?}")))
            .into_iter()
            .collect()
    }

    fn create(&self, state: &mut Object, _context: &Context<'_>) -> Vec<Diagnostic> {
        if let Some(Value::List(items)) = state.get_mut("item") {
            for item in items {
                let is_null = item.attribute("value").is_null();
                if let Value::Object(item) = item {
                    item.insert("is_null".to_owned(), Value::Bool(is_null));
                }
            }
        }
        Vec::new()
    }
}
