//! Who asks: the signed-in user with its roles, groups and the scope of its key.
//! Decides single rights, and hands list queries the facts to decide in SQL.

use std::collections::BTreeMap;

use super::{
    Action, Actions, Object, ResourceKind,
    custom::CustomGrants,
    matrix::{self, RoleGrants, actions_on},
    roles::{OrganizationRole, SiteRole},
};
use crate::domain::{
    audit::Origin,
    ids::{GroupId, OrganizationId, UserId},
    text_enum::text_enum,
    tokens::KeyId,
    users::{LoginType, UserStatus},
};

text_enum! {
    /// What an API key may be used for.
    #[sqlx(type_name = "api_key_scope")]
    pub enum Scope {
        /// Whatever its user may do.
        All = "all",
        /// Opening workspace apps only.
        ApplicationConnect = "application_connect",
    }
}

impl Scope {
    /// Whether a key of this scope may be used so at all.
    #[must_use]
    pub fn permits(self, action: Action, kind: ResourceKind) -> bool {
        match self {
            Self::All => true,
            Self::ApplicationConnect => {
                kind == ResourceKind::Workspace && action == Action::ApplicationConnect
            }
        }
    }
}

/// The signed-in user on whose behalf something is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// Who it is.
    pub id: UserId,
    /// Its username.
    pub username: String,
    /// Its e-mail address.
    pub email: String,
    /// Its state.
    pub status: UserStatus,
    /// How it signs in.
    pub login_type: LoginType,
    /// Roles of the site that it was given; the member role is implied.
    pub site_roles: Vec<SiteRole>,
    /// Whether an owner may enter other people's workspaces in this deployment.
    pub owners_enter_workspaces: bool,
    /// Roles it was given by organization it belongs to; the member role is implied.
    pub organization_roles: BTreeMap<OrganizationId, Vec<OrganizationRole>>,
    /// What its roles that were made there permit, by organization it belongs to.
    pub custom_grants: CustomGrants,
    /// Groups it is in, without the everyone-groups.
    pub groups: Vec<GroupId>,
    /// The scope of the key in use.
    pub scope: Scope,
    /// The key in use.
    pub key_id: KeyId,
    /// Where its request came from.
    pub origin: Origin,
}

/// The facts by which a list query keeps what an actor may read: a row is readable if
/// `everything` holds, or its organization is in `organizations`, or its owner is `own`
/// and its organization in `member_of`, or (where access lists exist) a list names `own`
/// or one of `groups`. An empty filter keeps nothing.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct ReadFilter {
    /// Every row is readable.
    pub everything: bool,
    /// All rows of these organizations are readable.
    pub organizations: Vec<OrganizationId>,
    /// The user whose own rows are readable; `None` when owning gives no right.
    pub own: Option<UserId>,
    /// The organizations in which owning counts.
    pub member_of: Vec<OrganizationId>,
    /// The user's groups for access lists, everyone-groups included.
    pub groups: Vec<GroupId>,
}

impl Actor {
    /// Whether the actor may do this.
    #[must_use]
    pub fn may(&self, action: Action, object: &Object) -> bool {
        self.scope.permits(action, object.kind)
            && (self.may_by_role(action, object) || self.may_by_acl(action, object))
    }

    /// Whether the actor was given this role of the site.
    #[must_use]
    pub fn has_site_role(&self, role: SiteRole) -> bool {
        role == SiteRole::Member || self.site_roles.contains(&role)
    }

    /// Whether the actor belongs to the organization.
    #[must_use]
    pub fn is_member_of(&self, organization: OrganizationId) -> bool {
        self.organization_roles.contains_key(&organization)
    }

    /// Whether the actor may give or take a role of the site.
    #[must_use]
    pub fn may_assign(&self, role: SiteRole) -> bool {
        self.site_roles.iter().any(|held| held.may_assign(role))
    }

    /// Whether the actor may give or take a role in the organization.
    #[must_use]
    pub fn may_assign_in(&self, organization: OrganizationId, role: OrganizationRole) -> bool {
        self.site_roles
            .iter()
            .any(|held| held.may_assign_in_organization(role))
            || self
                .organization_roles
                .get(&organization)
                .is_some_and(|held| held.iter().any(|held| held.may_assign(role)))
    }

    /// Whether the actor may give or take roles that were made for the organization.
    #[must_use]
    pub fn may_assign_custom_in(&self, organization: OrganizationId) -> bool {
        let mut of_site = self.site_roles.iter();
        of_site.any(|held| held.may_assign_custom())
            || self
                .organization_roles
                .get(&organization)
                .is_some_and(|held| held.iter().any(|held| held.may_assign_custom()))
    }

    /// Which workspaces a list may show.
    #[must_use]
    pub fn workspace_filter(&self) -> ReadFilter {
        self.read_filter(ResourceKind::Workspace)
    }

    /// Which templates a list may show; `own` and `groups` speak of access lists there.
    #[must_use]
    pub fn template_filter(&self) -> ReadFilter {
        self.read_filter(ResourceKind::Template)
    }

    /// Which rows of any kind a list may show.
    #[must_use]
    pub fn read_filter(&self, kind: ResourceKind) -> ReadFilter {
        if !self.scope.permits(Action::Read, kind) {
            return ReadFilter::default();
        }
        let grants_read = |grants| actions_on(grants, kind).contains(Action::Read);
        let member_of: Vec<OrganizationId> = self.organization_roles.keys().copied().collect();
        let organizations = member_of
            .iter()
            .filter(|id| self.is_granted_in(**id, Action::Read, kind))
            .copied()
            .collect();
        let everyone = member_of.iter().map(|id| GroupId(id.0));
        ReadFilter {
            everything: self.all_roles().any(|role| grants_read(role.site)),
            organizations,
            own: self
                .all_roles()
                .any(|role| grants_read(role.user))
                .then_some(self.id),
            groups: self.groups.iter().copied().chain(everyone).collect(),
            member_of,
        }
    }

    fn may_by_role(&self, action: Action, object: &Object) -> bool {
        let grants = |level| actions_on(level, object.kind).contains(action);
        if self.all_roles().any(|role| grants(role.site)) {
            return true;
        }
        let in_organization = match (object.any_organization, object.organization) {
            (true, _) => self
                .organization_roles
                .keys()
                .any(|id| self.is_granted_in(*id, action, object.kind)),
            (false, Some(id)) => self.is_granted_in(id, action, object.kind),
            (false, None) => false,
        };
        in_organization
            || (object.owner == Some(self.id)
                && self.may_own_in(object)
                && self.all_roles().any(|role| grants(role.user)))
    }

    fn may_by_acl(&self, action: Action, object: &Object) -> bool {
        let grants = |actions: Option<&Actions>| actions.is_some_and(|set| set.contains(action));
        if grants(object.acl_users.get(&self.id)) {
            return true;
        }
        // A group's list counts only while the user belongs to the group's organization.
        let Some(organization) = object.organization.filter(|id| self.is_member_of(*id)) else {
            return false;
        };
        let everyone = GroupId(organization.0);
        self.groups
            .iter()
            .chain([&everyone])
            .any(|group| grants(object.acl_groups.get(group)))
    }

    /// Owning something in an organization that one has left gives no right.
    fn may_own_in(&self, object: &Object) -> bool {
        if object.any_organization {
            return !self.organization_roles.is_empty();
        }
        object.organization.is_none_or(|id| self.is_member_of(id))
    }

    fn all_roles(&self) -> impl Iterator<Item = RoleGrants> {
        let site = self.site_roles.iter().copied().chain([SiteRole::Member]);
        let of_site_role = if self.owners_enter_workspaces {
            matrix::of_site_role
        } else {
            matrix::of_site_role_kept_out
        };
        let organizations = self
            .organization_roles
            .keys()
            .flat_map(|id| self.roles_in(*id));
        site.map(of_site_role).chain(organizations)
    }

    /// Whether a role in the organization, built-in or made there, permits this in all of it.
    fn is_granted_in(
        &self,
        organization: OrganizationId,
        action: Action,
        kind: ResourceKind,
    ) -> bool {
        let mut built_in = self.roles_in(organization);
        let made = self.custom_grants.get(&organization);
        built_in.any(|role| actions_on(role.organization, kind).contains(action))
            || made.is_some_and(|made| {
                made.iter()
                    .any(|grant| grant.resource_type == kind && grant.action == action)
            })
    }

    /// The roles in one organization with the implied one; none where the actor is no member.
    fn roles_in(&self, organization: OrganizationId) -> impl Iterator<Item = RoleGrants> {
        self.organization_roles
            .get(&organization)
            .into_iter()
            .flat_map(|roles| roles.iter().copied().chain([OrganizationRole::Member]))
            .map(matrix::of_organization_role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rights::custom::Permission;

    fn actor(
        site_roles: &[SiteRole],
        organizations: &[(OrganizationId, &[OrganizationRole])],
    ) -> Actor {
        Actor {
            id: UserId::random(),
            username: "ann".to_owned(),
            email: "ann@example.com".to_owned(),
            status: UserStatus::Active,
            login_type: LoginType::Password,
            site_roles: site_roles.to_vec(),
            owners_enter_workspaces: true,
            organization_roles: organizations
                .iter()
                .map(|(id, roles)| (*id, roles.to_vec()))
                .collect(),
            custom_grants: CustomGrants::new(),
            groups: Vec::new(),
            scope: Scope::All,
            key_id: KeyId("0123456789".to_owned()),
            origin: Origin::default(),
        }
    }

    #[test]
    fn a_member_has_what_it_owns_where_it_belongs() {
        let (here, elsewhere) = (OrganizationId::random(), OrganizationId::random());
        let ann = actor(&[], &[(here, &[])]);
        let own = Object::workspace(ann.id, here, false);
        for action in matrix::actions_of_kind(ResourceKind::Workspace) {
            assert!(ann.may(*action, &own), "{action}");
        }
        assert!(!ann.may(
            Action::Read,
            &Object::workspace(UserId::random(), here, false)
        ));
        assert!(!ann.may(Action::Read, &Object::workspace(ann.id, elsewhere, false)));
        let dormant = Object::workspace(ann.id, here, true);
        assert!(ann.may(Action::Stop, &dormant));
        assert!(!ann.may(Action::Start, &dormant));
        assert!(ann.may(Action::ReadPersonal, &Object::user(ann.id)));
        assert!(!ann.may(Action::Update, &Object::user(ann.id)));
        assert!(ann.may(Action::Read, &Object::member(ann.id, here)));
        assert!(!ann.may(Action::Read, &Object::member(UserId::random(), here)));
        assert!(ann.may(
            Action::Create,
            &Object::of(ResourceKind::Workspace).owned_by(ann.id)
        ));
    }

    #[test]
    fn site_roles_hold_everywhere() {
        let anywhere = Object::workspace(UserId::random(), OrganizationId::random(), false);
        let owner = actor(&[SiteRole::Owner], &[]);
        assert!(owner.may(Action::Ssh, &anywhere));
        let template_admin = actor(&[SiteRole::TemplateAdmin], &[]);
        assert!(template_admin.may(Action::Read, &anywhere));
        assert!(!template_admin.may(Action::Update, &anywhere));
        let auditor = actor(&[SiteRole::Auditor], &[]);
        assert!(!auditor.may(Action::Read, &anywhere));
        assert!(auditor.may(Action::Read, &Object::of(ResourceKind::AuditLog)));
    }

    #[test]
    fn owners_can_be_kept_out_of_workspaces() {
        let here = OrganizationId::random();
        let mut owner = actor(&[SiteRole::Owner], &[(here, &[])]);
        owner.owners_enter_workspaces = false;
        let others = Object::workspace(UserId::random(), here, false);
        assert!(owner.may(Action::Update, &others));
        assert!(!owner.may(Action::Ssh, &others));
        assert!(!owner.may(Action::ApplicationConnect, &others));
        assert!(owner.may(Action::Ssh, &Object::workspace(owner.id, here, false)));
        assert!(owner.may(Action::Delete, &Object::of(ResourceKind::License)));
    }

    #[test]
    fn organization_roles_hold_in_their_organization() {
        let (here, elsewhere) = (OrganizationId::random(), OrganizationId::random());
        let admin = actor(&[], &[(here, &[OrganizationRole::Admin])]);
        let there = |organization| Object::workspace(UserId::random(), organization, false);
        assert!(admin.may(Action::Update, &there(here)));
        assert!(!admin.may(Action::Ssh, &there(here)));
        assert!(!admin.may(Action::Update, &there(elsewhere)));
        let templates = Object::of(ResourceKind::Template);
        assert!(!admin.may(Action::Create, &templates));
        assert!(admin.may(Action::Create, &templates.clone().in_any_organization()));
        assert!(admin.may(Action::Read, &Object::of(ResourceKind::User)));
        assert!(admin.may_assign_in(here, OrganizationRole::Auditor));
        assert!(!admin.may_assign_in(elsewhere, OrganizationRole::Auditor));
        assert!(!admin.may_assign(SiteRole::Member));
    }

    #[test]
    fn roles_that_were_made_hold_in_their_organization() {
        let (here, elsewhere) = (OrganizationId::random(), OrganizationId::random());
        let mut ann = actor(&[], &[(here, &[]), (elsewhere, &[])]);
        let read = Permission {
            resource_type: ResourceKind::Workspace,
            action: Action::Read,
        };
        ann.custom_grants.insert(here, vec![read]);
        let workspace = |organization| Object::workspace(UserId::random(), organization, false);
        assert!(ann.may(Action::Read, &workspace(here)));
        assert!(!ann.may(Action::Update, &workspace(here)));
        assert!(!ann.may(Action::Read, &workspace(elsewhere)));
        assert_eq!(ann.workspace_filter().organizations, vec![here]);
        assert!(!ann.may_assign_custom_in(here));
    }

    #[test]
    fn access_lists_name_users_groups_and_everyone() {
        let here = OrganizationId::random();
        let mut ann = actor(&[], &[(here, &[])]);
        let group = GroupId::random();
        let read = Actions::of(&[Action::Read]);
        let template = Object::of(ResourceKind::Template).in_organization(here);
        let by_group = template
            .clone()
            .with_acl(BTreeMap::new(), [(group, read)].into());
        assert!(!ann.may(Action::Read, &by_group));
        ann.groups.push(group);
        assert!(ann.may(Action::Read, &by_group));
        assert!(!ann.may(Action::Use, &by_group));
        let everyone = template
            .clone()
            .with_acl(BTreeMap::new(), [(GroupId(here.0), Actions::ANY)].into());
        assert!(ann.may(Action::Update, &everyone));
        let by_user = template.with_acl([(ann.id, read)].into(), BTreeMap::new());
        assert!(ann.may(Action::Read, &by_user));
        assert!(!actor(&[], &[]).may(Action::Read, &everyone));
    }

    #[test]
    fn a_narrow_scope_takes_rights_away() {
        let here = OrganizationId::random();
        let mut owner = actor(&[SiteRole::Owner], &[(here, &[])]);
        owner.scope = Scope::ApplicationConnect;
        let workspace = Object::workspace(owner.id, here, false);
        assert!(owner.may(Action::ApplicationConnect, &workspace));
        assert!(!owner.may(Action::Read, &workspace));
        assert_eq!(owner.workspace_filter(), ReadFilter::default());
    }

    #[test]
    fn filters_agree_with_single_decisions() {
        let (here, elsewhere) = (OrganizationId::random(), OrganizationId::random());
        let ann = actor(&[], &[(here, &[])]);
        let filter = ann.workspace_filter();
        assert!(!filter.everything);
        assert_eq!(filter.own, Some(ann.id));
        assert_eq!(filter.member_of, vec![here]);
        assert!(filter.organizations.is_empty());
        let admin = actor(
            &[],
            &[(here, &[OrganizationRole::TemplateAdmin]), (elsewhere, &[])],
        );
        assert_eq!(admin.workspace_filter().organizations, vec![here]);
        assert_eq!(admin.template_filter().groups.len(), 2);
        assert!(
            actor(&[SiteRole::TemplateAdmin], &[])
                .workspace_filter()
                .everything
        );
        assert!(
            !actor(&[SiteRole::Auditor], &[])
                .workspace_filter()
                .everything
        );
    }

    #[test]
    fn actions_keep_their_text_form() {
        let set: Actions = serde_json::from_str(r#"["use","*","read","unheard"]"#).unwrap();
        assert_eq!(
            serde_json::to_string(&set).unwrap(),
            r#"["*","read","use"]"#
        );
        assert!(set.contains(Action::Ssh));
        assert!(!Actions::of(&[Action::Read, Action::Use]).contains(Action::Ssh));
    }
}
