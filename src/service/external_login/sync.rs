//! Memberships, groups and roles of who has just signed in, as the claims and the settings say.

use sqlx::PgConnection;

use crate::{
    domain::{
        clock::Timestamp,
        groups::{Group, GroupSource},
        identity::{Claims, OidcSettings, mapped, texts},
        idp_sync::GroupSync,
        ids::{GroupId, OrganizationId},
        organizations::Member,
        rights::roles::{OrganizationRole, SiteRole},
        users::User,
    },
    store::{StoreError, custom_roles, groups, idp_sync, members, organizations, users},
};

/// Brings all of it up to date in the transaction of the sign-in.
pub(super) async fn memberships(
    conn: &mut PgConnection,
    settings: &OidcSettings,
    user: &User,
    is_new: bool,
    claims: &Claims,
    now: Timestamp,
) -> Result<(), StoreError> {
    let default = organizations::default_id(conn).await?;
    let joined = follow_organizations(conn, settings, user, is_new, default, claims, now).await?;
    for organization in joined {
        let own = idp_sync::groups(conn, organization).await?;
        // What was set for the deployment holds for the default organization alone.
        let own = own.filter(|own| !own.field.is_empty());
        let inherited = (organization == default).then(|| settings.groups.clone());
        if let Some(sync) = own.or(inherited).filter(|sync| !sync.field.is_empty()) {
            follow_groups(conn, organization, user, &sync, claims).await?;
        }
        follow_roles(conn, organization, user, claims, now).await?;
    }
    if let Some(names) = settings.site_roles(claims) {
        let known = names.iter().filter_map(|name| SiteRole::parse(name));
        let mut roles: Vec<SiteRole> = known.filter(|role| *role != SiteRole::Member).collect();
        roles.sort_unstable();
        roles.dedup();
        if roles != user.site_roles {
            users::update_roles(conn, user.id, &roles, now).await?;
        }
    }
    Ok(())
}

/// The organizations that the user belongs to afterwards.
async fn follow_organizations(
    conn: &mut PgConnection,
    settings: &OidcSettings,
    user: &User,
    is_new: bool,
    default: OrganizationId,
    claims: &Claims,
    now: Timestamp,
) -> Result<Vec<OrganizationId>, StoreError> {
    let own = idp_sync::organizations(conn).await?;
    let sync = own.unwrap_or_else(|| settings.organizations.clone());
    let present = user.organization_ids.clone();
    let follows = !sync.field.is_empty();
    if !follows && !is_new {
        return Ok(present);
    }
    let mut wanted = if follows {
        sync.wanted(claims)
    } else {
        Vec::new()
    };
    if sync.assign_default || !follows {
        wanted.push(default);
    }
    wanted.sort_unstable();
    wanted.dedup();
    let wanted = organizations::existing(conn, &wanted).await?;
    for organization in wanted.iter().filter(|id| !present.contains(id)) {
        let member = Member {
            user_id: user.id,
            organization_id: *organization,
            roles: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        members::insert(conn, &member).await?;
    }
    for organization in present.iter().filter(|id| !wanted.contains(id)) {
        members::delete(conn, *organization, user.id).await?;
    }
    Ok(wanted)
}

async fn follow_groups(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: &User,
    sync: &GroupSync,
    claims: &Claims,
) -> Result<(), StoreError> {
    let mut wanted = sync.wanted(claims);
    wanted.names.sort_unstable();
    wanted.names.dedup();
    if sync.auto_create_missing_groups {
        for name in &wanted.names {
            groups::insert_missing(conn, &new_group(organization, name)).await?;
        }
    }
    groups::set_of_user(conn, organization, user.id, &wanted.ids, &wanted.names).await
}

fn new_group(organization: OrganizationId, name: &str) -> Group {
    Group {
        id: GroupId::random(),
        organization_id: organization,
        organization_name: String::new(),
        organization_display_name: String::new(),
        name: name.to_owned(),
        display_name: String::new(),
        avatar_url: String::new(),
        quota_allowance: 0,
        source: GroupSource::Oidc,
        total_member_count: 0,
    }
}

async fn follow_roles(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: &User,
    claims: &Claims,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sync = idp_sync::roles(conn, organization).await?;
    let Some(sync) = sync.filter(|sync| !sync.field.is_empty()) else {
        return Ok(());
    };
    let mut wanted: Vec<String> = mapped(&sync.mapping, texts(claims.get(&sync.field))).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let made_here = custom_roles::existing(conn, organization, &wanted).await?;
    wanted.retain(|name| {
        made_here.contains_key(name)
            || OrganizationRole::parse(name).is_some_and(|role| role != OrganizationRole::Member)
    });
    members::update_roles(conn, organization, user.id, &wanted, now).await
}
