//! Workspaces: making and renaming them. Reading is in `workspace_reads`, their other settings
//! are in `workspace_settings`, their builds in `builds`.

use chrono::TimeDelta;
use sqlx::PgConnection;
use thiserror::Error;

use super::{
    Core,
    build_orders::{self, BuildError, Placement},
    commit,
    idempotency::{self, KeyError, Made, Once},
    jobs::Jobs,
    on, workspace_audit,
    workspace_views::as_made,
};
use crate::{
    domain::{
        builds::{AutomaticUpdates, BuildReason, PlannedTemplate, PlannedVersion, StateSource},
        clock::Timestamp,
        ids::{BuildId, TemplateId, TemplateVersionId, UserId, WorkspaceId},
        provisioning::{NamedValue, Transition},
        rights::{Action, Object, actor::Actor},
        schedule::{Schedule, ScheduleError},
        workspaces::{TtlError, WorkspaceView, parse_ttl},
    },
    pubsub::Event,
    store::{
        StoreError, build_plans, workspace_views,
        workspaces::{self, NewWorkspace},
    },
};

/// What a workspace is made from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The active version of a template.
    Template(TemplateId),
    /// A version.
    Version(TemplateVersionId),
}

/// A workspace that a user asks for.
#[derive(Clone, Debug)]
pub struct WorkspaceOrder {
    /// What it is made from.
    pub source: Source,
    /// Its name.
    pub name: String,
    /// When it starts by itself; empty for never.
    pub autostart_schedule: String,
    /// Milliseconds after a start until it stops by itself.
    pub ttl_milliseconds: Option<i64>,
    /// `always`, `never` or empty.
    pub automatic_updates: String,
    /// Values of parameters.
    pub parameters: Vec<NamedValue>,
}

/// Why a workspace is not made (spec workspaces, section 3).
#[derive(Debug, Error)]
pub enum CreateWorkspaceError {
    /// There is no such version, or the caller may not see it.
    #[error("there is no template version {0}")]
    NoVersion(TemplateVersionId),
    /// The version was put away.
    #[error("the template version is archived")]
    Archived,
    /// There is no such template, or the caller may not see it.
    #[error("there is no such template")]
    NoTemplate,
    /// The template was deleted.
    #[error("the template was deleted")]
    TemplateDeleted,
    /// The caller may not make workspaces for this owner there.
    #[error("no workspace may be made there by the caller")]
    Denied,
    /// The caller may see the template but not use it.
    #[error("the template may not be used by the caller")]
    TemplateDenied,
    /// The template should not be used any more.
    #[error("the template is deprecated: {0}")]
    Deprecated(String),
    /// The schedule is malformed.
    #[error("the schedule cannot be read")]
    Schedule(#[source] ScheduleError),
    /// The time to live is out of bounds.
    #[error("the time to live is out of bounds")]
    Ttl(#[source] TtlError),
    /// The word for automatic updates is none.
    #[error("{0:?} says nothing about automatic updates")]
    AutomaticUpdates(String),
    /// The owner has a workspace of this name.
    #[error("the owner has a workspace named {0:?}")]
    NameTaken(String),
    /// The first build cannot be made.
    #[error("the first build cannot be made")]
    Build(#[source] BuildError),
    /// The request's idempotency key forbids it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error("the workspace could not be made")]
    Store(#[from] StoreError),
}

/// Why a workspace is not renamed.
#[derive(Debug, Error)]
pub enum RenameError {
    /// The caller may not change it.
    #[error("the workspace may not be changed by the caller")]
    Denied,
    /// Renaming is switched off.
    #[error("workspaces may not be renamed in this deployment")]
    SwitchedOff,
    /// It was deleted.
    #[error("the workspace was deleted")]
    Deleted,
    /// The owner has another workspace of this name.
    #[error("the owner has a workspace named {0:?}")]
    NameTaken(String),
    /// The database failed.
    #[error("the workspace could not be renamed")]
    Store(#[from] StoreError),
}

/// Workspaces.
#[derive(Clone)]
pub struct Workspaces {
    core: Core,
    jobs: Jobs,
}

/// The checked settings of a new workspace.
struct Settled {
    next_start_at: Option<Timestamp>,
    ttl: Option<TimeDelta>,
    automatic_updates: AutomaticUpdates,
}

impl Workspaces {
    /// The service.
    #[must_use]
    pub fn new(core: Core, jobs: Jobs) -> Self {
        Self { core, jobs }
    }

    /// Makes a workspace for `owner` and asks for its first build, all or nothing.
    ///
    /// # Errors
    /// The first check of spec workspaces, section 3, that fails.
    pub async fn create(
        &self,
        actor: &Actor,
        owner: UserId,
        order: WorkspaceOrder,
        once: Option<&Once<'_, WorkspaceView>>,
    ) -> Result<Made<WorkspaceView>, CreateWorkspaceError> {
        let mut tx = self.core.begin().await?;
        let outcome = self.create_on(on(&mut tx), actor, owner, order, once).await;
        let made = idempotency::end(tx, outcome).await?;
        if matches!(made, Made::Now(_)) {
            self.jobs.posted();
        }
        Ok(made)
    }

    async fn create_on(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        owner: UserId,
        order: WorkspaceOrder,
        once: Option<&Once<'_, WorkspaceView>>,
    ) -> Result<Made<WorkspaceView>, CreateWorkspaceError> {
        let now = self.core.now();
        if let Some(answer) = idempotency::before(conn, actor.id, once, now).await? {
            return Ok(Made::Before(answer));
        }
        let version = match order.source {
            Source::Version(id) => build_plans::find_version(conn, id).await?,
            Source::Template(id) => build_plans::find_active_version(conn, id).await?,
        };
        let (version, template) = check_source(actor, order.source, version)?;
        let version_id = version.id;
        check_rights(actor, owner, &template)?;
        let settled = settle(&order, &template, now)?;
        let taken = workspaces::find_live_by_name(conn, owner, &order.name).await?;
        if taken.is_some() {
            return Err(CreateWorkspaceError::NameTaken(order.name));
        }
        build_orders::check_import(&version).map_err(CreateWorkspaceError::Build)?;
        let plan = build_orders::plan(conn, version, owner, &order.parameters, &[]).await;
        let plan = plan.map_err(CreateWorkspaceError::Build)?;
        check_version(actor, version_id, &template)?;
        let (id, build) = (WorkspaceId::random(), BuildId::random());
        let new = NewWorkspace {
            id,
            owner,
            organization: template.organization_id,
            template: template.id,
            name: &order.name,
            autostart_schedule: Some(order.autostart_schedule.as_str())
                .filter(|schedule| !schedule.is_empty()),
            ttl: settled.ttl,
            automatic_updates: settled.automatic_updates,
            next_start_at: settled.next_start_at,
            build,
            now,
        };
        if let Err(error) = workspaces::insert(conn, &new).await {
            return Err(if error.violates(workspaces::NAME_KEY) {
                CreateWorkspaceError::NameTaken(order.name)
            } else {
                error.into()
            });
        }
        let placement = Placement {
            id: build,
            workspace: id,
            number: 1,
            transition: Transition::Start,
            initiator: actor.id,
            reason: BuildReason::Initiator,
            state: StateSource::Nothing,
            debug_log: false,
        };
        build_orders::keep(conn, &self.jobs, plan, placement, now)
            .await
            .map_err(CreateWorkspaceError::Build)?;
        let made = workspace_views::with_latest_build(conn, &[id]).await?;
        let made = made.into_iter().next().map(as_made);
        let made = made.ok_or(CreateWorkspaceError::NoTemplate)?;
        workspace_audit::made(conn, actor, &made, now).await?;
        idempotency::keep(conn, actor.id, once, &made, now).await?;
        Ok(Made::Now(made))
    }

    /// Renames a workspace that the actor may read.
    ///
    /// # Errors
    /// When renaming is off, the name is taken or the workspace is gone.
    pub async fn rename(
        &self,
        actor: &Actor,
        view: &WorkspaceView,
        name: &str,
    ) -> Result<(), RenameError> {
        let workspace = &view.workspace;
        if workspace.name == name {
            return Ok(());
        }
        if !self.core.settings.allow_workspace_renames {
            return Err(RenameError::SwitchedOff);
        }
        if !actor.may(Action::Update, &workspace.object()) {
            return Err(RenameError::Denied);
        }
        if workspace.deleted {
            return Err(RenameError::Deleted);
        }
        let mut renamed = workspace.clone();
        name.clone_into(&mut renamed.name);
        let mut tx = self.core.begin().await?;
        match workspaces::update_name(on(&mut tx), workspace.id, name).await {
            Ok(()) => {}
            Err(error) if error.violates(workspaces::NAME_KEY) => {
                return Err(RenameError::NameTaken(name.to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        let (change, now) = ((workspace, &renamed), self.core.now());
        workspace_audit::changed(on(&mut tx), actor, change, 204, now).await?;
        commit(tx).await?;
        self.core.events.publish(Event::Workspace(workspace.id));
        Ok(())
    }
}

/// The version and its template, if both can be seen and used at all.
fn check_source(
    actor: &Actor,
    source: Source,
    version: Option<PlannedVersion>,
) -> Result<(PlannedVersion, PlannedTemplate), CreateWorkspaceError> {
    let version = version.filter(|version| actor.may(Action::Read, &version.object));
    let Some(version) = version else {
        return Err(match source {
            Source::Version(id) => CreateWorkspaceError::NoVersion(id),
            Source::Template(_) => CreateWorkspaceError::NoTemplate,
        });
    };
    if version.archived && matches!(source, Source::Version(_)) {
        return Err(CreateWorkspaceError::Archived);
    }
    let Some(template) = version.template.clone() else {
        return Err(CreateWorkspaceError::NoTemplate);
    };
    if template.deleted {
        return Err(CreateWorkspaceError::TemplateDeleted);
    }
    Ok((version, template))
}

fn check_rights(
    actor: &Actor,
    owner: UserId,
    template: &PlannedTemplate,
) -> Result<(), CreateWorkspaceError> {
    let workspace = Object::workspace(owner, template.organization_id, false);
    if !actor.may(Action::Create, &workspace) {
        return Err(CreateWorkspaceError::Denied);
    }
    if !actor.may(Action::Use, &template.object) {
        return Err(CreateWorkspaceError::TemplateDenied);
    }
    if template.deprecated.is_empty() {
        Ok(())
    } else {
        Err(CreateWorkspaceError::Deprecated(
            template.deprecated.clone(),
        ))
    }
}

/// Refuses another version than the one that the template demands, but to those who change it.
fn check_version(
    actor: &Actor,
    version: TemplateVersionId,
    template: &PlannedTemplate,
) -> Result<(), CreateWorkspaceError> {
    let is_free = !template.require_active_version
        || version == template.active_version_id
        || actor.may(Action::Update, &template.object);
    if is_free {
        Ok(())
    } else {
        Err(CreateWorkspaceError::Build(
            BuildError::ActiveVersionRequired,
        ))
    }
}

fn settle(
    order: &WorkspaceOrder,
    template: &PlannedTemplate,
    now: Timestamp,
) -> Result<Settled, CreateWorkspaceError> {
    let next_start_at = if order.autostart_schedule.is_empty() {
        None
    } else {
        Schedule::parse(&order.autostart_schedule)
            .map_err(CreateWorkspaceError::Schedule)?
            .next_allowed(template.autostart_days, now)
    };
    let ttl = parse_ttl(order.ttl_milliseconds)
        .map_err(CreateWorkspaceError::Ttl)?
        .or(Some(template.default_ttl).filter(|ttl| *ttl > TimeDelta::zero()));
    let automatic_updates = match order.automatic_updates.as_str() {
        "" => AutomaticUpdates::Never,
        word => AutomaticUpdates::parse(word)
            .ok_or_else(|| CreateWorkspaceError::AutomaticUpdates(word.to_owned()))?,
    };
    Ok(Settled {
        next_start_at,
        ttl,
        automatic_updates,
    })
}
