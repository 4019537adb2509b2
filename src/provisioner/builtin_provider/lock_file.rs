//! A template's lock file: whether it pins the provider, and the same file without it.

use super::HOSTS;

/// Whether a lock file names the provider.
pub(super) fn pins(text: &str) -> bool {
    hcl::parse(text).is_ok_and(|body| body.blocks().any(is_provider))
}

/// The lock file without the provider; `None` when there is nothing to change.
pub(super) fn without_provider(text: &str) -> Option<String> {
    let mut body = hcl::parse(text).ok()?;
    let before = body.0.len();
    body.0
        .retain(|structure| structure.as_block().is_none_or(|block| !is_provider(block)));
    if body.0.len() == before {
        return None;
    }
    hcl::to_string(&body).ok()
}

fn is_provider(block: &hcl::Block) -> bool {
    block.identifier() == "provider"
        && block.labels().iter().any(|label| {
            let name = label.as_str();
            HOSTS
                .iter()
                .any(|host| name.strip_prefix(host) == Some("/coder/coder"))
        })
}
