//! How what a job made is answered outside of a workspace. Reads no request.

use chrono::TimeDelta;

use super::state::AppState;
use crate::{
    domain::resources::Resource,
    wire::resources::{Context, WorkspaceResource},
};

/// Resources of an import or a dry run: their apps have no host names.
pub(super) fn shown(state: &AppState, resources: Vec<Resource>) -> Vec<WorkspaceResource> {
    let inactive_after = state.settings.agent_inactive_after;
    let context = Context {
        now: state.clock.now(),
        inactive_after: TimeDelta::from_std(inactive_after).unwrap_or(TimeDelta::MAX),
        troubleshooting_url: &state.settings.agent_fallback_troubleshooting_url,
        workspace: None,
    };
    resources
        .into_iter()
        .map(|resource| WorkspaceResource::new(resource, &context))
        .collect()
}
