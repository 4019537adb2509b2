//! What groups of an organization's members are. The everyone-group shares its organization's
//! id: every member is in it, without a row of its own. Who may see or change groups is in
//! `rights`.

use super::{
    clock::Timestamp,
    ids::{GroupId, OrganizationId, UserId},
    rights::{Action, Actions, Object, ResourceKind},
    text_enum::text_enum,
    users::{LoginType, OrganizationRef, User, UserRef, UserStatus},
};

/// The name of every everyone-group; no other group may have it.
pub const EVERYONE: &str = "Everyone";

text_enum! {
    /// Who made a group.
    #[sqlx(type_name = "text")]
    pub enum GroupSource {
        /// A user.
        User = "user",
        /// Signing in through an identity provider.
        Oidc = "oidc",
    }
}

/// A group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// That organization's name.
    pub organization_name: String,
    /// That organization's title.
    pub organization_display_name: String,
    /// Its name in URLs.
    pub name: String,
    /// Its title; empty for none.
    pub display_name: String,
    /// Its picture; empty for none.
    pub avatar_url: String,
    /// What each member may spend in a day, in credits.
    pub quota_allowance: i32,
    /// Who made it.
    pub source: GroupSource,
    /// How many are in it, whoever asks.
    pub total_member_count: i64,
}

impl Group {
    /// Whether all members of the organization are in it.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.id.0 == self.organization_id.0
    }

    /// The group as rights see it.
    #[must_use]
    pub fn object(&self) -> Object {
        object(self.id, self.organization_id)
    }
}

/// A group as rights see it: who is in it may see it.
#[must_use]
pub fn object(id: GroupId, organization: OrganizationId) -> Object {
    let members = [(id, Actions::of(&[Action::Read]))].into();
    in_organization(organization)
        .with_id(id.0)
        .with_acl([].into(), members)
}

/// Any group of an organization, as rights see it.
#[must_use]
pub fn in_organization(organization: OrganizationId) -> Object {
    Object::of(ResourceKind::Group).in_organization(organization)
}

/// A user as a member of a group shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMember {
    /// Who it is.
    pub id: UserId,
    /// The username.
    pub username: String,
    /// The picture; empty for none.
    pub avatar_url: String,
    /// The full name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
    /// When the user was last seen.
    pub last_seen_at: Timestamp,
    /// Whether the user may come in.
    pub status: UserStatus,
    /// How the user signs in.
    pub login_type: LoginType,
    /// The theme; empty for none.
    pub theme_preference: String,
}

impl From<User> for GroupMember {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            avatar_url: user.avatar_url,
            name: user.name,
            email: user.email,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_seen_at: user.last_seen_at,
            status: user.status,
            login_type: user.login_type,
            theme_preference: user.theme_preference,
        }
    }
}

/// A group with those of its members that the caller may see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupWithMembers {
    /// The group.
    pub group: Group,
    /// Its members by username.
    pub members: Vec<GroupMember>,
}

/// Which groups a list asks for; what is absent does not narrow it.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct GroupQuery {
    /// Those of one organization.
    pub organization: Option<OrganizationRef>,
    /// Those that somebody is in.
    pub member: Option<UserRef>,
    /// These only; any, when empty.
    pub ids: Vec<GroupId>,
}

/// What a new group is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewGroup {
    /// Its name in URLs.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Its picture.
    pub avatar_url: String,
    /// What each member may spend in a day, in credits.
    pub quota_allowance: i32,
}

/// What is to change of a group; what is absent stays.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct GroupChange {
    /// Its name in URLs.
    pub name: Option<String>,
    /// Its title.
    pub display_name: Option<String>,
    /// Its picture.
    pub avatar_url: Option<String>,
    /// What each member may spend in a day, in credits.
    pub quota_allowance: Option<i32>,
    /// Who comes in.
    pub add: Vec<UserId>,
    /// Who goes.
    pub remove: Vec<UserId>,
}

impl GroupChange {
    /// The group as it is then, apart from its members.
    #[must_use]
    pub fn applied_to(&self, group: &Group) -> Group {
        let text = |wish: &Option<String>, now: &String| wish.as_ref().unwrap_or(now).clone();
        Group {
            name: text(&self.name, &group.name),
            display_name: text(&self.display_name, &group.display_name),
            avatar_url: text(&self.avatar_url, &group.avatar_url),
            quota_allowance: self.quota_allowance.unwrap_or(group.quota_allowance),
            ..group.clone()
        }
    }
}
