//! A workspace's own settings: when it starts, stops, updates and sleeps, and what its owner
//! likes. That it is used is in `usage`. Each method is given a workspace that the actor may read.

use sqlx::{Postgres, Transaction};
use thiserror::Error;

use super::{
    Core, commit, on, workspace_audit,
    workspace_views::{WorkspaceViews, shows_template},
};
use crate::{
    domain::{
        builds::AutomaticUpdates,
        clock::Timestamp,
        parameters,
        rights::{Action, actor::Actor},
        schedule::{Schedule, ScheduleError},
        workspaces::{ExtendError, TtlError, Workspace, WorkspaceView, check_deadline, parse_ttl},
    },
    pubsub::Event,
    store::{StoreError, build_plans, workspace_builds, workspaces},
};

/// Why a setting is not changed.
#[derive(Debug, Error)]
pub enum SettingError {
    /// The caller may not change the workspace.
    #[error("the workspace may not be changed by the caller")]
    Denied,
    /// As [`Denied`](Self::Denied), where the incumbent says that there is no such workspace.
    #[error("no such workspace")]
    Hidden,
    /// Only the owner may.
    #[error("only the workspace's owner may do this")]
    NotOwner,
    /// The schedule is malformed.
    #[error("the schedule cannot be read")]
    Schedule(#[source] ScheduleError),
    /// The template decides when workspaces start.
    #[error("the template decides when its workspaces start")]
    AutostartFixed,
    /// The template decides when workspaces stop.
    #[error("the template decides when its workspaces stop")]
    AutostopFixed,
    /// The time to live is out of bounds.
    #[error("the time to live is out of bounds")]
    Ttl(#[source] TtlError),
    /// The word for automatic updates is none.
    #[error("{0:?} says nothing about automatic updates")]
    AutomaticUpdates(String),
    /// The deadline cannot be moved there.
    #[error("the deadline cannot be moved there")]
    Extend(#[source] ExtendError),
    /// The workspace was changed, but the caller may not see its template.
    #[error("the workspace's template is hidden")]
    TemplateHidden,
    /// The database failed.
    #[error("the setting could not be changed")]
    Store(#[from] StoreError),
}

/// Settings of workspaces.
#[derive(Clone)]
pub struct WorkspaceSettings {
    core: Core,
    views: WorkspaceViews,
}

impl WorkspaceSettings {
    /// The service.
    #[must_use]
    pub fn new(core: Core, views: WorkspaceViews) -> Self {
        Self { core, views }
    }

    /// Sets when the workspace starts by itself; an empty schedule for never.
    ///
    /// # Errors
    /// When the schedule is malformed or not for users to choose.
    pub async fn set_autostart(
        &self,
        actor: &Actor,
        view: &WorkspaceView,
        schedule: &str,
    ) -> Result<(), SettingError> {
        let workspace = &view.workspace;
        let schedule = Some(schedule).filter(|text| !text.is_empty());
        let parsed = schedule.map(Schedule::parse).transpose();
        let parsed = parsed.map_err(SettingError::Schedule)?;
        if !workspace.template.allow_user_autostart {
            return Err(SettingError::AutostartFixed);
        }
        check_update(actor, view)?;
        let days = workspace.template.autostart_days;
        // What sleeps does not start: the time is worked out once it is awake.
        let awake = parsed.filter(|_| workspace.dormant_at.is_none());
        let next = awake.and_then(|schedule| schedule.next_allowed(days, self.core.now()));
        let mut after = workspace.clone();
        after.autostart_schedule = schedule.map(str::to_owned);
        let mut tx = self.core.begin().await?;
        workspaces::update_autostart(on(&mut tx), workspace.id, schedule, next).await?;
        self.keep(tx, actor, (workspace, &after)).await
    }

    /// Sets after how many milliseconds the workspace stops by itself; none for never.
    ///
    /// # Errors
    /// When it is out of bounds or not for users to choose.
    pub async fn set_ttl(
        &self,
        actor: &Actor,
        view: &WorkspaceView,
        milliseconds: Option<i64>,
    ) -> Result<(), SettingError> {
        if !view.workspace.template.allow_user_autostop {
            return Err(SettingError::AutostopFixed);
        }
        let ttl = parse_ttl(milliseconds).map_err(SettingError::Ttl)?;
        check_update(actor, view)?;
        let mut after = view.workspace.clone();
        after.ttl = ttl;
        let mut tx = self.core.begin().await?;
        workspaces::update_ttl(on(&mut tx), after.id, ttl).await?;
        self.keep(tx, actor, (&view.workspace, &after)).await
    }

    /// Sets whether the workspace takes new versions by itself.
    ///
    /// # Errors
    /// When the word is neither `always` nor `never`.
    pub async fn set_automatic_updates(
        &self,
        actor: &Actor,
        view: &WorkspaceView,
        word: &str,
    ) -> Result<(), SettingError> {
        if check_update(actor, view).is_err() {
            return Err(SettingError::Hidden);
        }
        let updates = AutomaticUpdates::parse(word)
            .ok_or_else(|| SettingError::AutomaticUpdates(word.to_owned()))?;
        let mut after = view.workspace.clone();
        after.automatic_updates = updates;
        let mut tx = self.core.begin().await?;
        workspaces::update_automatic_updates(on(&mut tx), after.id, updates).await?;
        self.keep(tx, actor, (&view.workspace, &after)).await
    }

    /// Puts the workspace to sleep or wakes it; `None` when it is in that state already.
    ///
    /// # Errors
    /// [`SettingError::TemplateHidden`] after the change, when it may not be shown.
    pub async fn set_dormant(
        &self,
        actor: &Actor,
        view: &WorkspaceView,
        dormant: bool,
    ) -> Result<Option<WorkspaceView>, SettingError> {
        let workspace = &view.workspace;
        if workspace.dormant_at.is_some() == dormant {
            return Ok(None);
        }
        check_update(actor, view)?;
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let mut after = workspace.clone();
        if dormant {
            let kept = workspace.template.time_til_dormant_autodelete;
            (after.dormant_at, after.deleting_at) =
                (Some(now), (!kept.is_zero()).then(|| now + kept));
            workspaces::put_to_sleep(on(&mut tx), workspace.id, after.deleting_at, now).await?;
        } else {
            (after.dormant_at, after.deleting_at) = (None, None);
            workspaces::wake(on(&mut tx), workspace.id, now).await?;
        }
        workspace_audit::changed(on(&mut tx), actor, (workspace, &after), 200, now).await?;
        commit(tx).await?;
        let mut conn = self.core.conn().await?;
        let changed = self.views.load(&mut conn, &[workspace.id]).await?.pop();
        changed
            .filter(|view| shows_template(actor, view))
            .map(Some)
            .ok_or(SettingError::TemplateHidden)
    }

    /// Sets whether the owner likes to see the workspace first.
    ///
    /// # Errors
    /// [`SettingError::NotOwner`] for everybody else.
    pub async fn set_favorite(
        &self,
        actor: &Actor,
        view: &WorkspaceView,
        favorite: bool,
    ) -> Result<(), SettingError> {
        if view.workspace.owner_id != actor.id {
            return Err(SettingError::NotOwner);
        }
        check_update(actor, view)?;
        let mut after = view.workspace.clone();
        after.favorite = favorite;
        let mut tx = self.core.begin().await?;
        workspaces::update_favorite(on(&mut tx), after.id, favorite).await?;
        self.keep(tx, actor, (&view.workspace, &after)).await
    }

    /// Ends a change with its entry in the audit log.
    async fn keep(
        &self,
        mut tx: Transaction<'static, Postgres>,
        actor: &Actor,
        change: (&Workspace, &Workspace),
    ) -> Result<(), SettingError> {
        workspace_audit::changed(on(&mut tx), actor, change, 204, self.core.now()).await?;
        Ok(commit(tx).await?)
    }

    /// Moves the deadline of the running workspace.
    ///
    /// # Errors
    /// The first rule of spec WS-120 that forbids it.
    pub async fn extend(
        &self,
        actor: &Actor,
        view: &WorkspaceView,
        deadline: Timestamp,
    ) -> Result<(), SettingError> {
        check_update(actor, view)?;
        let now = self.core.now();
        let id = view.workspace.id;
        let checked = check_deadline(&view.build, view.job.state.completed_at(), deadline, now);
        if let Err(reason) = checked {
            // Watchers hear of it too: who asked saw a deadline that may be wrong (spec WS-122).
            self.core.events.publish(Event::Workspace(id));
            return Err(SettingError::Extend(reason));
        }
        let mut tx = self.core.begin().await?;
        // The workspace first, as all who change both: else two could wait for each other.
        workspaces::touch(on(&mut tx), id).await?;
        workspace_builds::update_deadline(on(&mut tx), view.build.id, deadline, now).await?;
        workspace_audit::extended(on(&mut tx), actor, view, deadline, now).await?;
        commit(tx).await?;
        self.core.events.publish(Event::Workspace(id));
        Ok(())
    }

    /// Whether an automatic start would lack a parameter's value (spec WS-124, WS-125).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lacks_value(&self, view: &WorkspaceView) -> Result<bool, StoreError> {
        let workspace = &view.workspace;
        let takes_new = workspace.template.require_active_version
            || workspace.automatic_updates == AutomaticUpdates::Always;
        if !takes_new || !view.is_outdated() {
            return Ok(false);
        }
        let mut conn = self.core.conn().await?;
        let version = workspace.template.active_version_id;
        let declared = build_plans::list_parameters(&mut conn, version).await?;
        let values = workspace_builds::list_parameters(&mut conn, view.build.id).await?;
        Ok(parameters::resolve(&declared, &[], &values).is_err())
    }
}

fn check_update(actor: &Actor, view: &WorkspaceView) -> Result<(), SettingError> {
    if actor.may(Action::Update, &view.workspace.object()) {
        Ok(())
    } else {
        Err(SettingError::Denied)
    }
}
