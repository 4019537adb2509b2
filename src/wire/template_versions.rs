//! Shapes of template versions, their parameters and variables, and of dry runs.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    jobs::{MatchedProvisioners, ProvisionerJob},
    time::Time,
    validate::{Faults, Validate},
};
use crate::domain::{
    jobs::{JobStatus, ProvisionerKind},
    markdown, names,
    provisioning::{NamedValue, ParameterOption, RichParameter},
    queue::Job,
    tags::Tags,
    template_versions::{self as view, MASK, VersionVariable},
};

/// Characters from which on a version's message is too long.
const MESSAGE_BOUND: usize = 1_048_577;
/// The only way to store an archive.
const STORED_AS_FILE: &str = "file";

/// A version of a template (codersdk.TemplateVersion).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateVersion {
    /// Its id.
    pub id: Uuid,
    /// The template; all zeros until one is made of it.
    pub template_id: Uuid,
    /// Where it belongs.
    pub organization_id: Uuid,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Its name.
    pub name: String,
    /// Why it was made.
    pub message: String,
    /// The import.
    pub job: ProvisionerJob,
    /// The archive's README.
    pub readme: String,
    /// Who made it.
    pub created_by: MinimalUser,
    /// Whether it is out of use.
    pub archived: bool,
    /// The daemons that could take the import, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched_provisioners: Option<MatchedProvisioners>,
}

/// A user in few words (codersdk.MinimalUser).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MinimalUser {
    /// Its id.
    pub id: Uuid,
    /// Its name in URLs.
    pub username: String,
    /// Its picture.
    pub avatar_url: String,
}

impl From<(view::TemplateVersion, Job)> for TemplateVersion {
    fn from((version, job): (view::TemplateVersion, Job)) -> Self {
        let waits = job.status() == JobStatus::Pending;
        Self {
            id: version.id.0,
            template_id: version.template_id.unwrap_or_default().0,
            organization_id: version.organization_id.0,
            created_at: version.created_at.into(),
            updated_at: version.updated_at.into(),
            name: version.name,
            message: version.message,
            job: ProvisionerJob::from(&job),
            readme: version.readme,
            created_by: MinimalUser {
                id: version.created_by.0,
                username: version.created_by_name,
                avatar_url: version.created_by_avatar_url,
            },
            archived: version.archived,
            matched_provisioners: waits.then(|| job.matched.into()),
        }
    }
}

/// A name with its value (codersdk.VariableValue, codersdk.WorkspaceBuildParameter).
#[derive(Debug, Default, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct VariableValue {
    /// The name in the template.
    pub name: String,
    /// The value as text.
    pub value: String,
}

impl From<VariableValue> for NamedValue {
    fn from(given: VariableValue) -> Self {
        Self {
            name: given.name,
            value: given.value,
        }
    }
}

/// Makes a version (codersdk.CreateTemplateVersionRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateTemplateVersionRequest {
    /// Its name; empty for a random one.
    pub name: String,
    /// Why it is made.
    pub message: String,
    /// The template it belongs to.
    pub template_id: Uuid,
    /// Always `file`.
    pub storage_method: String,
    /// The uploaded archive.
    pub file_id: Uuid,
    /// Or a built-in template.
    pub example_id: String,
    /// The engine.
    #[schema(value_type = ProvisionerKind)]
    pub provisioner: String,
    /// What the import's provisioner must offer.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub tags: Tags,
    /// Values of variables.
    pub user_variable_values: Vec<VariableValue>,
}

impl Validate for CreateTemplateVersionRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.check(
            self.name.is_empty() || names::is_template_version_name(&self.name),
            "name",
            "template_version_name",
            &self.name,
        );
        check_message(faults, &self.message);
        faults.check(
            self.storage_method == STORED_AS_FILE,
            "storage_method",
            "oneof",
            &self.storage_method,
        );
        let has_source = !self.file_id.is_nil() || !self.example_id.is_empty();
        faults.check(has_source, "file_id", "required_without", self.file_id);
        faults.check(
            has_source,
            "example_id",
            "required_without",
            &self.example_id,
        );
        faults.check(
            ProvisionerKind::parse(&self.provisioner).is_some(),
            "provisioner",
            "oneof",
            &self.provisioner,
        );
    }
}

fn check_message(faults: &mut Faults, message: &str) {
    faults.check(
        message.chars().count() < MESSAGE_BOUND,
        "message",
        "lt",
        message,
    );
}

/// Changes a version's words (codersdk.PatchTemplateVersionRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PatchTemplateVersionRequest {
    /// A new name; empty to keep it.
    pub name: String,
    /// A new message; absent to keep it.
    pub message: Option<String>,
}

impl Validate for PatchTemplateVersionRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.check(
            self.name.is_empty() || names::is_template_version_name(&self.name),
            "name",
            "template_version_name",
            &self.name,
        );
        check_message(faults, self.message.as_deref().unwrap_or_default());
    }
}

/// Plans a workspace that is not made (codersdk.CreateTemplateVersionDryRunRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateTemplateVersionDryRunRequest {
    /// The name of the imagined workspace.
    pub workspace_name: String,
    /// Parameter values.
    pub rich_parameter_values: Vec<VariableValue>,
    /// Read and left alone: the variables keep the values of the version.
    pub user_variable_values: Vec<VariableValue>,
}

impl Validate for CreateTemplateVersionDryRunRequest {}

/// A variable of a version (codersdk.TemplateVersionVariable).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateVersionVariable {
    /// Its name.
    pub name: String,
    /// What the author wrote about it.
    pub description: String,
    /// The source text of its type expression.
    #[serde(rename = "type")]
    pub kind: String,
    /// The value that counts; masked where it is a secret.
    pub value: String,
    /// The value where none is given; masked alike.
    pub default_value: String,
    /// Whether a value must be given.
    pub required: bool,
    /// Whether the values are secrets.
    pub sensitive: bool,
}

impl From<VersionVariable> for TemplateVersionVariable {
    fn from(variable: VersionVariable) -> Self {
        let shown = |value: String| {
            if variable.sensitive {
                MASK.to_owned()
            } else {
                value
            }
        };
        Self {
            value: shown(variable.value),
            default_value: shown(variable.default_value),
            name: variable.name,
            description: variable.description,
            kind: variable.kind,
            required: variable.required,
            sensitive: variable.sensitive,
        }
    }
}

/// A parameter of a version (codersdk.TemplateVersionParameter).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateVersionParameter {
    /// Its name.
    pub name: String,
    /// Its title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// What it means, in Markdown.
    pub description: String,
    /// What it means, in plain text.
    pub description_plaintext: String,
    /// `string`, `number`, `bool` or `list(string)`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether a later build may change it.
    pub mutable: bool,
    /// The value when none is given.
    pub default_value: String,
    /// Icon path or URL.
    pub icon: String,
    /// The only allowed values, when not empty.
    pub options: Vec<TemplateVersionParameterOption>,
    /// What to say when validation fails.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub validation_error: String,
    /// Regular expression a string must match.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub validation_regex: String,
    /// Least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_min: Option<i32>,
    /// Greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_max: Option<i32>,
    /// `increasing` or `decreasing`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub validation_monotonic: String,
    /// Whether a value must be given.
    pub required: bool,
    /// Whether its value lasts one build only.
    pub ephemeral: bool,
}

/// An allowed value of a parameter (codersdk.TemplateVersionParameterOption).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateVersionParameterOption {
    /// Its title.
    pub name: String,
    /// What it means.
    pub description: String,
    /// The value.
    pub value: String,
    /// Icon path or URL.
    pub icon: String,
}

impl From<ParameterOption> for TemplateVersionParameterOption {
    fn from(option: ParameterOption) -> Self {
        Self {
            name: option.name,
            description: option.description,
            value: option.value,
            icon: option.icon,
        }
    }
}

impl From<RichParameter> for TemplateVersionParameter {
    fn from(parameter: RichParameter) -> Self {
        Self {
            name: parameter.name,
            display_name: parameter.display_name,
            description_plaintext: markdown::to_plain_text(&parameter.description),
            description: parameter.description,
            kind: parameter.kind,
            mutable: parameter.mutable,
            default_value: parameter.default_value,
            icon: parameter.icon,
            options: parameter.options.into_iter().map(Into::into).collect(),
            validation_error: parameter.validation_error,
            validation_regex: parameter.validation_regex,
            validation_min: parameter.validation_min,
            validation_max: parameter.validation_max,
            validation_monotonic: parameter.validation_monotonic,
            required: parameter.required,
            ephemeral: parameter.ephemeral,
        }
    }
}

/// An external auth provider that a version names (codersdk.TemplateVersionExternalAuth).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateVersionExternalAuth {
    /// Its id in the deployment's settings.
    pub id: String,
    /// What kind it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its title.
    pub display_name: String,
    /// Its icon.
    pub display_icon: String,
    /// Where to sign in to it.
    pub authenticate_url: String,
    /// Whether the caller is signed in to it.
    pub authenticated: bool,
    /// Whether a build may go on without it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}
