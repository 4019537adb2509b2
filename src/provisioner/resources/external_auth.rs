//! External auth providers that a template reads tokens of.

use serde::Deserialize;
use serde_json::Value;

use super::{
    ConvertError,
    document::{Entry, Mode},
};
use crate::domain::provisioning::ExternalAuthProvider;

/// Reads the providers, each id once, in visiting order.
pub(super) fn read(entries: &[Entry]) -> Result<Vec<ExternalAuthProvider>, ConvertError> {
    let mut providers: Vec<ExternalAuthProvider> = Vec::new();
    for entry in entries {
        let wanted = matches!(
            entry.kind.as_str(),
            "coder_external_auth" | "coder_git_auth"
        );
        if entry.mode != Mode::Data || !wanted {
            continue;
        }
        let attributes: Attributes = entry.attributes()?;
        let Value::String(id) = attributes.id else {
            return Err(ConvertError::ExternalAuthId);
        };
        if providers.iter().all(|known| known.id != id) {
            providers.push(ExternalAuthProvider {
                id,
                optional: attributes.optional,
            });
        }
    }
    Ok(providers)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    id: Value,
    optional: bool,
}
