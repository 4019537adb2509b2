//! Reading workspaces cheaply: a glance at the database decides on rights and tells whether the
//! body that this process, or the client, has is still true; only else is the workspace
//! loaded. Owns the cache of bodies; knows neither their form nor how they are sent.
//!
//! A body is used when its fingerprint is the one that the database shows now, so replicas need
//! not tell each other anything. What other jobs change, the place in the queue, is left out
//! of the body; what time changes bounds it.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use chrono::TimeDelta;
use moka::future::Cache;
use sqlx::PgConnection;
use thiserror::Error;

use super::{
    Core,
    organizations::{FindOrganizationError, Organizations},
    workspace_pages::WorkspacePages,
    workspace_searches::WorkspaceSearch,
    workspace_views::{FindWorkspaceError, WorkspaceViews},
};
use crate::{
    domain::{
        clock::Timestamp,
        entity_tags::{EntityTag, IfNoneMatch, Sum, Summary},
        glances::{Fingerprint, Glance, QueuePlace},
        ids::{UserId, WorkspaceId},
        pagination::Page,
        rights::{Action, actor::Actor},
        search::workspaces::WorkspaceQuery,
        workspaces::WorkspaceView,
    },
    store::{StoreError, workspace_glances},
};

/// Bytes that an entry of the cache takes beside its bodies.
const ENTRY_OVERHEAD: usize = 512;

/// A workspace as it is sent, but for where its job stands in the queue: the place and the size
/// belong between head and middle, the daemons that fit between middle and tail.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Up to the place in the queue.
    pub head: Bytes,
    /// From there up to the daemons.
    pub middle: Bytes,
    /// The rest.
    pub tail: Bytes,
}

/// A workspace that could not be put into its form.
#[derive(Debug, Error)]
pub enum RenderError {
    /// It cannot be encoded.
    #[error("the workspace could not be encoded")]
    Encode(#[from] serde_json::Error),
    /// What the queue says has no place in it.
    #[error("the encoded workspace lacks its place in the queue")]
    NoPlace,
}

/// Puts a workspace into the form in which its owner (`true`) or others are sent it.
pub type Render =
    Arc<dyn Fn(WorkspaceView, bool, Timestamp) -> Result<Rendered, RenderError> + Send + Sync>;

/// A workspace to be sent.
#[derive(Clone, Debug)]
pub struct Body {
    /// What does not depend on the queue.
    pub rendered: Rendered,
    /// Where its job stands.
    pub place: QueuePlace,
}

/// A page of workspaces to be sent.
#[derive(Clone, Debug)]
pub struct ListBody {
    /// The page.
    pub workspaces: Vec<Body>,
    /// How many there are on all pages.
    pub count: i64,
}

/// What a read gives.
#[derive(Clone, Debug)]
pub enum Answer<T> {
    /// The client has it already, by this tag.
    Same(EntityTag),
    /// A body and its tag.
    New(EntityTag, T),
}

/// Why workspaces are not listed.
#[derive(Debug, Error)]
pub enum ListWorkspacesError {
    /// The search names an organization that the caller cannot see.
    #[error("there is no such organization")]
    NoOrganization,
    /// One of them has no form.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The database failed.
    #[error("workspaces could not be listed")]
    Store(#[from] StoreError),
}

/// Why bodies are not made.
#[derive(Debug, Error)]
enum BodyError {
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<BodyError> for FindWorkspaceError {
    fn from(reason: BodyError) -> Self {
        match reason {
            BodyError::Render(source) => source.into(),
            BodyError::Store(source) => source.into(),
        }
    }
}

impl From<BodyError> for ListWorkspacesError {
    fn from(reason: BodyError) -> Self {
        match reason {
            BodyError::Render(source) => source.into(),
            BodyError::Store(source) => source.into(),
        }
    }
}

/// One state of a workspace as this process has rendered it.
struct Entry {
    fingerprint: Fingerprint,
    steady_until: Option<Timestamp>,
    for_owner: Rendered,
    for_others: Rendered,
    weight: u32,
}

impl Entry {
    fn holds(&self, glance: &Glance, now: Timestamp) -> bool {
        self.fingerprint == glance.fingerprint && self.steady_until.is_none_or(|until| now <= until)
    }
}

/// Glances with the bodies that belong to them.
struct Found {
    glances: Vec<Glance>,
    bodies: Vec<Body>,
    until: Option<Timestamp>,
}

/// Reading workspaces.
#[derive(Clone)]
pub struct WorkspaceReads {
    core: Core,
    views: WorkspaceViews,
    organizations: Organizations,
    render: Render,
    /// What shapes all bodies, by which tags of another release or setting do not fit.
    form: Summary,
    cache: Cache<WorkspaceId, Arc<Entry>>,
    pages: WorkspacePages,
}

impl WorkspaceReads {
    /// The service with an empty cache.
    #[must_use]
    pub fn new(
        core: Core,
        views: WorkspaceViews,
        organizations: Organizations,
        render: Render,
    ) -> Self {
        let settings = &core.settings;
        let form = Summary::new(&format!(
            "{} {} {:?} {}",
            env!("CARGO_PKG_VERSION"),
            settings.allow_workspace_renames,
            settings.agent_inactive_after,
            settings.agent_fallback_troubleshooting_url,
        ));
        let cache = Cache::builder()
            .weigher(|_, entry: &Arc<Entry>| entry.weight)
            .max_capacity(settings.workspace_cache_bytes)
            .build();
        Self {
            pages: WorkspacePages::new(&core),
            core,
            views,
            organizations,
            render,
            form,
            cache,
        }
    }

    /// A workspace as it is shown.
    ///
    /// # Errors
    /// [`FindWorkspaceError::Deleted`] for a deleted one that was not asked for.
    pub async fn get(
        &self,
        actor: &Actor,
        id: WorkspaceId,
        include_deleted: bool,
        known: &IfNoneMatch,
    ) -> Result<Answer<Body>, FindWorkspaceError> {
        let mut conn = self.core.conn().await?;
        let glance = workspace_glances::find(&mut conn, id).await?;
        let glance = readable(actor, glance)?;
        if glance.deleted && !include_deleted {
            return Err(FindWorkspaceError::Deleted);
        }
        if !shows_template(actor, &glance) {
            return Err(FindWorkspaceError::TemplateHidden);
        }
        self.answer(&mut conn, actor, glance, known).await
    }

    /// The workspace that this owner calls so: the live one, else (if asked for) the youngest
    /// deleted one.
    ///
    /// # Errors
    /// [`FindWorkspaceError::NotFound`] for missing and for hidden ones alike.
    pub async fn get_by_name(
        &self,
        actor: &Actor,
        owner: UserId,
        name: &str,
        include_deleted: bool,
        known: &IfNoneMatch,
    ) -> Result<Answer<Body>, FindWorkspaceError> {
        let mut conn = self.core.conn().await?;
        let glance = if include_deleted {
            workspace_glances::find_by_name(&mut conn, owner, name).await?
        } else {
            workspace_glances::find_live_by_name(&mut conn, owner, name).await?
        };
        let glance = readable(actor, glance)?;
        if !shows_template(actor, &glance) {
            return Err(FindWorkspaceError::NotFound);
        }
        self.answer(&mut conn, actor, glance, known).await
    }

    /// A page of the workspaces that fit a search, and how many fit.
    ///
    /// # Errors
    /// When the search names an organization that the actor cannot see.
    pub async fn list(
        &self,
        actor: &Actor,
        query: WorkspaceQuery,
        page: &Page,
        known: &IfNoneMatch,
    ) -> Result<Answer<ListBody>, ListWorkspacesError> {
        let search = WorkspaceSearch::resolve(&self.organizations, actor, query).await;
        let search = search.map_err(|reason| match reason {
            FindOrganizationError::NotFound => ListWorkspacesError::NoOrganization,
            FindOrganizationError::Store(source) => source.into(),
        })?;
        let filter = actor.workspace_filter();
        let context = search.context(&self.core, actor, &filter);
        let now = context.now;
        let mut conn = self.core.conn().await?;
        let query = &search.query;
        let listed = self.pages.get(&mut conn, &context, query, page).await?;
        let count = listed.count;
        let mut glances = listed.glances.clone();
        glances.retain(|glance| shows_template(actor, glance));
        let sum = self.sum_of(&glances, actor.id, count);
        if let Some(tag) = known.matching(sum, now) {
            return Ok(Answer::Same(tag));
        }
        let found = self.bodies(&mut conn, glances, actor.id, now).await?;
        let tag = EntityTag {
            sum: self.sum_of(&found.glances, actor.id, count),
            until: found.until,
        };
        Ok(match known {
            IfNoneMatch::Any => Answer::Same(tag),
            _ => Answer::New(
                tag,
                ListBody {
                    workspaces: found.bodies,
                    count,
                },
            ),
        })
    }

    async fn answer(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        glance: Glance,
        known: &IfNoneMatch,
    ) -> Result<Answer<Body>, FindWorkspaceError> {
        let now = self.core.now();
        let glances = vec![glance];
        if let Some(tag) = known.matching(self.sum_of(&glances, actor.id, 1), now) {
            return Ok(Answer::Same(tag));
        }
        let mut found = self.bodies(conn, glances, actor.id, now).await?;
        let tag = EntityTag {
            sum: self.sum_of(&found.glances, actor.id, 1),
            until: found.until,
        };
        let body = found.bodies.pop().ok_or(FindWorkspaceError::NotFound)?;
        Ok(match known {
            IfNoneMatch::Any => Answer::Same(tag),
            _ => Answer::New(tag, body),
        })
    }

    fn sum_of(&self, glances: &[Glance], reader: UserId, count: i64) -> Sum {
        let mut summary = self.form.clone();
        summary.number(count);
        for glance in glances {
            glance.add_to(&mut summary, reader);
        }
        summary.sum()
    }

    /// The bodies of workspaces, from the cache or loaded together.
    async fn bodies(
        &self,
        conn: &mut PgConnection,
        glances: Vec<Glance>,
        reader: UserId,
        now: Timestamp,
    ) -> Result<Found, BodyError> {
        let mut entries = HashMap::with_capacity(glances.len());
        let mut missing = Vec::new();
        for glance in &glances {
            match self.cache.get(&glance.id).await {
                Some(entry) if entry.holds(glance, now) => {
                    entries.insert(glance.id, (entry, None));
                }
                _ => missing.push(glance.id),
            }
        }
        if !missing.is_empty() {
            for view in self.views.load(conn, &missing).await? {
                let id = view.workspace.id;
                let place = QueuePlace::of(&view.job);
                let entry = Arc::new(self.entry(view, now)?);
                self.cache.insert(id, Arc::clone(&entry)).await;
                entries.insert(id, (entry, Some(place)));
            }
        }
        let mut found = Found {
            glances: Vec::with_capacity(glances.len()),
            bodies: Vec::with_capacity(glances.len()),
            until: None,
        };
        for mut glance in glances {
            let Some((entry, place)) = entries.remove(&glance.id) else {
                continue;
            };
            // What was loaded may be newer than the glance.
            glance.fingerprint.clone_from(&entry.fingerprint);
            glance.place = place.unwrap_or(glance.place);
            let rendered = if glance.owner_id == reader {
                &entry.for_owner
            } else {
                &entry.for_others
            };
            found.bodies.push(Body {
                rendered: rendered.clone(),
                place: glance.place,
            });
            found.until = match (found.until, entry.steady_until) {
                (Some(left), Some(right)) => Some(left.min(right)),
                (left, right) => left.or(right),
            };
            found.glances.push(glance);
        }
        Ok(found)
    }

    fn entry(&self, view: WorkspaceView, now: Timestamp) -> Result<Entry, RenderError> {
        let fingerprint = view.fingerprint.clone();
        let steady_until = view.steady_until(now, self.inactive_after());
        // Only the owner sees that it is a favourite; else both see the same.
        let apart = view.workspace.favorite.then(|| view.clone());
        let for_owner = (self.render)(view, true, now)?;
        let length = for_owner.head.len() + for_owner.middle.len() + for_owner.tail.len();
        let bodies = if apart.is_some() { 2 } else { 1 };
        let for_others = match apart {
            Some(view) => (self.render)(view, false, now)?,
            None => for_owner.clone(),
        };
        Ok(Entry {
            fingerprint,
            steady_until,
            for_owner,
            for_others,
            weight: u32::try_from(length * bodies + ENTRY_OVERHEAD).unwrap_or(u32::MAX),
        })
    }

    fn inactive_after(&self) -> TimeDelta {
        TimeDelta::from_std(self.core.settings.agent_inactive_after).unwrap_or_default()
    }
}

fn readable(actor: &Actor, glance: Option<Glance>) -> Result<Glance, FindWorkspaceError> {
    glance
        .filter(|glance| actor.may(Action::Read, &glance.object()))
        .ok_or(FindWorkspaceError::NotFound)
}

/// Whether the actor may see the workspace's template, without which it is not shown.
fn shows_template(actor: &Actor, glance: &Glance) -> bool {
    !glance.template_deleted && actor.may(Action::Read, &glance.template)
}
