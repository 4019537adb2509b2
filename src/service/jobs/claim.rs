//! Handing out work: a job is taken in a short transaction of its own, then everything its
//! worker must know is gathered. A job that cannot be prepared fails at once (spec BJ-60, BJ-62).

use sqlx::PgConnection;
use thiserror::Error;

use super::Jobs;
use crate::{
    domain::{
        clock::Timestamp,
        daemons::Worker,
        ids::{BuildId, TemplateVersionId, UserId, WorkspaceId},
        provisioning::{AcquiredJob, BuildMetadata, NamedValue, Transition, Work},
        queue::JobInput,
        rights::actor::Scope,
    },
    pubsub::Event,
    service::{commit, on, sessions},
    store::{
        StoreError, api_keys,
        job_facts::{self, BuildFacts},
        job_work::{self, Claimed},
    },
};

/// The name of the imagined workspace of a dry run that names none.
const DRY_RUN_WORKSPACE: &str = "dryrun";

/// Why a job that was taken cannot be done.
#[derive(Debug, Error)]
enum InvalidJob {
    #[error("its input cannot be read")]
    Input,
    #[error("its {0} is gone")]
    Missing(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Jobs {
    /// Takes the oldest waiting job that this worker may be given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim(&self, worker: &Worker) -> Result<Option<AcquiredJob>, StoreError> {
        loop {
            let now = self.core.now();
            let mut tx = self.core.begin().await?;
            let Some(claimed) = job_work::claim(on(&mut tx), worker, now).await? else {
                return Ok(None);
            };
            let workspace = raise(on(&mut tx), claimed.input.as_ref()).await?;
            commit(tx).await?;
            self.tell(workspace);
            match self.prepare(&claimed, now).await {
                Ok(job) => return Ok(Some(job)),
                Err(reason) => self.invalidate(&claimed, &reason).await?,
            }
        }
    }

    async fn invalidate(&self, claimed: &Claimed, reason: &InvalidJob) -> Result<(), StoreError> {
        tracing::warn!(job.id = %claimed.id, %reason, "a job could not be handed out");
        let text = format!("request job was invalidated: {reason}");
        let mut tx = self.core.begin().await?;
        job_work::end(on(&mut tx), claimed.id, &text, None, self.core.now()).await?;
        let workspace = raise(on(&mut tx), claimed.input.as_ref()).await?;
        commit(tx).await?;
        self.ended(claimed.id, workspace);
        Ok(())
    }

    async fn prepare(&self, claimed: &Claimed, now: Timestamp) -> Result<AcquiredJob, InvalidJob> {
        let mut conn = self.core.conn().await?;
        let archive = job_facts::find_archive(&mut conn, claimed.file_id)
            .await?
            .ok_or(InvalidJob::Missing("archive"))?;
        let user_name = job_facts::find_user_name(&mut conn, claimed.initiator_id)
            .await?
            .ok_or(InvalidJob::Missing("initiator"))?;
        let work = match claimed.input.clone().ok_or(InvalidJob::Input)? {
            JobInput::Import {
                version,
                user_variable_values,
            } => Work::Import {
                user_variable_values: completed(&mut conn, version, user_variable_values).await?,
                metadata: self.bare_metadata(),
            },
            JobInput::DryRun {
                version,
                workspace_name,
                rich_parameter_values,
            } => Work::DryRun {
                rich_parameter_values,
                variable_values: job_facts::list_variable_values(&mut conn, version).await?,
                metadata: self.imagined_metadata(workspace_name, &user_name),
            },
            JobInput::Build { build, debug_log } => {
                drop(conn);
                self.build(build, debug_log, now).await?
            }
        };
        Ok(AcquiredJob {
            id: claimed.id,
            provisioner: claimed.provisioner,
            created_at: claimed.created_at,
            archive,
            user_name,
            work,
        })
    }

    async fn build(
        &self,
        build: BuildId,
        debug_log: bool,
        now: Timestamp,
    ) -> Result<Work, InvalidJob> {
        let mut tx = self.core.begin().await?;
        let facts = job_facts::find_build_facts(on(&mut tx), build)
            .await?
            .ok_or(InvalidJob::Missing("workspace"))?;
        let rich_parameter_values = job_facts::list_build_parameters(on(&mut tx), build).await?;
        let variable_values =
            job_facts::list_variable_values(on(&mut tx), facts.version_id).await?;
        let owner_session_token = self.renew_session(on(&mut tx), &facts, now).await?;
        commit(tx).await?;
        self.core.events.publish(Event::Sessions(facts.owner_id));
        Ok(Work::Build {
            state: facts.state,
            rich_parameter_values,
            variable_values,
            external_auth: Vec::new(),
            debug_log,
            metadata: BuildMetadata {
                transition: facts.transition,
                workspace_name: facts.workspace_name,
                workspace_id: facts.workspace_id.to_string(),
                owner_name: facts.owner_name,
                owner_id: facts.owner_id.to_string(),
                owner_email: facts.owner_email,
                owner_full_name: facts.owner_full_name,
                owner_groups: Some(facts.owner_groups),
                owner_session_token,
                owner_ssh_public_key: facts.ssh_public_key,
                owner_ssh_private_key: facts.ssh_private_key,
                owner_login_type: facts.owner_login_type.to_string(),
                template_id: facts.template_id.to_string(),
                template_name: facts.template_name,
                template_version: facts.version_name,
                build_id: build.to_string(),
                ..self.bare_metadata()
            },
        })
    }

    /// Ends the session that an earlier build of the workspace got; a start gets a new one.
    async fn renew_session(
        &self,
        conn: &mut PgConnection,
        facts: &BuildFacts,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let name = session_name(facts.owner_id, facts.workspace_id);
        api_keys::delete_by_name(conn, facts.owner_id, &name).await?;
        if facts.transition != Transition::Start {
            return Ok(String::new());
        }
        let made = sessions::new_key(
            facts.owner_id,
            facts.owner_login_type,
            Scope::All,
            &name,
            self.core.settings.max_token_lifetime,
            now,
        );
        api_keys::insert(conn, &made.key, &sessions::hashed(&made), "0.0.0.0").await?;
        Ok(made.token)
    }

    /// Nothing but the deployment's address: all that an import may know.
    fn bare_metadata(&self) -> BuildMetadata {
        let access_url = self.core.settings.access_url.as_str();
        BuildMetadata {
            access_url: access_url.trim_end_matches('/').to_owned(),
            transition: Transition::Start,
            workspace_name: String::new(),
            workspace_id: String::new(),
            owner_name: String::new(),
            owner_id: String::new(),
            owner_email: String::new(),
            owner_full_name: String::new(),
            owner_groups: None,
            owner_oidc_access_token: String::new(),
            owner_session_token: String::new(),
            owner_ssh_public_key: String::new(),
            owner_ssh_private_key: String::new(),
            owner_login_type: String::new(),
            template_id: String::new(),
            template_name: String::new(),
            template_version: String::new(),
            build_id: String::new(),
        }
    }

    fn imagined_metadata(&self, workspace_name: String, user_name: &str) -> BuildMetadata {
        BuildMetadata {
            workspace_name: if workspace_name.is_empty() {
                DRY_RUN_WORKSPACE.to_owned()
            } else {
                workspace_name
            },
            workspace_id: WorkspaceId::random().to_string(),
            owner_name: user_name.to_owned(),
            owner_id: UserId::random().to_string(),
            ..self.bare_metadata()
        }
    }
}

/// The name of the key that a workspace's build gets (spec BJ-62).
fn session_name(owner: UserId, workspace: WorkspaceId) -> String {
    format!("{owner}_{workspace}_session_token")
}

/// The given values, and for names not given those of the template's active version.
pub(super) async fn completed(
    conn: &mut PgConnection,
    version: TemplateVersionId,
    mut given: Vec<NamedValue>,
) -> Result<Vec<NamedValue>, StoreError> {
    let active = job_facts::list_active_variable_values(conn, version).await?;
    for value in active {
        if !given.iter().any(|known| known.name == value.name) {
            given.push(value);
        }
    }
    Ok(given)
}

/// Raises the revision of the workspace that a job builds, if it builds one.
pub(super) async fn raise(
    conn: &mut PgConnection,
    input: Option<&JobInput>,
) -> Result<Option<WorkspaceId>, StoreError> {
    match input {
        Some(JobInput::Build { build, .. }) => job_work::raise_revision(conn, *build).await,
        _ => Ok(None),
    }
}
