//! Typed ids, and the only place where UUIDs are made.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What all typed ids have in common.
pub trait Id: Copy + From<Uuid> {
    /// The id without its type.
    fn uuid(self) -> Uuid;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default,
            Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Makes a new id; time-ordered, so that new rows lie together in an index.
            #[must_use]
            #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
            pub fn random() -> Self {
                Self(Uuid::now_v7())
            }

            /// Whether this is the all-zero UUID, which the API reads as "absent".
            #[must_use]
            pub fn is_nil(self) -> bool {
                self.0.is_nil()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Id for $name {
            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

ids! {
    /// A user.
    UserId,
    /// An organization.
    OrganizationId,
    /// A group of members of one organization.
    GroupId,
    /// An uploaded template archive.
    FileId,
    /// A kind of message to users.
    NotificationTemplateId,
    /// A template.
    TemplateId,
    /// A version of a template.
    TemplateVersionId,
    /// A workspace.
    WorkspaceId,
    /// One build of a workspace.
    BuildId,
    /// A provisioner job.
    JobId,
    /// A provisioner daemon: who claims jobs.
    DaemonId,
    /// A provisioner key: a daemon's credential.
    ProvisionerKeyId,
    /// A resource that a job made.
    ResourceId,
    /// A workspace agent.
    AgentId,
    /// An app of an agent.
    AppId,
    /// A script of an agent.
    ScriptId,
    /// A source of an agent's logs.
    LogSourceId,
    /// An entry of the audit log.
    AuditId,
    /// One request, for the log line and the audit entry.
    RequestId,
    /// One deployment: one database.
    DeploymentId,
    /// A role that was made for one organization.
    CustomRoleId,
    /// A licence that was posted.
    LicenseId,
}
