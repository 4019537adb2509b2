//! What daemons are given, as messages.

use std::collections::HashMap;

use crate::{
    domain::provisioning::{AcquiredJob, BuildMetadata, NamedValue, Transition, Work},
    rpc::messages::{
        provisioner::{
            ExternalAuthProvider, Metadata, RichParameterValue, VariableValue, WorkspaceTransition,
        },
        provisionerd::{
            self as wire, AcquiredJobTemplateDryRun, AcquiredJobTemplateImport, AcquiredJobType,
            AcquiredJobWorkspaceBuild,
        },
    },
};

/// A job with all that its worker must know.
pub(super) fn job(job: AcquiredJob) -> wire::AcquiredJob {
    wire::AcquiredJob {
        job_id: job.id.to_string(),
        created_at: job.created_at.timestamp_millis(),
        provisioner: job.provisioner.as_str().to_owned(),
        user_name: job.user_name,
        template_source_archive: job.archive.into(),
        kind: Some(work(job.work)),
        trace_metadata: HashMap::new(),
    }
}

/// Values of template variables. Who reads them learns only that they must not be shown.
pub(super) fn variables(values: Vec<NamedValue>) -> Vec<VariableValue> {
    let variable = |value: NamedValue| VariableValue {
        name: value.name,
        value: value.value,
        sensitive: true,
    };
    values.into_iter().map(variable).collect()
}

fn work(work: Work) -> AcquiredJobType {
    match work {
        Work::Import {
            user_variable_values,
            metadata: facts,
        } => AcquiredJobType::TemplateImport(AcquiredJobTemplateImport {
            metadata: Some(metadata(facts)),
            user_variable_values: variables(user_variable_values),
        }),
        Work::DryRun {
            rich_parameter_values,
            variable_values,
            metadata: facts,
        } => AcquiredJobType::TemplateDryRun(AcquiredJobTemplateDryRun {
            rich_parameter_values: parameters(rich_parameter_values),
            variable_values: variables(variable_values),
            metadata: Some(metadata(facts)),
        }),
        Work::Build {
            state,
            rich_parameter_values,
            variable_values,
            external_auth,
            debug_log,
            metadata: facts,
        } => AcquiredJobType::WorkspaceBuild(AcquiredJobWorkspaceBuild {
            workspace_build_id: facts.build_id.clone(),
            workspace_name: facts.workspace_name.clone(),
            rich_parameter_values: parameters(rich_parameter_values),
            variable_values: variables(variable_values),
            external_auth_providers: external_auth.into_iter().map(access).collect(),
            metadata: Some(metadata(facts)),
            state: state.into(),
            log_level: if debug_log { "debug" } else { "" }.to_owned(),
        }),
    }
}

fn parameters(values: Vec<NamedValue>) -> Vec<RichParameterValue> {
    let parameter = |value: NamedValue| RichParameterValue {
        name: value.name,
        value: value.value,
    };
    values.into_iter().map(parameter).collect()
}

fn access(value: NamedValue) -> ExternalAuthProvider {
    ExternalAuthProvider {
        id: value.name,
        access_token: value.value,
    }
}

fn metadata(facts: BuildMetadata) -> Metadata {
    let transition = match facts.transition {
        Transition::Start => WorkspaceTransition::Start,
        Transition::Stop => WorkspaceTransition::Stop,
        Transition::Delete => WorkspaceTransition::Destroy,
    };
    Metadata {
        coder_url: facts.access_url,
        workspace_transition: transition.into(),
        workspace_name: facts.workspace_name,
        workspace_owner: facts.owner_name,
        workspace_id: facts.workspace_id,
        workspace_owner_id: facts.owner_id,
        workspace_owner_email: facts.owner_email,
        template_name: facts.template_name,
        template_version: facts.template_version,
        workspace_owner_oidc_access_token: facts.owner_oidc_access_token,
        workspace_owner_session_token: facts.owner_session_token,
        template_id: facts.template_id,
        workspace_owner_name: facts.owner_full_name,
        workspace_owner_groups: facts.owner_groups.unwrap_or_default(),
        workspace_owner_ssh_public_key: facts.owner_ssh_public_key,
        workspace_owner_ssh_private_key: facts.owner_ssh_private_key,
        workspace_build_id: facts.build_id,
        workspace_owner_login_type: facts.owner_login_type,
    }
}
