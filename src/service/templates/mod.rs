//! Use cases on templates: who may make, see, change and delete them.

mod access;
mod audit;
mod consequences;
mod create;
mod examples;
mod usage;
mod versions;

use chrono::{Days, NaiveDate, TimeDelta};
use sqlx::PgConnection;
use thiserror::Error;

use super::{
    Core, commit, on,
    organizations::{FindOrganizationError, Organizations},
};
use crate::{
    domain::{
        faults::Fault,
        ids::{OrganizationId, TemplateId},
        jobs::JobStatus,
        rights::{Action, actor::Actor},
        search::templates::TemplateQuery,
        template_changes::{Consequences, TemplateChange},
        templates::{Template, Usage},
        users::OrganizationRef,
    },
    pubsub::Event,
    store::{StoreError, templates},
};

pub use access::AccessList;
pub use create::NewTemplate;
pub use examples::{EXAMPLES, Example, find as find_example};
use usage::UsageCache;

/// Days before today that the count of daily users reaches back.
const DAYS_SHOWN: u64 = 60;

/// Why a use case on templates is refused.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// No such template or organization, or the caller may not see it.
    #[error("no such template")]
    NotFound,
    /// The caller sees the template and may not do this.
    #[error("the user may not do this to the template")]
    Denied,
    /// Another live template of the organization has the name.
    #[error("the name {0:?} is taken")]
    NameTaken(String),
    /// No such version, or the caller may not see it.
    #[error("no such version")]
    NoVersion,
    /// The version is archived.
    #[error("the version is archived")]
    Archived,
    /// The version belongs to a template already.
    #[error("the version belongs to a template")]
    Attached,
    /// The version belongs to another template, or to none.
    #[error("the version belongs to another template")]
    OtherTemplate,
    /// The version's import did not succeed.
    #[error("the version's import is {0}")]
    NotImported(JobStatus),
    /// Live workspaces were made from the template.
    #[error("the template has workspaces")]
    InUse,
    /// Settings that cannot be.
    #[error("the settings are at fault")]
    Settings(Vec<Fault>),
    /// The search cannot be understood.
    #[error("the search is at fault")]
    Search(Vec<Fault>),
    /// The database failed.
    #[error("the templates could not be read or changed")]
    Store(#[from] StoreError),
}

impl From<FindOrganizationError> for TemplateError {
    fn from(reason: FindOrganizationError) -> Self {
        match reason {
            FindOrganizationError::NotFound => Self::NotFound,
            FindOrganizationError::Store(source) => Self::Store(source),
        }
    }
}

/// Templates of the deployment.
#[derive(Clone)]
pub struct Templates {
    core: Core,
    organizations: Organizations,
    usage: UsageCache,
}

impl Templates {
    /// The service.
    #[must_use]
    pub fn new(core: Core, organizations: Organizations) -> Self {
        Self {
            usage: UsageCache::new(core.clone()),
            core,
            organizations,
        }
    }

    /// A template.
    ///
    /// # Errors
    /// [`TemplateError::NotFound`] for missing, deleted and hidden ones alike.
    pub async fn find(
        &self,
        actor: &Actor,
        id: TemplateId,
    ) -> Result<(Template, Usage), TemplateError> {
        let template = readable(&mut *self.core.conn().await?, actor, id).await?;
        Ok(self.with_usage(template).await?)
    }

    /// Checks that the actor may see a template.
    ///
    /// # Errors
    /// As [`Templates::find`].
    pub async fn check_readable(&self, actor: &Actor, id: TemplateId) -> Result<(), TemplateError> {
        readable(&mut *self.core.conn().await?, actor, id).await?;
        Ok(())
    }

    /// A template by its name.
    ///
    /// # Errors
    /// As [`Templates::find`].
    pub async fn find_by_name(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        name: &str,
    ) -> Result<(Template, Usage), TemplateError> {
        let mut conn = self.core.conn().await?;
        let template = templates::find_by_name(&mut conn, organization, name)
            .await?
            .filter(|template| actor.may(Action::Read, &template.object()))
            .ok_or(TemplateError::NotFound)?;
        drop(conn);
        Ok(self.with_usage(template).await?)
    }

    /// The templates that a search finds, those with the most users first (spec CO-92).
    ///
    /// # Errors
    /// [`TemplateError::Search`] when the search makes no sense.
    pub async fn list(
        &self,
        actor: &Actor,
        organization: Option<OrganizationId>,
        query: &str,
    ) -> Result<Vec<(Template, Usage)>, TemplateError> {
        let search = TemplateQuery::parse(query).map_err(TemplateError::Search)?;
        let asked = match &search.organization {
            Some(named) => Some(self.searched_organization(actor, named).await?),
            None => None,
        };
        let filter = actor.template_filter();
        let mut conn = self.core.conn().await?;
        let found = templates::list(&mut conn, &filter, &search, organization.or(asked)).await?;
        drop(conn);
        let usage = self.usage.all().await?;
        let mut found: Vec<(Template, Usage)> = found
            .into_iter()
            // Two organizations at once contain nothing.
            .filter(|template| asked.is_none_or(|id| id == template.organization_id))
            .map(|template| {
                let counted = usage.get(&template.id).copied().unwrap_or_default();
                (template, counted)
            })
            .collect();
        found.sort_by_key(|(_, usage)| std::cmp::Reverse(usage.active_users));
        Ok(found)
    }

    /// Changes a template, and its workspaces with it; gives nothing when it is as wished
    /// already.
    ///
    /// # Errors
    /// [`TemplateError::NameTaken`]; [`TemplateError::Denied`] to who may only see it.
    pub async fn update(
        &self,
        actor: &Actor,
        id: TemplateId,
        change: TemplateChange,
    ) -> Result<Option<(Template, Usage)>, TemplateError> {
        let mut tx = self.core.begin().await?;
        let mut template = locked(on(&mut tx), actor, id, Action::Update).await?;
        if change.is_fulfilled(&template) {
            return Ok(None);
        }
        let before = template.clone();
        change.clone().apply(&mut template);
        template.updated_at = self.core.now();
        let due = Consequences::of(&before, &template, &change);
        templates::update(on(&mut tx), &template)
            .await
            .map_err(|error| name_taken(error, &template.name))?;
        let now = template.updated_at;
        consequences::carry_over(on(&mut tx), &self.core.settings, &template, due, now).await?;
        audit::record(on(&mut tx), actor, Some(&before), Some(&template), now).await?;
        commit(tx).await?;
        if due.reaches_any() {
            self.core.events.publish(Event::Template(id));
        }
        Ok(Some(self.with_usage(template).await?))
    }

    /// Deletes a template that no live workspace was made from; its name becomes free.
    ///
    /// # Errors
    /// [`TemplateError::InUse`] while there are workspaces, whether the caller sees them or not.
    pub async fn delete(&self, actor: &Actor, id: TemplateId) -> Result<(), TemplateError> {
        let mut tx = self.core.begin().await?;
        let template = templates::lock(on(&mut tx), id)
            .await?
            .filter(|template| is_visible(actor, template))
            .ok_or(TemplateError::NotFound)?;
        if templates::is_used(on(&mut tx), id).await? {
            return Err(TemplateError::InUse);
        }
        if !actor.may(Action::Delete, &template.object()) {
            return Err(TemplateError::NotFound);
        }
        let now = self.core.now();
        templates::delete(on(&mut tx), id, now).await?;
        audit::record(on(&mut tx), actor, Some(&template), None, now).await?;
        commit(tx).await?;
        self.core.events.publish(Event::Template(id));
        Ok(())
    }

    /// The days of which a count of daily users speaks, as they are `offset_hours` west of UTC.
    /// Nothing is counted before agents report what they are used for.
    ///
    /// # Errors
    /// As [`Templates::find`].
    pub async fn days_of_use(
        &self,
        actor: &Actor,
        id: TemplateId,
        offset_hours: i32,
    ) -> Result<Vec<(NaiveDate, i64)>, TemplateError> {
        readable(&mut *self.core.conn().await?, actor, id).await?;
        Ok(self.days_without_use(offset_hours))
    }

    /// The last days, oldest first, with a count of 0: agents' reports are not counted yet.
    #[must_use]
    pub fn days_without_use(&self, offset_hours: i32) -> Vec<(NaiveDate, i64)> {
        let today = (self.core.now() - TimeDelta::hours(i64::from(offset_hours))).date_naive();
        let days = (0..=DAYS_SHOWN).rev();
        days.filter_map(|ago| today.checked_sub_days(Days::new(ago)))
            .map(|day| (day, 0))
            .collect()
    }

    async fn with_usage(&self, template: Template) -> Result<(Template, Usage), StoreError> {
        let usage = self.usage.all().await?;
        let counted = usage.get(&template.id).copied().unwrap_or_default();
        Ok((template, counted))
    }

    async fn searched_organization(
        &self,
        actor: &Actor,
        named: &OrganizationRef,
    ) -> Result<OrganizationId, TemplateError> {
        match self.organizations.resolve(actor, named).await {
            Ok(organization) => Ok(organization.id),
            Err(FindOrganizationError::NotFound) => Err(TemplateError::Search(vec![Fault::new(
                "organization",
                "there is no such organization, or you may not see it",
            )])),
            Err(FindOrganizationError::Store(source)) => Err(source.into()),
        }
    }
}

fn is_visible(actor: &Actor, template: &Template) -> bool {
    !template.deleted && actor.may(Action::Read, &template.object())
}

/// A live template that the actor may see.
pub(super) async fn readable(
    conn: &mut PgConnection,
    actor: &Actor,
    id: TemplateId,
) -> Result<Template, TemplateError> {
    templates::find(conn, id)
        .await?
        .filter(|template| is_visible(actor, template))
        .ok_or(TemplateError::NotFound)
}

/// A live template that the actor may see and do this to, locked.
async fn locked(
    conn: &mut PgConnection,
    actor: &Actor,
    id: TemplateId,
    action: Action,
) -> Result<Template, TemplateError> {
    let template = templates::lock(conn, id)
        .await?
        .filter(|template| is_visible(actor, template))
        .ok_or(TemplateError::NotFound)?;
    if !actor.may(action, &template.object()) {
        return Err(TemplateError::Denied);
    }
    Ok(template)
}

fn name_taken(error: StoreError, name: &str) -> TemplateError {
    if error.violates(templates::NAME_KEY) {
        TemplateError::NameTaken(name.to_owned())
    } else {
        error.into()
    }
}
