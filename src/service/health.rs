//! Looking at how the deployment does, and which warnings administrators have muted. Mends
//! nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use thiserror::Error;

use super::{Core, audit, commit, meta::Meta, on};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, shown},
        daemons::Daemon,
        health::{AccessAnswer, Health, HealthSection},
        rights::{Action, Object, ResourceKind, actor::Actor},
    },
    store::{StoreError, daemons, deployment, organizations, pool},
};

/// Longest wait for an answer at the access URL.
const ACCESS_LIMIT: Duration = Duration::from_secs(5);
/// Characters of that answer that are shown.
const SHOWN: usize = 256;

/// Why the report or its settings are refused.
#[derive(Debug, Error)]
pub enum HealthError {
    /// The caller may not see them.
    #[error("the report may not be seen by the caller")]
    NotFound,
    /// The caller may not change them.
    #[error("the settings may not be changed by the caller")]
    Denied,
    /// The database failed.
    #[error("the report could not be made")]
    Store(#[from] StoreError),
}

/// The deployment's health.
#[derive(Clone)]
pub struct HealthReports {
    core: Core,
    meta: Meta,
    client: Arc<reqwest::Client>,
}

impl HealthReports {
    /// The service.
    #[must_use]
    pub fn new(core: Core, meta: Meta) -> Self {
        Self {
            core,
            meta,
            client: Arc::default(),
        }
    }

    /// Looks at everything now.
    ///
    /// # Errors
    /// [`HealthError::NotFound`] for who may not see it.
    pub async fn look(&self, actor: &Actor) -> Result<Health, HealthError> {
        may_see(actor)?;
        let access = self.access().await;
        let mut conn = self.core.conn().await?;
        let began = Instant::now();
        let answered = pool::ping(&mut conn).await;
        let database = answered.map(|()| began.elapsed());
        let mut found: Vec<Daemon> = Vec::new();
        for organization in organizations::list(&mut conn, None, None).await? {
            found.extend(daemons::list(&mut conn, organization.id, None).await?);
        }
        Ok(Health {
            at: self.core.now(),
            dismissed: deployment::dismissed_health_sections(&mut conn).await?,
            database: database.map_err(|error| error.to_string()),
            access,
            daemons: found,
        })
    }

    async fn access(&self) -> Result<AccessAnswer, String> {
        let told = |error: reqwest::Error| error.without_url().to_string();
        let url = self.core.settings.access_url.join("/healthz");
        let url = url.map_err(|error| error.to_string())?;
        let request = self.client.get(url).timeout(ACCESS_LIMIT);
        let answer = request.send().await.map_err(told)?;
        let status = answer.status().as_u16();
        let body = answer.text().await.map_err(told)?;
        Ok(AccessAnswer {
            status,
            body: body.chars().take(SHOWN).collect(),
        })
    }

    /// The parts that administrators have muted.
    ///
    /// # Errors
    /// [`HealthError::NotFound`] for who may not see the report.
    pub async fn dismissed(&self, actor: &Actor) -> Result<Vec<HealthSection>, HealthError> {
        may_see(actor)?;
        let mut conn = self.core.conn().await?;
        Ok(deployment::dismissed_health_sections(&mut conn).await?)
    }

    /// Mutes these parts and no others; tells whether that changes anything.
    ///
    /// # Errors
    /// [`HealthError::NotFound`] for who may not see the report, [`HealthError::Denied`] for who
    /// may not change settings.
    pub async fn dismiss(
        &self,
        actor: &Actor,
        sections: &[HealthSection],
    ) -> Result<bool, HealthError> {
        may_see(actor)?;
        if !actor.may(Action::Update, &Object::of(ResourceKind::DeploymentConfig)) {
            return Err(HealthError::Denied);
        }
        let id = self.meta.deployment_id().await?;
        let mut wanted = sections.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let mut tx = self.core.begin().await?;
        let before = deployment::dismissed_health_sections(on(&mut tx)).await?;
        if before == wanted {
            return Ok(false);
        }
        deployment::update_dismissed_health_sections(on(&mut tx), &wanted).await?;
        let field = |sections: &[HealthSection]| {
            let names: Vec<_> = sections.iter().map(|section| section.as_str()).collect();
            [shown("dismissed_healthchecks", names)]
        };
        let entry = NewEntry::new(
            AuditAction::Write,
            AuditedKind::HealthSettings,
            id.0,
            "",
            200,
        )
        .changing(&field(&before), &field(&wanted));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        commit(tx).await?;
        Ok(true)
    }
}

fn may_see(actor: &Actor) -> Result<(), HealthError> {
    if actor.may(Action::Read, &Object::of(ResourceKind::DebugInfo)) {
        Ok(())
    } else {
        Err(HealthError::NotFound)
    }
}
