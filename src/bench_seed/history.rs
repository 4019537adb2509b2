//! What shall be in the database, as values: who owns what, built when, with which ids.
//! Follows from the amounts alone except for ids and secrets; writes nothing.

use chrono::TimeDelta;
use uuid::Uuid;

use super::Amounts;
use crate::domain::{
    clock::Timestamp,
    ids::{
        AgentId, BuildId, DaemonId, FileId, JobId, LogSourceId, OrganizationId, ResourceId,
        TemplateId, TemplateVersionId, UserId, WorkspaceId,
    },
    provisioning::Transition,
    random,
    tokens::Token,
};

/// Everything.
pub(super) struct History {
    /// The present.
    pub(super) now: Timestamp,
    /// Whose everything is.
    pub(super) organization: OrganizationId,
    /// The archive of all templates.
    pub(super) file: FileId,
    /// The daemon that did all jobs and is gone.
    pub(super) daemon: DaemonId,
    /// The first user.
    pub(super) admin: Person,
    /// The others.
    pub(super) users: Vec<Person>,
    /// The templates.
    pub(super) templates: Vec<Template>,
    /// The workspaces.
    pub(super) workspaces: Vec<Workspace>,
    /// All builds, in the order in which they came about: every workspace's first, every second, …
    pub(super) builds: Vec<Build>,
}

/// A user with a session.
pub(super) struct Person {
    pub(super) id: UserId,
    pub(super) username: String,
    pub(super) token: Token,
}

/// A template with its one version.
pub(super) struct Template {
    pub(super) id: TemplateId,
    pub(super) name: String,
    pub(super) version: TemplateVersionId,
    pub(super) job: JobId,
    /// What the import found for a start and for a stop.
    pub(super) found: [Outcome; 2],
}

/// A workspace.
pub(super) struct Workspace {
    pub(super) id: WorkspaceId,
    pub(super) name: String,
    /// Its owner's place in the list of users.
    pub(super) owner: usize,
    /// Its template's place in the list of templates.
    pub(super) template: usize,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Timestamp,
}

/// A build that succeeded.
pub(super) struct Build {
    pub(super) id: BuildId,
    /// The workspace's place in the list of workspaces.
    pub(super) workspace: usize,
    /// Counted from 1.
    pub(super) number: usize,
    /// Whether a later one followed.
    pub(super) superseded: bool,
    pub(super) outcome: Outcome,
}

/// What a job left for one transition.
pub(super) struct Outcome {
    pub(super) job: JobId,
    pub(super) transition: Transition,
    /// When the job was ordered.
    pub(super) at: Timestamp,
    /// What is there also while the workspace is stopped.
    pub(super) volume: ResourceId,
    /// What is there only while it is started.
    pub(super) machine: Option<Machine>,
}

/// A resource with an agent.
pub(super) struct Machine {
    pub(super) id: ResourceId,
    pub(super) agent: AgentId,
    pub(super) token: Uuid,
    pub(super) log_source: LogSourceId,
    /// Whether the agent ever came up; those that an import foresees never do.
    pub(super) came_up: bool,
}

impl History {
    /// Makes it up.
    pub(super) fn invent(amounts: Amounts, organization: OrganizationId, now: Timestamp) -> Self {
        let begun = now - TimeDelta::days(20);
        let workspaces: Vec<Workspace> = (1..=amounts.workspaces)
            .map(|i| Workspace {
                id: WorkspaceId::random(),
                name: format!("ws-{i}"),
                owner: (i - 1) % amounts.users,
                template: (7 * i + i / amounts.users) % amounts.templates,
                created_at: begun + seconds(i),
                last_used_at: now - seconds(i),
            })
            .collect();
        let builds = (1..=amounts.builds)
            .flat_map(|number| {
                (1..=amounts.workspaces).map(move |i| {
                    let at = begun + TimeDelta::days(1) * whole(number) + seconds(i);
                    Build::invent(i, number, amounts.builds, at)
                })
            })
            .collect();
        Self {
            now,
            organization,
            file: FileId::random(),
            daemon: DaemonId::random(),
            admin: Person::invent("admin".to_owned()),
            users: (1..=amounts.users)
                .map(|u| Person::invent(format!("user-{u:05}")))
                .collect(),
            templates: (1..=amounts.templates)
                .map(|t| Template::invent(format!("tpl-{t:02}"), begun))
                .collect(),
            workspaces,
            builds,
        }
    }

    /// The latest build of a workspace, by its place.
    pub(super) fn latest_build(&self, workspace: usize) -> &Build {
        &self.builds[self.builds.len() - self.workspaces.len() + workspace]
    }
}

impl Person {
    fn invent(username: String) -> Self {
        Self {
            id: UserId::random(),
            username,
            token: Token::generate(),
        }
    }
}

impl Template {
    fn invent(name: String, at: Timestamp) -> Self {
        let job = JobId::random();
        let found = [Transition::Start, Transition::Stop]
            .map(|transition| Outcome::invent(job, transition, at, false));
        Self {
            id: TemplateId::random(),
            name,
            version: TemplateVersionId::random(),
            job,
            found,
        }
    }
}

impl Build {
    /// Seven of ten workspaces were stopped before their last build and started by it; the others
    /// were stopped by it.
    fn invent(i: usize, number: usize, last: usize, at: Timestamp) -> Self {
        let runs = i % 10 < 7;
        let stopped_by = if runs { last - 1 } else { last };
        let transition = if number == stopped_by {
            Transition::Stop
        } else {
            Transition::Start
        };
        Self {
            id: BuildId::random(),
            workspace: i - 1,
            number,
            superseded: number < last,
            outcome: Outcome::invent(JobId::random(), transition, at, true),
        }
    }
}

impl Outcome {
    fn invent(job: JobId, transition: Transition, at: Timestamp, came_up: bool) -> Self {
        let machine = (transition == Transition::Start).then(|| Machine {
            id: ResourceId::random(),
            agent: AgentId::random(),
            // Unlike an id, all of a credential is random.
            token: uuid::Builder::from_random_bytes(random::bytes()).into_uuid(),
            log_source: LogSourceId::random(),
            came_up,
        });
        Self {
            job,
            transition,
            at,
            volume: ResourceId::random(),
            machine,
        }
    }

    /// When the job began.
    pub(super) fn started_at(&self) -> Timestamp {
        self.at + TimeDelta::seconds(1)
    }

    /// When the job ended.
    pub(super) fn completed_at(&self) -> Timestamp {
        self.at + TimeDelta::seconds(3)
    }
}

fn seconds(count: usize) -> TimeDelta {
    TimeDelta::seconds(1) * whole(count)
}

fn whole(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
