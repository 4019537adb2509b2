//! What a job brought: checks the rules that go beyond one row (spec BJ-69) and keeps the rows.

use std::collections::{BTreeMap, HashSet};

use sqlx::PgConnection;
use thiserror::Error;
use uuid::Uuid;

use crate::{
    domain::{
        clock::Timestamp,
        ids::{AgentId, JobId, LogSourceId, ResourceId, ScriptId},
        provisioning::{
            Agent, AgentAuth, App, DisplayApps, ProvisionedResources, Resource, Transition,
        },
        random,
    },
    store::{
        StoreError, job_results,
        new_agents::{self, NewAgent, NewScript},
    },
};

/// Which rule the results of a job break.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum InvalidResults {
    /// Two agents of a resource share a name.
    #[error("duplicate agent name {0:?}")]
    DuplicateAgent(String),
    /// An app has no slug.
    #[error("app must have a slug or name set")]
    NoSlug,
    /// An app's slug has the wrong form.
    #[error(
        "app slug {0:?} must be lower-case letters and digits in groups joined by single hyphens"
    )]
    BadSlug(String),
    /// Two apps of a resource share a slug.
    #[error("duplicate app slug, must be unique per resource: {0:?}")]
    DuplicateSlug(String),
}

/// Checks all resources.
pub(super) fn check(found: &ProvisionedResources) -> Result<(), InvalidResults> {
    found.resources.iter().try_for_each(check_resource)
}

fn check_resource(resource: &Resource) -> Result<(), InvalidResults> {
    let mut names = HashSet::new();
    let mut slugs = HashSet::new();
    for agent in &resource.agents {
        if !names.insert(&agent.name) {
            return Err(InvalidResults::DuplicateAgent(agent.name.clone()));
        }
        for app in &agent.apps {
            check_slug(app)?;
            if !slugs.insert(&app.slug) {
                return Err(InvalidResults::DuplicateSlug(app.slug.clone()));
            }
        }
    }
    Ok(())
}

fn check_slug(app: &App) -> Result<(), InvalidResults> {
    if app.slug.is_empty() {
        return Err(InvalidResults::NoSlug);
    }
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_group = |group: &str| !group.is_empty() && group.bytes().all(is_plain);
    if app.slug.split('-').all(is_group) {
        Ok(())
    } else {
        Err(InvalidResults::BadSlug(app.slug.clone()))
    }
}

/// Keeps the resources, agents and modules of one or two transitions.
pub(super) async fn keep(
    conn: &mut PgConnection,
    job: JobId,
    found: &[(Transition, &ProvisionedResources)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let resources: Vec<(ResourceId, Transition, &Resource)> = found
        .iter()
        .flat_map(|(transition, found)| {
            let resources = found.resources.iter();
            resources.map(|resource| (ResourceId::random(), *transition, resource))
        })
        .collect();
    if !resources.is_empty() {
        job_results::insert_resources(conn, job, &resources, now).await?;
        job_results::insert_metadata(conn, &resources).await?;
        keep_agents(conn, &resources, now).await?;
    }
    for (transition, found) in found {
        if !found.modules.is_empty() {
            job_results::insert_modules(conn, job, *transition, &found.modules, now).await?;
        }
    }
    Ok(())
}

async fn keep_agents(
    conn: &mut PgConnection,
    resources: &[(ResourceId, Transition, &Resource)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let agents: Vec<NewAgent<'_>> = resources
        .iter()
        .flat_map(|(id, _, resource)| resource.agents.iter().map(|agent| new_agent(*id, agent)))
        .collect();
    if agents.is_empty() {
        return Ok(());
    }
    let metadata: Vec<_> = agents
        .iter()
        .flat_map(|new| new.agent.metadata.iter().map(|item| (new.id, item)))
        .collect();
    let apps: Vec<_> = agents
        .iter()
        .flat_map(|new| new.agent.apps.iter().map(|app| (new.id, app)))
        .collect();
    let scripts: Vec<_> = agents
        .iter()
        .flat_map(|new| {
            new.agent.scripts.iter().map(|script| NewScript {
                id: ScriptId::random(),
                log_source_id: LogSourceId::random(),
                agent_id: new.id,
                script,
            })
        })
        .collect();
    new_agents::insert_agents(conn, &agents, now).await?;
    new_agents::insert_agent_metadata(conn, &metadata).await?;
    new_agents::insert_scripts(conn, &scripts, now).await?;
    new_agents::insert_apps(conn, &apps, now).await
}

fn new_agent(resource_id: ResourceId, agent: &Agent) -> NewAgent<'_> {
    let (token, instance_id) = match &agent.auth {
        AgentAuth::Token(token) => (Uuid::parse_str(token).ok(), None),
        AgentAuth::InstanceId(id) => (None, (!id.is_empty()).then_some(id.as_str())),
    };
    let extra = agent.extra_envs.iter();
    let mut environment: BTreeMap<&str, &str> = extra
        .map(|variable| (variable.name.as_str(), variable.value.as_str()))
        .collect();
    let own = agent.env.iter();
    environment.extend(own.map(|(name, value)| (name.as_str(), value.as_str())));
    NewAgent {
        id: AgentId::random(),
        resource_id,
        token: token.unwrap_or_else(new_token),
        instance_id,
        environment: (!environment.is_empty()).then_some(environment),
        display_apps: display_apps(agent.display_apps),
        agent,
    }
}

/// A credential nobody can guess: unlike an id, all of it is random.
fn new_token() -> Uuid {
    uuid::Builder::from_random_bytes(random::bytes()).into_uuid()
}

fn display_apps(shown: DisplayApps) -> Vec<&'static str> {
    [
        ("vscode", shown.vscode),
        ("vscode_insiders", shown.vscode_insiders),
        ("ssh_helper", shown.ssh_helper),
        ("port_forwarding_helper", shown.port_forwarding_helper),
        ("web_terminal", shown.web_terminal),
    ]
    .into_iter()
    .filter_map(|(name, is_shown)| is_shown.then_some(name))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(agents: &[(&str, &[&str])]) -> ProvisionedResources {
        let app = |slug: &&str| App {
            slug: (*slug).to_owned(),
            ..App::default()
        };
        let agent = |(name, slugs): &(&str, &[&str])| Agent {
            name: (*name).to_owned(),
            apps: slugs.iter().map(app).collect(),
            ..Agent::default()
        };
        ProvisionedResources {
            resources: vec![Resource {
                agents: agents.iter().map(agent).collect(),
                ..Resource::default()
            }],
            ..ProvisionedResources::default()
        }
    }

    #[test]
    fn agents_and_apps_are_told_apart_by_name() {
        for slug in ["a", "code-server", "8080", "a-1-b"] {
            assert_eq!(check(&found(&[("main", &[slug])])), Ok(()), "{slug}");
        }
        for slug in ["A", "a_b", "-a", "a-", "a--b", "a.b", "ä"] {
            assert_eq!(
                check(&found(&[("main", &[slug])])),
                Err(InvalidResults::BadSlug(slug.to_owned()))
            );
        }
        assert_eq!(
            check(&found(&[("main", &[""])])),
            Err(InvalidResults::NoSlug)
        );
        assert_eq!(
            check(&found(&[("main", &["ide"]), ("aux", &["ide"])])),
            Err(InvalidResults::DuplicateSlug("ide".to_owned()))
        );
        assert_eq!(
            check(&found(&[("main", &[]), ("main", &[])])),
            Err(InvalidResults::DuplicateAgent("main".to_owned()))
        );
    }
}
