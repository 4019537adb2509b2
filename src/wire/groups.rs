//! Shapes of groups and of users as their members.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    time::Time,
    validate::{Faults, Validate},
};
use crate::domain::{
    groups::{GroupMember, GroupSource, GroupWithMembers, NewGroup},
    names,
    users::{LoginType, UserStatus},
};

/// A user without roles and organizations (codersdk.ReducedUser).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReducedUser {
    /// Its id.
    pub id: Uuid,
    /// Its name in URLs.
    pub username: String,
    /// Its picture.
    pub avatar_url: String,
    /// Its full name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// When it was last seen.
    pub last_seen_at: Time,
    /// Whether it may come in.
    pub status: UserStatus,
    /// How it signs in.
    pub login_type: LoginType,
    /// The theme it chose.
    pub theme_preference: String,
}

impl From<GroupMember> for ReducedUser {
    fn from(member: GroupMember) -> Self {
        Self {
            id: member.id.0,
            username: member.username,
            avatar_url: member.avatar_url,
            name: member.name,
            email: member.email,
            created_at: member.created_at.into(),
            updated_at: member.updated_at.into(),
            last_seen_at: member.last_seen_at.into(),
            status: member.status,
            login_type: member.login_type,
            theme_preference: member.theme_preference,
        }
    }
}

/// A group (codersdk.Group).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Group {
    /// Its id.
    pub id: Uuid,
    /// Its name in URLs.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Where it belongs.
    pub organization_id: Uuid,
    /// The members that the caller may see.
    pub members: Vec<ReducedUser>,
    /// How many members there are.
    pub total_member_count: i64,
    /// Its picture.
    pub avatar_url: String,
    /// What each member may spend in a day, in credits.
    pub quota_allowance: i32,
    /// Who made it.
    pub source: GroupSource,
    /// The organization's name.
    pub organization_name: String,
    /// The organization's title.
    pub organization_display_name: String,
}

impl From<GroupWithMembers> for Group {
    fn from(found: GroupWithMembers) -> Self {
        let GroupWithMembers { group, members } = found;
        Self {
            id: group.id.0,
            name: group.name,
            display_name: group.display_name,
            organization_id: group.organization_id.0,
            members: members.into_iter().map(ReducedUser::from).collect(),
            total_member_count: group.total_member_count,
            avatar_url: group.avatar_url,
            quota_allowance: group.quota_allowance,
            source: group.source,
            organization_name: group.organization_name,
            organization_display_name: group.organization_display_name,
        }
    }
}

/// Makes a group (codersdk.CreateGroupRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateGroupRequest {
    /// Its name in URLs.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Its picture.
    pub avatar_url: String,
    /// What each member may spend in a day, in credits.
    pub quota_allowance: i32,
}

impl Validate for CreateGroupRequest {
    fn validate(&self, faults: &mut Faults) {
        if self.name.is_empty() {
            faults.required("name", &self.name);
        } else {
            check_name(faults, &self.name);
        }
        check_display_name(faults, &self.display_name);
        check_allowance(faults, self.quota_allowance);
    }
}

impl From<CreateGroupRequest> for NewGroup {
    fn from(body: CreateGroupRequest) -> Self {
        Self {
            name: body.name,
            display_name: body.display_name,
            avatar_url: body.avatar_url,
            quota_allowance: body.quota_allowance,
        }
    }
}

/// Changes a group and who is in it (codersdk.PatchGroupRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PatchGroupRequest {
    /// Ids of users that come in.
    pub add_users: Vec<String>,
    /// Ids of users that go.
    pub remove_users: Vec<String>,
    /// Its name in URLs; empty to keep it.
    pub name: String,
    /// Its title.
    pub display_name: Option<String>,
    /// Its picture.
    pub avatar_url: Option<String>,
    /// What each member may spend in a day, in credits.
    pub quota_allowance: Option<i32>,
}

impl Validate for PatchGroupRequest {
    fn validate(&self, faults: &mut Faults) {
        if !self.name.is_empty() {
            check_name(faults, &self.name);
        }
        check_display_name(faults, self.display_name.as_deref().unwrap_or_default());
        check_allowance(faults, self.quota_allowance.unwrap_or_default());
        for (field, users) in [
            ("add_users", &self.add_users),
            ("remove_users", &self.remove_users),
        ] {
            for user in users {
                if Uuid::parse_str(user).is_err() {
                    faults.add(field, format!("{user:?} is not a UUID"));
                }
            }
        }
    }
}

fn check_name(faults: &mut Faults, name: &str) {
    faults.check(names::is_group_name(name), "name", "group_name", name);
}

fn check_display_name(faults: &mut Faults, name: &str) {
    let keeps = names::is_display_name(name);
    faults.check(keeps, "display_name", "group_display_name", name);
}

fn check_allowance(faults: &mut Faults, credits: i32) {
    if credits < 0 {
        faults.add("quota_allowance", "must not be negative");
    }
}
