//! Use cases on groups: who may see, make, change and delete them, and who is in them.
//! Rights may hang on a group, so whoever comes in or goes is judged anew at once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sqlx::{PgConnection, PgTransaction};
use thiserror::Error;

use super::{
    Core, audit, commit, on,
    organizations::{FindOrganizationError, Organizations},
    sessions::Sessions,
};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, shown},
        faults::Fault,
        groups::{
            EVERYONE, Group, GroupChange, GroupMember, GroupQuery, GroupSource, GroupWithMembers,
            NewGroup, in_organization,
        },
        ids::{GroupId, OrganizationId, UserId},
        organizations::Organization,
        rights::{
            Action, Object, ResourceKind,
            actor::{Actor, ReadFilter},
        },
        users::UserRef,
    },
    pubsub::Event,
    store::{
        StoreError,
        groups::{self, Wanted},
        members, template_access, users,
    },
};

/// Why a use case on groups is refused.
#[derive(Debug, Error)]
pub enum GroupError {
    /// No such group, or the caller may not see or change it.
    #[error("no such group")]
    NotFound,
    /// The name belongs to the everyone-groups.
    #[error("the name {0:?} is reserved")]
    Reserved(String),
    /// Another group of the organization has the name.
    #[error("a group named {0:?} exists already")]
    NameTaken(String),
    /// All members are in the everyone-group, and its names are fixed.
    #[error("the everyone-group {0}")]
    Everyone(&'static str),
    /// Who is in the everyone-group follows from the organization's members.
    #[error("the everyone-group holds all members, and nobody else")]
    EveryoneHasAll,
    /// The user does not belong to the group's organization.
    #[error("the user {0} is no member of the group's organization")]
    NoMember(UserId),
    /// A user that is to come in is there already.
    #[error("nobody can be in a group twice")]
    AlreadyIn,
    /// A user that is to go is not there.
    #[error("only who is in the group can be taken out")]
    NotIn,
    /// The list cannot be narrowed so.
    #[error("the query is at fault")]
    Query(Vec<Fault>),
    /// The database failed.
    #[error("the groups could not be read or changed")]
    Store(#[from] StoreError),
}

/// Groups of organizations.
#[derive(Clone)]
pub struct Groups {
    core: Core,
    sessions: Sessions,
    organizations: Organizations,
}

impl Groups {
    /// The service.
    #[must_use]
    pub fn new(core: Core, sessions: Sessions, organizations: Organizations) -> Self {
        Self {
            core,
            sessions,
            organizations,
        }
    }

    /// The groups that the actor may see, with the members that it may see.
    ///
    /// # Errors
    /// [`GroupError::Query`] when an organization or a user is named that the actor cannot see.
    pub async fn list(
        &self,
        actor: &Actor,
        query: &GroupQuery,
    ) -> Result<Vec<GroupWithMembers>, GroupError> {
        let mut faults = Vec::new();
        let mut organization = None;
        if let Some(named) = &query.organization {
            match self.organizations.resolve(actor, named).await {
                Ok(found) => organization = Some(found.id),
                Err(FindOrganizationError::NotFound) => faults.push(Fault::new(
                    "organization",
                    "there is no such organization, or you may not see it",
                )),
                Err(FindOrganizationError::Store(source)) => return Err(source.into()),
            }
        }
        let mut conn = self.core.conn().await?;
        let mut member = None;
        if let Some(named) = &query.member {
            member = find_user(&mut conn, actor, named).await?;
            if member.is_none() {
                let detail = "there is no such user, or you may not see it";
                faults.push(Fault::new("has_member", detail));
            }
        }
        if !faults.is_empty() {
            return Err(GroupError::Query(faults));
        }
        let wanted = Wanted {
            organization,
            member,
            ids: (!query.ids.is_empty()).then_some(&query.ids),
            name: None,
        };
        Ok(load(&mut conn, actor, wanted).await?)
    }

    /// The groups of an organization that the actor may see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_of_organization(
        &self,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<Vec<GroupWithMembers>, StoreError> {
        let wanted = Wanted {
            organization: Some(organization),
            ..Wanted::default()
        };
        load(&mut *self.core.conn().await?, actor, wanted).await
    }

    /// A group.
    ///
    /// # Errors
    /// [`GroupError::NotFound`] for missing and for hidden ones alike.
    pub async fn find(&self, actor: &Actor, id: GroupId) -> Result<GroupWithMembers, GroupError> {
        one(&mut *self.core.conn().await?, actor, id).await
    }

    /// A group of an organization by its name.
    ///
    /// # Errors
    /// As [`Groups::find`].
    pub async fn find_by_name(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        name: &str,
    ) -> Result<GroupWithMembers, GroupError> {
        let wanted = Wanted {
            organization: Some(organization),
            name: Some(name),
            ..Wanted::default()
        };
        let found = load(&mut *self.core.conn().await?, actor, wanted).await?;
        found.into_iter().next().ok_or(GroupError::NotFound)
    }

    /// Makes a group that nobody is in yet.
    ///
    /// # Errors
    /// [`GroupError::NotFound`] without the right; reserved and taken names.
    pub async fn create(
        &self,
        actor: &Actor,
        organization: Organization,
        order: NewGroup,
    ) -> Result<GroupWithMembers, GroupError> {
        if !actor.may(Action::Create, &in_organization(organization.id)) {
            return Err(GroupError::NotFound);
        }
        if order.name == EVERYONE {
            return Err(GroupError::Reserved(order.name));
        }
        let group = Group {
            id: GroupId::random(),
            organization_id: organization.id,
            organization_name: organization.name,
            organization_display_name: organization.display_name,
            name: order.name,
            display_name: order.display_name,
            avatar_url: order.avatar_url,
            quota_allowance: order.quota_allowance,
            source: GroupSource::User,
            total_member_count: 0,
        };
        let mut tx = self.core.begin().await?;
        groups::insert(on(&mut tx), &group)
            .await
            .map_err(|error| name_taken(error, &group.name))?;
        let entry =
            entry(AuditAction::Create, &group, 201).changing(&[], &tracked(&group, &[].into()));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        commit(tx).await?;
        Ok(GroupWithMembers {
            group,
            members: Vec::new(),
        })
    }

    /// Checks that the actor may change a group.
    ///
    /// # Errors
    /// [`GroupError::NotFound`] otherwise.
    pub async fn check_changeable(&self, actor: &Actor, id: GroupId) -> Result<(), GroupError> {
        let found = one(&mut *self.core.conn().await?, actor, id).await?;
        if actor.may(Action::Update, &found.group.object()) {
            Ok(())
        } else {
            Err(GroupError::NotFound)
        }
    }

    /// Changes a group and who is in it.
    ///
    /// # Errors
    /// [`GroupError::NotFound`] without the right; names and users that cannot be.
    pub async fn change(
        &self,
        actor: &Actor,
        id: GroupId,
        change: GroupChange,
    ) -> Result<GroupWithMembers, GroupError> {
        let mut tx = self.core.begin().await?;
        let before = locked(&mut tx, actor, id, Action::Update).await?;
        let after = change.applied_to(&before);
        check_names(&before, &after)?;
        if before.is_everyone() && !(change.add.is_empty() && change.remove.is_empty()) {
            return Err(GroupError::EveryoneHasAll);
        }
        let was_in = groups::list_member_ids(on(&mut tx), id).await?;
        let was_in: BTreeSet<UserId> = was_in.into_iter().collect();
        let is_in = moved(&mut tx, &before, &change, &was_in).await?;
        groups::update(on(&mut tx), &after)
            .await
            .map_err(|error| name_taken(error, &after.name))?;
        let entry = entry(AuditAction::Write, &after, 200)
            .changing(&tracked(&before, &was_in), &tracked(&after, &is_in));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        let shown = one(on(&mut tx), actor, id).await?;
        commit(tx).await?;
        for user in was_in.symmetric_difference(&is_in) {
            self.sessions.changed(*user);
        }
        Ok(shown)
    }

    /// Deletes a group.
    ///
    /// # Errors
    /// [`GroupError::NotFound`] without the right; [`GroupError::Everyone`].
    pub async fn delete(&self, actor: &Actor, id: GroupId) -> Result<(), GroupError> {
        let mut tx = self.core.begin().await?;
        let group = locked(&mut tx, actor, id, Action::Delete).await?;
        if group.is_everyone() {
            return Err(GroupError::Everyone("cannot be deleted"));
        }
        let was_in = groups::list_member_ids(on(&mut tx), id).await?;
        let was_in: BTreeSet<UserId> = was_in.into_iter().collect();
        let now = self.core.now();
        groups::delete(on(&mut tx), id).await?;
        let templates = template_access::forget_group(on(&mut tx), id, now).await?;
        let entry =
            entry(AuditAction::Delete, &group, 200).changing(&tracked(&group, &was_in), &[]);
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        for template in templates {
            self.core.events.publish(Event::Template(template));
        }
        for user in was_in {
            self.sessions.changed(user);
        }
        Ok(())
    }
}

/// Groups as the actor may see them.
async fn load(
    conn: &mut PgConnection,
    actor: &Actor,
    wanted: Wanted<'_>,
) -> Result<Vec<GroupWithMembers>, StoreError> {
    let found = groups::list(conn, &actor.read_filter(ResourceKind::Group), wanted).await?;
    with_members(conn, &actor.read_filter(ResourceKind::GroupMember), found).await
}

/// Groups with all their members, for who may see them for another reason than the groups' own.
pub(super) async fn load_all(
    conn: &mut PgConnection,
    wanted: Wanted<'_>,
) -> Result<Vec<GroupWithMembers>, StoreError> {
    let everything = ReadFilter {
        everything: true,
        ..ReadFilter::default()
    };
    let found = groups::list(conn, &everything, wanted).await?;
    with_members(conn, &everything, found).await
}

/// Adds the members that the filter lets through.
async fn with_members(
    conn: &mut PgConnection,
    filter: &ReadFilter,
    found: Vec<Group>,
) -> Result<Vec<GroupWithMembers>, StoreError> {
    let ids: Vec<GroupId> = found.iter().map(|group| group.id).collect();
    let mut members: BTreeMap<GroupId, Vec<GroupMember>> = BTreeMap::new();
    for (group, member) in groups::list_members(conn, filter, &ids).await? {
        members.entry(group).or_default().push(member);
    }
    let shown = found.into_iter().map(|group| GroupWithMembers {
        members: members.remove(&group.id).unwrap_or_default(),
        group,
    });
    Ok(shown.collect())
}

async fn one(
    conn: &mut PgConnection,
    actor: &Actor,
    id: GroupId,
) -> Result<GroupWithMembers, GroupError> {
    let wanted = Wanted {
        ids: Some(&[id]),
        ..Wanted::default()
    };
    let found = load(conn, actor, wanted).await?;
    found.into_iter().next().ok_or(GroupError::NotFound)
}

/// A group that the actor may see and do this to, locked.
async fn locked(
    tx: &mut PgTransaction<'_>,
    actor: &Actor,
    id: GroupId,
    action: Action,
) -> Result<Group, GroupError> {
    let may = |group: &Group| {
        let object = group.object();
        actor.may(Action::Read, &object) && actor.may(action, &object)
    };
    groups::lock(on(tx), id)
        .await?
        .filter(may)
        .ok_or(GroupError::NotFound)
}

fn check_names(before: &Group, after: &Group) -> Result<(), GroupError> {
    if before.is_everyone() {
        if before.name != after.name {
            return Err(GroupError::Everyone("cannot be renamed"));
        }
        if before.display_name != after.display_name {
            return Err(GroupError::Everyone("cannot get another title"));
        }
    } else if after.name == EVERYONE {
        return Err(GroupError::Reserved(after.name.clone()));
    }
    Ok(())
}

/// Lets users in and out, and tells who is in then.
async fn moved(
    tx: &mut PgTransaction<'_>,
    group: &Group,
    change: &GroupChange,
    was_in: &BTreeSet<UserId>,
) -> Result<BTreeSet<UserId>, GroupError> {
    let named: Vec<UserId> = change.add.iter().chain(&change.remove).copied().collect();
    if named.is_empty() {
        return Ok(was_in.clone());
    }
    let known = members::share_lock(on(tx), group.organization_id, &named).await?;
    if let Some(stranger) = named.iter().find(|user| !known.contains(user)) {
        return Err(GroupError::NoMember(*stranger));
    }
    let added: BTreeSet<UserId> = change.add.iter().copied().collect();
    let removed: BTreeSet<UserId> = change.remove.iter().copied().collect();
    if added.len() < change.add.len() {
        return Err(GroupError::AlreadyIn);
    }
    match groups::insert_members(on(tx), group.id, &change.add).await {
        Err(error) if error.violates(groups::MEMBER_KEY) => return Err(GroupError::AlreadyIn),
        other => other?,
    }
    let gone = groups::delete_members(on(tx), group.id, &change.remove).await?;
    if gone < removed.len() as u64 {
        return Err(GroupError::NotIn);
    }
    let is_in = was_in.union(&added).copied();
    Ok(is_in.filter(|user| !removed.contains(user)).collect())
}

async fn find_user(
    conn: &mut PgConnection,
    actor: &Actor,
    named: &UserRef,
) -> Result<Option<UserId>, StoreError> {
    let found = match named {
        UserRef::Me => return Ok(Some(actor.id)),
        UserRef::Id(id) => users::find(conn, *id).await?,
        UserRef::Name(name) => users::find_by_name(conn, name).await?,
    };
    Ok(found
        .map(|user| user.id)
        .filter(|id| actor.may(Action::Read, &Object::user(*id))))
}

fn name_taken(error: StoreError, name: &str) -> GroupError {
    if error.violates(groups::NAME_KEY) {
        GroupError::NameTaken(name.to_owned())
    } else {
        error.into()
    }
}

fn entry(action: AuditAction, group: &Group, status: u16) -> NewEntry {
    NewEntry::new(
        action,
        AuditedKind::Group,
        group.id.0,
        group.name.clone(),
        status,
    )
    .in_organization(group.organization_id)
}

fn tracked(group: &Group, members: &BTreeSet<UserId>) -> Vec<Tracked> {
    vec![
        shown("id", group.id.to_string()),
        shown("name", group.name.clone()),
        shown("display_name", group.display_name.clone()),
        shown("avatar_url", group.avatar_url.clone()),
        shown("quota_allowance", group.quota_allowance),
        shown("members", json!(members)),
    ]
}
