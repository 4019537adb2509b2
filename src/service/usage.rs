//! That workspaces are used: when they were used last, and what use does to their deadlines.
//! Uses are remembered in memory and noted together, so that a use costs no statement.

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use thiserror::Error;

use super::{
    Core,
    workspace_views::{FindWorkspaceError, WorkspaceViews},
};
use crate::{
    domain::{
        activity::UsedApp,
        clock::Timestamp,
        deadlines,
        ids::{AgentId, WorkspaceId},
        rights::{Action, actor::Actor},
        schedule::Schedule,
        workspaces::WorkspaceView,
    },
    pubsub::Event,
    store::{StoreError, activity, workspaces},
};

/// How long uses are collected before one statement notes them all (spec WS-115).
const NOTED_EVERY: Duration = Duration::from_mins(1);
/// The experiment with which clients say through which app a workspace is used.
const BY_APP: &str = "workspace-usage";

/// Why a use is not noted.
#[derive(Debug, Error)]
pub enum UsageError {
    /// The caller may not change the workspace.
    #[error("the workspace may not be changed by the caller")]
    Denied,
    /// An app was named without the agent that it was reached through.
    #[error("an app's use needs the agent that it was reached through")]
    NoAgent,
    /// An agent was named without the app.
    #[error("the use of an agent needs the app")]
    NoApp,
    /// There is no such app.
    #[error("{0:?} is no app whose use is noted")]
    UnknownApp(String),
    /// There is no such agent, or the caller may not see it.
    #[error("no such agent")]
    UnknownAgent,
    /// The database failed.
    #[error("the use could not be noted")]
    Store(#[from] StoreError),
}

/// Through what a workspace is used, as a client says it.
#[derive(Clone, Debug, Default)]
pub struct Through {
    /// The agent; nil for none.
    pub agent: AgentId,
    /// The app; empty for none.
    pub app: String,
}

/// Uses of workspaces.
#[derive(Clone)]
pub struct Usage {
    core: Core,
    views: WorkspaceViews,
    /// Workspaces used since the last note of it.
    used: Arc<Mutex<HashSet<WorkspaceId>>>,
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Usage").finish_non_exhaustive()
    }
}

impl Usage {
    /// The service.
    #[must_use]
    pub fn new(core: Core, views: WorkspaceViews) -> Self {
        Self {
            core,
            views,
            used: Arc::default(),
        }
    }

    /// Whether a client may say through what it uses a workspace; else what it says is not
    /// even read (spec WS-116).
    #[must_use]
    pub fn is_by_app(&self) -> bool {
        let experiments = &self.core.settings.experiments;
        experiments.iter().any(|experiment| experiment == BY_APP)
    }

    /// Refuses a use by those who may not change the workspace.
    ///
    /// # Errors
    /// [`UsageError::Denied`].
    pub fn check(actor: &Actor, view: &WorkspaceView) -> Result<(), UsageError> {
        if actor.may(Action::Update, &view.workspace.object()) {
            Ok(())
        } else {
            Err(UsageError::Denied)
        }
    }

    /// Remembers a use; one through an app also moves the deadline.
    ///
    /// # Errors
    /// Without the right to change the workspace, or when only one of agent and app is named.
    pub async fn note(
        &self,
        actor: &Actor,
        view: &WorkspaceView,
        through: Through,
    ) -> Result<(), UsageError> {
        Self::check(actor, view)?;
        let id = view.workspace.id;
        match (through.agent.0.is_nil(), through.app.is_empty()) {
            (true, true) => {
                self.used().insert(id);
                return Ok(());
            }
            (true, false) => return Err(UsageError::NoAgent),
            (false, true) => return Err(UsageError::NoApp),
            (false, false) => {}
        }
        if UsedApp::parse(&through.app).is_none() {
            return Err(UsageError::UnknownApp(through.app));
        }
        self.check_agent(actor, through.agent).await?;
        self.used().insert(id);
        self.bump(id, self.core.now()).await?;
        self.core.events.publish(Event::Workspace(id));
        Ok(())
    }

    /// The agent may be any that the actor can see, also another workspace's (spec WS-117).
    async fn check_agent(&self, actor: &Actor, agent: AgentId) -> Result<(), UsageError> {
        let mut conn = self.core.conn().await?;
        let workspace = activity::find_workspace(&mut conn, agent)
            .await?
            .ok_or(UsageError::UnknownAgent)?;
        match self.views.find_on(&mut conn, actor, workspace).await {
            Ok(_) => Ok(()),
            Err(FindWorkspaceError::Store(source)) => Err(source.into()),
            Err(_) => Err(UsageError::UnknownAgent),
        }
    }

    /// Moves the deadline of a running workspace that is used `now`, as far as its template
    /// wants it (spec BJ-110 to BJ-113).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bump(&self, id: WorkspaceId, now: Timestamp) -> Result<(), StoreError> {
        let mut conn = self.core.conn().await?;
        let Some(facts) = activity::find_facts(&mut conn, id).await? else {
            return Ok(());
        };
        let next_start = facts
            .autostart
            .as_deref()
            .and_then(|text| Schedule::parse(text).ok())
            .and_then(|schedule| {
                schedule
                    .next_after(now)
                    .filter(|start| schedule.falls_on(facts.autostart_days, *start))
            });
        let (current, bump) = (facts.deadlines, facts.activity_bump);
        match deadlines::bump(now, current, bump, next_start, facts.ttl) {
            Some(moved) => activity::move_deadline(&mut conn, facts.build, moved, now).await,
            None => Ok(()),
        }
    }

    /// Notes the uses from time to time; never ends.
    pub async fn write(self) {
        let mut ticks = tokio::time::interval(NOTED_EVERY);
        loop {
            ticks.tick().await;
            if let Err(error) = self.flush().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "uses of workspaces could not be noted yet"
                );
            }
        }
    }

    /// Notes the uses that are remembered.
    ///
    /// # Errors
    /// When the database fails; the uses are remembered further then.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let used: Vec<WorkspaceId> = self.used().drain().collect();
        if used.is_empty() {
            return Ok(());
        }
        let noted = self.keep(&used).await;
        if noted.is_err() {
            self.used().extend(used);
        }
        noted
    }

    async fn keep(&self, used: &[WorkspaceId]) -> Result<(), StoreError> {
        let mut conn = self.core.conn().await?;
        workspaces::update_last_used(&mut conn, used, self.core.now()).await
    }

    fn used(&self) -> MutexGuard<'_, HashSet<WorkspaceId>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
