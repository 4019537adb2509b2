//! The resources. Each module below has one, its table beside its behaviour.

mod agent;
mod agent_instance;
mod app;
mod env;
mod metadata;
mod script;

use super::{
    messages::Diagnostic,
    provider::Context,
    schema::Schema,
    value::{Object, Value},
};

/// A kind of resource.
pub(super) trait Resource: Sync {
    /// Its table.
    fn schema(&self) -> &'static Schema;

    /// What is wrong with planned values beyond the rules of the table.
    fn check(&self, _planned: &Object) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Completes a new instance, or tells why it cannot be.
    fn create(&self, _state: &mut Object, _context: &Context<'_>) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Looks at an instance again.
    fn read(&self, _state: &mut Object, _context: &Context<'_>) {}
}

/// All of them.
pub(super) static ALL: [&dyn Resource; 6] = [
    &agent::Agent,
    &agent_instance::AgentInstance,
    &app::App,
    &env::Env,
    &metadata::Metadata,
    &script::Script,
];

/// The first key that two of the blocks have.
fn repeated_key(blocks: &Value) -> Option<&str> {
    let keys: Vec<&str> = blocks
        .elements()
        .iter()
        .filter_map(|block| block.attribute("key").as_text())
        .collect();
    keys.iter()
        .enumerate()
        .find(|(place, key)| keys[..*place].contains(key))
        .map(|(_, key)| *key)
}
