//! Making a template out of a version that has none.

use std::collections::BTreeMap;

use super::{TemplateError, Templates, audit, name_taken};
use crate::{
    domain::{
        faults::Fault,
        ids::{TemplateId, TemplateVersionId},
        jobs::ProvisionerKind,
        organizations::Organization,
        rights::{Action, actor::Actor},
        template_versions::TemplateVersion,
        templates::{NewSettings, Template, Usage, in_organization, open_to_everyone},
    },
    service::{commit, on, template_versions::audit_version},
    store::{template_versions, templates},
};

/// What a new template is made of.
#[derive(Debug)]
pub struct NewTemplate {
    /// Its name.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Its icon.
    pub icon: String,
    /// The version that becomes active.
    pub version: TemplateVersionId,
    /// The settings, or what is wrong with them: reported only where nothing graver is.
    pub settings: Result<NewSettings, Vec<Fault>>,
    /// Whether users may cancel jobs.
    pub allow_user_cancel_workspace_jobs: bool,
    /// Whether only those on the access list may use it.
    pub disable_everyone_group_access: bool,
}

impl Templates {
    /// Makes a template out of a version that has none (spec CO-82).
    ///
    /// # Errors
    /// When the name is taken, or the version is missing, archived or attached.
    pub async fn create(
        &self,
        actor: &Actor,
        organization: Organization,
        mut order: NewTemplate,
    ) -> Result<(Template, Usage), TemplateError> {
        let mut tx = self.core.begin().await?;
        let taken = templates::find_by_name(on(&mut tx), organization.id, &order.name).await?;
        if taken.is_some() {
            return Err(TemplateError::NameTaken(order.name));
        }
        let version = template_versions::lock(on(&mut tx), order.version)
            .await?
            .filter(|version| version.organization_id == organization.id)
            .ok_or(TemplateError::NoVersion)?;
        if version.archived {
            return Err(TemplateError::Archived);
        }
        if version.template_id.is_some() {
            return Err(TemplateError::Attached);
        }
        let settings = std::mem::replace(&mut order.settings, Ok(NewSettings::default()))
            .map_err(TemplateError::Settings)?;
        if !actor.may(Action::Create, &in_organization(organization.id)) {
            return Err(TemplateError::Denied);
        }
        let template = self.new_template(actor, organization, order, settings, version.provisioner);
        templates::insert(on(&mut tx), &template)
            .await
            .map_err(|error| name_taken(error, &template.name))?;
        let now = template.created_at;
        template_versions::attach(on(&mut tx), version.id, template.id, now).await?;
        let attached = TemplateVersion {
            template_id: Some(template.id),
            ..version.clone()
        };
        audit_version(on(&mut tx), actor, Some(&version), &attached, now).await?;
        audit::record(on(&mut tx), actor, None, Some(&template), now).await?;
        commit(tx).await?;
        Ok(self.with_usage(template).await?)
    }

    fn new_template(
        &self,
        actor: &Actor,
        organization: Organization,
        order: NewTemplate,
        settings: NewSettings,
        provisioner: ProvisionerKind,
    ) -> Template {
        let now = self.core.now();
        let acl_groups = if order.disable_everyone_group_access {
            BTreeMap::new()
        } else {
            open_to_everyone(organization.id)
        };
        Template {
            id: TemplateId::random(),
            organization_id: organization.id,
            organization_name: organization.name,
            organization_display_name: organization.display_name,
            organization_icon: organization.icon,
            created_by: actor.id,
            created_by_name: actor.username.clone(),
            name: order.name,
            display_name: order.display_name,
            description: order.description,
            icon: order.icon,
            provisioner,
            active_version_id: order.version,
            deleted: false,
            deprecated: String::new(),
            schedule: settings.schedule,
            failure_ttl: settings.failure_ttl,
            time_til_dormant: settings.time_til_dormant,
            time_til_dormant_autodelete: settings.time_til_dormant_autodelete,
            allow_user_cancel_workspace_jobs: order.allow_user_cancel_workspace_jobs,
            require_active_version: settings.require_active_version,
            max_port_share_level: settings.max_port_share_level,
            acl_users: BTreeMap::new(),
            acl_groups,
            created_at: now,
            updated_at: now,
        }
    }
}
