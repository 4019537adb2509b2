//! Shapes of licences.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    time::Time,
    validate::{Faults, Validate},
};
use crate::domain::licenses::License as Known;

/// A licence (codersdk.License).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct License {
    /// Its number.
    pub id: i32,
    /// Its id.
    pub uuid: Uuid,
    /// When it was posted.
    pub uploaded_at: Time,
    /// What it says.
    pub claims: serde_json::Value,
}

impl From<Known> for License {
    fn from(known: Known) -> Self {
        Self {
            id: known.id,
            uuid: known.uuid,
            uploaded_at: known.uploaded_at.into(),
            claims: known.claims,
        }
    }
}

/// Posts a licence (codersdk.AddLicenseRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct AddLicenseRequest {
    /// The whole text.
    pub license: String,
}

impl Validate for AddLicenseRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.required("license", &self.license);
    }
}
