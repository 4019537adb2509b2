//! What a version of a template is, and the words it shows of its parameters and variables.

use super::{
    clock::Timestamp,
    ids::{FileId, JobId, OrganizationId, TemplateId, TemplateVersionId, UserId},
    jobs::{JobStatus, ProvisionerKind},
    provisioning::ExternalAuthProvider,
    rights::Object,
    tags::Tags,
    templates::{self, Template},
};

/// What is answered in place of a secret.
pub const MASK: &str = "*redacted*";

/// A version of a template, with what matters of its import.
#[derive(Clone, PartialEq, Debug)]
pub struct TemplateVersion {
    /// Its id.
    pub id: TemplateVersionId,
    /// The template; `None` until one is made of it.
    pub template_id: Option<TemplateId>,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// Who made it.
    pub created_by: UserId,
    /// That user's name.
    pub created_by_name: String,
    /// That user's picture.
    pub created_by_avatar_url: String,
    /// Its name.
    pub name: String,
    /// Why it was made.
    pub message: String,
    /// The archive's README.
    pub readme: String,
    /// Whether it is out of use.
    pub archived: bool,
    /// External auth providers that it names.
    pub external_auth_providers: Vec<ExternalAuthProvider>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The import.
    pub job_id: JobId,
    /// Where the import stands.
    pub job_status: JobStatus,
    /// The import's engine.
    pub provisioner: ProvisionerKind,
    /// The import's archive.
    pub file_id: FileId,
    /// The import's tags.
    pub tags: Tags,
}

impl TemplateVersion {
    /// The version as rights see it: what holds for its template, or, while it has none, for
    /// the templates of its organization (spec CO-117).
    #[must_use]
    pub fn object(&self, template: Option<&Template>) -> Object {
        template.map_or_else(
            || templates::in_organization(self.organization_id),
            Template::object,
        )
    }
}

/// A variable of a version with its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VersionVariable {
    /// Its name.
    pub name: String,
    /// What the author wrote about it.
    pub description: String,
    /// The source text of its type expression.
    pub kind: String,
    /// The value that counts.
    pub value: String,
    /// The value where none is given.
    pub default_value: String,
    /// Whether a value must be given.
    pub required: bool,
    /// Whether the values must not be shown.
    pub sensitive: bool,
}
