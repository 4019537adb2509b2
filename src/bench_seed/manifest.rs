//! How the benchmark learns what was seeded; the form is the benchmark's.

use serde::Serialize;
use uuid::Uuid;

use super::history::History;
use crate::domain::ids::{TemplateId, WorkspaceId};

/// Names, ids and tokens of what was seeded.
#[derive(Debug, Serialize)]
pub struct Manifest {
    admin_token: String,
    users: Vec<User>,
    templates: Vec<Template>,
    workspaces: Vec<Workspace>,
}

#[derive(Debug, Serialize)]
struct User {
    name: String,
    token: String,
}

#[derive(Debug, Serialize)]
struct Template {
    id: TemplateId,
    name: String,
}

#[derive(Debug, Serialize)]
struct Workspace {
    id: WorkspaceId,
    name: String,
    /// The owner's place among the users.
    user: usize,
    /// The template's place among the templates.
    template: usize,
    /// The credential of its agent, while there is one.
    agent_token: Option<Uuid>,
}

impl Manifest {
    pub(super) fn of(history: &History) -> Self {
        let users = history.users.iter().map(|user| User {
            name: user.username.clone(),
            token: user.token.reveal(),
        });
        let templates = history.templates.iter().map(|template| Template {
            id: template.id,
            name: template.name.clone(),
        });
        let workspaces = history.workspaces.iter().enumerate();
        let workspaces = workspaces.map(|(place, workspace)| {
            let machine = history.latest_build(place).outcome.machine.as_ref();
            Workspace {
                id: workspace.id,
                name: workspace.name.clone(),
                user: workspace.owner,
                template: workspace.template,
                agent_token: machine.map(|machine| machine.token),
            }
        });
        Self {
            admin_token: history.admin.token.reveal(),
            users: users.collect(),
            templates: templates.collect(),
            workspaces: workspaces.collect(),
        }
    }
}
