//! Shapes of how organizations, groups and roles follow an identity provider.

use std::collections::BTreeMap;

use regex::Regex;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::validate::{Faults, Validate};
use crate::domain::{
    idp_sync::{self, GroupSync, Mapped, OrganizationSync, RoleSync},
    ids::Id,
};

type UuidMapping = BTreeMap<String, Vec<Uuid>>;

/// How the groups of an organization follow (codersdk.GroupSyncSettings).
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct GroupSyncSettings {
    /// The claim; empty when nothing follows.
    pub field: String,
    /// Groups by what the claim says.
    pub mapping: BTreeMap<String, Vec<Uuid>>,
    /// What the claim says counts only where this regular expression matches.
    pub regex_filter: Option<String>,
    /// Whether missing groups are made.
    pub auto_create_missing_groups: bool,
    /// Names of groups by what the claim says; cannot be set.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub legacy_group_name_mapping: BTreeMap<String, String>,
}

impl Validate for GroupSyncSettings {
    fn validate(&self, faults: &mut Faults) {
        check_pattern(faults, self.regex_filter.as_deref());
        if !self.legacy_group_name_mapping.is_empty() {
            faults.add("legacy_group_name_mapping", "cannot be set");
        }
    }
}

impl From<GroupSync> for GroupSyncSettings {
    fn from(settings: GroupSync) -> Self {
        Self {
            field: settings.field,
            mapping: untyped(settings.mapping),
            regex_filter: settings.regex_filter,
            auto_create_missing_groups: settings.auto_create_missing_groups,
            legacy_group_name_mapping: settings.legacy_group_name_mapping,
        }
    }
}

impl GroupSyncSettings {
    /// Puts these in place of the present ones.
    pub fn apply(self, settings: &mut GroupSync) {
        settings.field = self.field;
        settings.mapping = typed(self.mapping);
        settings.regex_filter = self.regex_filter;
        settings.auto_create_missing_groups = self.auto_create_missing_groups;
    }
}

/// All of it but the mapping (codersdk.PatchGroupIDPSyncConfigRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PatchGroupIdpSyncConfigRequest {
    /// The claim.
    pub field: String,
    /// The regular expression.
    pub regex_filter: Option<String>,
    /// Whether missing groups are made.
    pub auto_create_missing_groups: bool,
}

impl Validate for PatchGroupIdpSyncConfigRequest {
    fn validate(&self, faults: &mut Faults) {
        check_pattern(faults, self.regex_filter.as_deref());
    }
}

impl PatchGroupIdpSyncConfigRequest {
    /// Puts these in place of the present ones.
    pub fn apply(self, settings: &mut GroupSync) {
        settings.field = self.field;
        settings.regex_filter = self.regex_filter;
        settings.auto_create_missing_groups = self.auto_create_missing_groups;
    }
}

/// How the roles in an organization follow (codersdk.RoleSyncSettings).
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct RoleSyncSettings {
    /// The claim; empty when nothing follows.
    pub field: String,
    /// Roles by what the claim says.
    pub mapping: BTreeMap<String, Vec<String>>,
}

impl Validate for RoleSyncSettings {}

impl From<RoleSync> for RoleSyncSettings {
    fn from(settings: RoleSync) -> Self {
        Self {
            field: settings.field,
            mapping: settings.mapping,
        }
    }
}

impl RoleSyncSettings {
    /// Puts these in place of the present ones.
    pub fn apply(self, settings: &mut RoleSync) {
        settings.field = self.field;
        settings.mapping = self.mapping;
    }
}

/// The claim alone (codersdk.PatchRoleIDPSyncConfigRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PatchRoleIdpSyncConfigRequest {
    /// The claim.
    pub field: String,
}

impl Validate for PatchRoleIdpSyncConfigRequest {}

/// How memberships of organizations follow (codersdk.OrganizationSyncSettings).
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct OrganizationSyncSettings {
    /// The claim; empty when nothing follows.
    pub field: String,
    /// Organizations by what the claim says.
    pub mapping: BTreeMap<String, Vec<Uuid>>,
    /// Whether everybody belongs to the default organization.
    pub organization_assign_default: bool,
}

impl Validate for OrganizationSyncSettings {}

impl From<OrganizationSync> for OrganizationSyncSettings {
    fn from(settings: OrganizationSync) -> Self {
        Self {
            field: settings.field,
            mapping: untyped(settings.mapping),
            organization_assign_default: settings.assign_default,
        }
    }
}

impl OrganizationSyncSettings {
    /// Puts these in place of the present ones.
    pub fn apply(self, settings: &mut OrganizationSync) {
        settings.field = self.field;
        settings.mapping = typed(self.mapping);
        settings.assign_default = self.organization_assign_default;
    }
}

/// All of it but the mapping (codersdk.PatchOrganizationIDPSyncConfigRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PatchOrganizationIdpSyncConfigRequest {
    /// The claim.
    pub field: String,
    /// Whether everybody belongs to the default organization.
    pub assign_default: bool,
}

impl Validate for PatchOrganizationIdpSyncConfigRequest {}

impl PatchOrganizationIdpSyncConfigRequest {
    /// Puts these in place of the present ones.
    pub fn apply(self, settings: &mut OrganizationSync) {
        settings.field = self.field;
        settings.assign_default = self.assign_default;
    }
}

/// Pairs to put into a mapping to groups or organizations and to take out of it; the latter goes first
/// (codersdk.PatchGroupIDPSyncMappingRequest, codersdk.PatchOrganizationIDPSyncMappingRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PatchIdMappingRequest {
    /// Pairs to put in.
    #[serde(rename = "Add")]
    pub add: Vec<IdPair>,
    /// Pairs to take out.
    #[serde(rename = "Remove")]
    pub remove: Vec<IdPair>,
}

impl Validate for PatchIdMappingRequest {}

/// One pair of a mapping to groups or organizations (codersdk.IDPSyncMapping).
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct IdPair {
    /// What the claim says.
    #[serde(rename = "Given")]
    pub given: String,
    /// What it stands for.
    #[serde(rename = "Gets")]
    pub gets: Uuid,
}

impl<T: From<Uuid>> From<IdPair> for Mapped<T> {
    fn from(pair: IdPair) -> Self {
        Self {
            given: pair.given,
            gets: pair.gets.into(),
        }
    }
}

impl PatchIdMappingRequest {
    /// Changes a mapping.
    pub fn apply<T: PartialEq + From<Uuid>>(self, mapping: &mut BTreeMap<String, Vec<T>>) {
        let add = self.add.into_iter().map(Mapped::from).collect();
        let remove: Vec<Mapped<T>> = self.remove.into_iter().map(Mapped::from).collect();
        idp_sync::remap(mapping, add, &remove);
    }
}

/// Pairs to put into a mapping to roles and to take out of it; the latter goes first
/// (codersdk.PatchRoleIDPSyncMappingRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PatchNameMappingRequest {
    /// Pairs to put in.
    #[serde(rename = "Add")]
    pub add: Vec<NamePair>,
    /// Pairs to take out.
    #[serde(rename = "Remove")]
    pub remove: Vec<NamePair>,
}

impl Validate for PatchNameMappingRequest {}

/// One pair of a mapping to roles (codersdk.IDPSyncMapping).
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NamePair {
    /// What the claim says.
    #[serde(rename = "Given")]
    pub given: String,
    /// What it stands for.
    #[serde(rename = "Gets")]
    pub gets: String,
}

impl<T: From<String>> From<NamePair> for Mapped<T> {
    fn from(pair: NamePair) -> Self {
        Self {
            given: pair.given,
            gets: pair.gets.into(),
        }
    }
}

impl PatchNameMappingRequest {
    /// Changes a mapping.
    pub fn apply<T: PartialEq + From<String>>(self, mapping: &mut BTreeMap<String, Vec<T>>) {
        let add = self.add.into_iter().map(Mapped::from).collect();
        let remove: Vec<Mapped<T>> = self.remove.into_iter().map(Mapped::from).collect();
        idp_sync::remap(mapping, add, &remove);
    }
}

fn check_pattern(faults: &mut Faults, pattern: Option<&str>) {
    if let Some(Err(error)) = pattern.map(Regex::new) {
        faults.add("regex_filter", error.to_string());
    }
}

fn typed<T: From<Uuid>>(mapping: UuidMapping) -> BTreeMap<String, Vec<T>> {
    let pairs = mapping.into_iter();
    pairs
        .map(|(given, ids)| (given, ids.into_iter().map(T::from).collect()))
        .collect()
}

fn untyped<T: Id>(mapping: BTreeMap<String, Vec<T>>) -> UuidMapping {
    let pairs = mapping.into_iter();
    pairs
        .map(|(given, ids)| (given, ids.into_iter().map(T::uuid).collect()))
        .collect()
}
