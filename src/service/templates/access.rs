//! Who was given a template: reading and changing its access lists. Only who may change the
//! template sees them; to others it is as if there were none.

use super::{TemplateError, Templates, audit, locked, readable};
use crate::{
    domain::{
        faults::Fault,
        groups::GroupWithMembers,
        ids::{GroupId, TemplateId, UserId},
        pagination::Page,
        rights::{Action, actor::Actor},
        search::users::UserQuery,
        template_access::{AccessChange, TemplateRole},
        templates::Template,
        users::User,
    },
    pubsub::Event,
    service::{commit, groups, on},
    store::{StoreError, groups::Wanted, templates, users},
};

/// Who was given a template, with the role of each.
#[derive(Debug)]
pub struct AccessList {
    /// Users by name.
    pub users: Vec<(User, TemplateRole)>,
    /// Groups by name.
    pub groups: Vec<(GroupWithMembers, TemplateRole)>,
}

impl Templates {
    /// Who was given a template.
    ///
    /// # Errors
    /// [`TemplateError::NotFound`] without the right to change the template.
    pub async fn access(&self, actor: &Actor, id: TemplateId) -> Result<AccessList, TemplateError> {
        let mut conn = self.core.conn().await?;
        let template = readable(&mut conn, actor, id).await?;
        check_changeable(actor, &template)?;
        let user_ids: Vec<UserId> = template.acl_users.keys().copied().collect();
        let group_ids: Vec<GroupId> = template.acl_groups.keys().copied().collect();
        let listed = users::list_by_ids(&mut conn, &user_ids).await?;
        let users = listed.into_iter().filter_map(|user| {
            let actions = template.acl_users.get(&user.id)?;
            Some((user, TemplateRole::of(*actions)?))
        });
        let wanted = Wanted {
            ids: Some(&group_ids),
            ..Wanted::default()
        };
        let listed = groups::load_all(&mut conn, wanted).await?;
        let groups = listed.into_iter().filter_map(|found| {
            let actions = template.acl_groups.get(&found.group.id)?;
            Some((found, TemplateRole::of(*actions)?))
        });
        Ok(AccessList {
            users: users.collect(),
            groups: groups.collect(),
        })
    }

    /// To whom a template can be given: the users that a search finds, and the groups of its
    /// organization.
    ///
    /// # Errors
    /// As [`Templates::access`].
    pub async fn possible_access(
        &self,
        actor: &Actor,
        id: TemplateId,
        search: &UserQuery,
        page: Page,
    ) -> Result<(Vec<User>, Vec<GroupWithMembers>), TemplateError> {
        let mut conn = self.core.conn().await?;
        let template = readable(&mut conn, actor, id).await?;
        check_changeable(actor, &template)?;
        let (users, _) = users::list(&mut conn, None, search, page).await?;
        let wanted = Wanted {
            organization: Some(template.organization_id),
            ..Wanted::default()
        };
        Ok((users, groups::load_all(&mut conn, wanted).await?))
    }

    /// Gives a template to users and groups, and takes it from them.
    ///
    /// # Errors
    /// As [`Templates::access`]; [`TemplateError::Settings`] for users and groups that do not
    /// exist.
    pub async fn change_access(
        &self,
        actor: &Actor,
        id: TemplateId,
        change: &AccessChange,
    ) -> Result<(), TemplateError> {
        let mut tx = self.core.begin().await?;
        let mut template = match locked(on(&mut tx), actor, id, Action::Update).await {
            Err(TemplateError::Denied) => return Err(TemplateError::NotFound),
            other => other?,
        };
        let faults = unknown(on(&mut tx), &template, change).await?;
        if !faults.is_empty() {
            return Err(TemplateError::Settings(faults));
        }
        let before = template.clone();
        change.apply(&mut template);
        template.updated_at = self.core.now();
        templates::update(on(&mut tx), &template).await?;
        let now = template.updated_at;
        audit::record(on(&mut tx), actor, Some(&before), Some(&template), now).await?;
        commit(tx).await?;
        self.core.events.publish(Event::Template(id));
        Ok(())
    }
}

fn check_changeable(actor: &Actor, template: &Template) -> Result<(), TemplateError> {
    if actor.may(Action::Update, &template.object()) {
        Ok(())
    } else {
        Err(TemplateError::NotFound)
    }
}

/// A fault for each user and group that is to get a role and does not exist. What is gone may
/// still lose its role.
async fn unknown(
    conn: &mut sqlx::PgConnection,
    template: &Template,
    change: &AccessChange,
) -> Result<Vec<Fault>, StoreError> {
    let given = |role: &Option<TemplateRole>| role.is_some();
    let user_ids: Vec<UserId> = (change.users.iter().filter(|(_, role)| given(role)))
        .map(|(id, _)| *id)
        .collect();
    let group_ids: Vec<GroupId> = (change.groups.iter().filter(|(_, role)| given(role)))
        .map(|(id, _)| *id)
        .collect();
    let users = users::list_by_ids(conn, &user_ids).await?;
    let wanted = Wanted {
        organization: Some(template.organization_id),
        ids: Some(&group_ids),
        ..Wanted::default()
    };
    let groups = groups::load_all(conn, wanted).await?;
    let no_user = user_ids
        .iter()
        .filter(|id| !users.iter().any(|user| user.id == **id))
        .map(|id| Fault::new("user_perms", format!("there is no user {id}")));
    let no_group = group_ids
        .iter()
        .filter(|id| !groups.iter().any(|found| found.group.id == **id))
        .map(|id| {
            let detail = format!("there is no group {id} in the template's organization");
            Fault::new("group_perms", detail)
        });
    Ok(no_user.chain(no_group).collect())
}
