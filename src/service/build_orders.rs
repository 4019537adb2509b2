//! What every new build passes, whoever asks for it: its version, its parameters' values, its
//! job's tags, and its rows. Works inside the caller's transaction and decides no right.

use sqlx::PgConnection;
use thiserror::Error;

use super::{idempotency::KeyError, jobs::Jobs};
use crate::{
    domain::{
        builds::{Build, BuildReason, PlannedVersion, StateSource},
        clock::Timestamp,
        ids::{BuildId, TemplateId, TemplateVersionId, UserId, WorkspaceId},
        jobs::JobStatus,
        parameters::{self, ParameterError},
        provisioning::{NamedValue, Transition},
        queue::{JobInput, NewJob},
        tag_expressions::{self, TagError},
        tags::{self, Tags},
    },
    store::{StoreError, build_plans, workspace_builds},
};

/// Why a build is not made (spec builds-and-jobs, section 3).
#[derive(Debug, Error)]
pub enum BuildError {
    /// No such workspace, or the caller may neither see nor change it.
    #[error("no such workspace")]
    NotFound,
    /// Only a delete can forget resources.
    #[error("only a delete can forget resources")]
    OrphanNeedsDelete,
    /// Forgetting resources needs no state.
    #[error("a state was given together with the wish to forget resources")]
    OrphanWithState,
    /// Only those who may change the template may touch the state.
    #[error("the state may be touched only by those who may change the template")]
    StateDenied,
    /// Only administrators may ask for another log level.
    #[error("another log level is for administrators")]
    LogLevelDenied,
    /// Debug logs are switched off.
    #[error("debug logs are switched off for the deployment")]
    DebugModeOff,
    /// There is no such version.
    #[error("there is no template version {0}")]
    NoVersion(TemplateVersionId),
    /// The version is of another template.
    #[error("the template version belongs to another template")]
    ForeignVersion,
    /// The version is still being imported.
    #[error("the import of the template version has not ended")]
    ImportActive,
    /// The version's import failed or was canceled.
    #[error("the import of the template version did not succeed: {0}")]
    ImportFailed(String),
    /// The build before has not ended.
    #[error("a build of the workspace is active")]
    Active,
    /// A parameter does not get a good value.
    #[error("a parameter has no usable value")]
    Parameter(#[source] ParameterError),
    /// A tag of the template cannot be worked out.
    #[error("a workspace tag cannot be worked out")]
    Tag(#[source] TagError),
    /// The caller may not do this to the workspace.
    #[error("the workspace may not be {0} by the caller")]
    Denied(&'static str),
    /// The template demands its active version.
    #[error("the template demands its active version")]
    ActiveVersionRequired,
    /// The request's idempotency key forbids it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Another build was faster.
    #[error("another build was made at the same time")]
    NumberTaken,
    /// The database failed.
    #[error("the build could not be made")]
    Store(#[source] StoreError),
}

impl From<StoreError> for BuildError {
    fn from(error: StoreError) -> Self {
        if error.violates(workspace_builds::NUMBER_KEY) {
            Self::NumberTaken
        } else {
            Self::Store(error)
        }
    }
}

/// What a build is made of once everything about its version is settled.
pub(crate) struct Plan {
    version: PlannedVersion,
    values: Vec<NamedValue>,
    tags: Tags,
}

/// A build to be kept.
pub(crate) struct Placement {
    /// Its id.
    pub(crate) id: BuildId,
    /// The workspace.
    pub(crate) workspace: WorkspaceId,
    /// Its number.
    pub(crate) number: i32,
    /// What it does.
    pub(crate) transition: Transition,
    /// Who asked for it.
    pub(crate) initiator: UserId,
    /// Why.
    pub(crate) reason: BuildReason,
    /// Where its state comes from.
    pub(crate) state: StateSource,
    /// Whether Terraform's own debug log is wanted.
    pub(crate) debug_log: bool,
}

/// The version that a workspace of this template is to be built from.
///
/// # Errors
/// When it does not exist, is another template's, or its import has not succeeded.
pub(crate) async fn find_version(
    conn: &mut PgConnection,
    wanted: TemplateVersionId,
    template: TemplateId,
) -> Result<PlannedVersion, BuildError> {
    let version = build_plans::find_version(conn, wanted).await?;
    let version = version.ok_or(BuildError::NoVersion(wanted))?;
    if version.template.as_ref().map(|found| found.id) != Some(template) {
        return Err(BuildError::ForeignVersion);
    }
    check_import(&version)?;
    Ok(version)
}

/// Refuses a version whose import has not succeeded.
pub(crate) fn check_import(version: &PlannedVersion) -> Result<(), BuildError> {
    match version.import_status {
        JobStatus::Succeeded => Ok(()),
        JobStatus::Pending | JobStatus::Running => Err(BuildError::ImportActive),
        JobStatus::Canceling | JobStatus::Canceled => {
            Err(BuildError::ImportFailed("it was canceled".to_owned()))
        }
        JobStatus::Failed => Err(BuildError::ImportFailed(version.import_error.clone())),
    }
}

/// Gives parameters their values and works out the job's tags.
///
/// # Errors
/// When a parameter or a tag has no usable value.
pub(crate) async fn plan(
    conn: &mut PgConnection,
    version: PlannedVersion,
    owner: UserId,
    given: &[NamedValue],
    previous: &[NamedValue],
) -> Result<Plan, BuildError> {
    let declared = build_plans::list_parameters(conn, version.id).await?;
    let values = parameters::resolve(&declared, given, previous).map_err(BuildError::Parameter)?;
    let expressions = build_plans::list_tag_expressions(conn, version.id).await?;
    let own = if expressions.is_empty() {
        Tags::new()
    } else {
        let variables = build_plans::list_variables(conn, version.id).await?;
        tag_expressions::evaluate_all(&expressions, &variables, &values).map_err(BuildError::Tag)?
    };
    let tags = tags::merge(owner, [&version.tags, &own]);
    Ok(Plan {
        version,
        values,
        tags,
    })
}

/// Queues the job and keeps the build with its parameters.
///
/// # Errors
/// [`BuildError::NumberTaken`] when another build was faster.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    jobs: &Jobs,
    plan: Plan,
    placement: Placement,
    now: Timestamp,
) -> Result<(), BuildError> {
    let job = NewJob {
        organization_id: plan.version.organization_id,
        initiator_id: placement.initiator,
        provisioner: plan.version.provisioner,
        file_id: plan.version.file_id,
        input: JobInput::Build {
            build: placement.id,
            debug_log: placement.debug_log,
        },
        tags: plan.tags,
    };
    let job = jobs.enqueue(conn, &job, now).await?;
    let build = Build {
        id: placement.id,
        workspace_id: placement.workspace,
        template_version_id: plan.version.id,
        job_id: job,
        number: placement.number,
        transition: placement.transition,
        initiator_id: placement.initiator,
        reason: placement.reason,
        deadline: None,
        max_deadline: None,
        daily_cost: 0,
        created_at: now,
        updated_at: now,
    };
    workspace_builds::insert(conn, &build, &placement.state).await?;
    if !plan.values.is_empty() {
        workspace_builds::insert_parameters(conn, build.id, &plan.values).await?;
    }
    Ok(())
}
