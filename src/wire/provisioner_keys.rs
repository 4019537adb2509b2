//! Shapes of provisioner keys.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    daemons::ProvisionerDaemon,
    time::Time,
    validate::{Faults, Validate},
};
use crate::domain::{
    provisioner_keys::{NAME_LENGTH, ProvisionerKey as Known},
    tags::Tags,
};

/// A key without its secret (codersdk.ProvisionerKey).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProvisionerKey {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Time,
    /// Whose jobs its daemons take.
    pub organization: Uuid,
    /// Its name.
    pub name: String,
    /// The tags of its daemons.
    pub tags: Tags,
}

impl From<Known> for ProvisionerKey {
    fn from(key: Known) -> Self {
        Self {
            id: key.id.0,
            created_at: key.created_at.into(),
            organization: key.organization_id.0,
            name: key.name,
            tags: key.tags,
        }
    }
}

/// A key with its daemons (codersdk.ProvisionerKeyDaemons).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProvisionerKeyDaemons {
    /// The key.
    pub key: ProvisionerKey,
    /// Its daemons.
    pub daemons: Vec<ProvisionerDaemon>,
}

/// Makes a key (codersdk.CreateProvisionerKeyRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateProvisionerKeyRequest {
    /// Its name.
    pub name: String,
    /// The tags of its daemons.
    pub tags: Tags,
}

impl Validate for CreateProvisionerKeyRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.required("name", &self.name);
        if self.name.len() > NAME_LENGTH {
            faults.add("name", format!("must be at most {NAME_LENGTH} characters"));
        }
    }
}

/// A new key's secret, told once (codersdk.CreateProvisionerKeyResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CreateProvisionerKeyResponse {
    /// The secret.
    pub key: String,
}
