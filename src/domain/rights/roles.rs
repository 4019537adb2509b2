//! The roles, their names, and who may give which to whom.

use crate::domain::text_enum::text_enum;

text_enum! {
    /// A role that holds for the whole deployment.
    #[sqlx(type_name = "text")]
    pub enum SiteRole {
        /// May do nearly everything.
        Owner = "owner",
        /// Reads what explains the deployment.
        Auditor = "auditor",
        /// Cares for templates.
        TemplateAdmin = "template-admin",
        /// Cares for users and groups.
        UserAdmin = "user-admin",
        /// What every user has without being given it.
        Member = "member",
    }
}

impl SiteRole {
    /// The title that interfaces show.
    #[must_use]
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Auditor => "Auditor",
            Self::TemplateAdmin => "Template Admin",
            Self::UserAdmin => "User Admin",
            Self::Member => "Member",
        }
    }

    /// Whether the holder may give (and take) this role of the site.
    #[must_use]
    pub fn may_assign(self, role: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::UserAdmin => role == Self::Member,
            Self::Auditor | Self::TemplateAdmin | Self::Member => false,
        }
    }

    /// Whether the holder may give (and take) this role of any organization.
    #[must_use]
    pub fn may_assign_in_organization(self, role: OrganizationRole) -> bool {
        match self {
            Self::Owner => true,
            Self::UserAdmin => role == OrganizationRole::Member,
            Self::Auditor | Self::TemplateAdmin | Self::Member => false,
        }
    }

    /// Whether the holder may give (and take) roles that were made for any organization.
    #[must_use]
    pub fn may_assign_custom(self) -> bool {
        self == Self::Owner
    }
}

text_enum! {
    /// A role that holds within one organization.
    #[sqlx(type_name = "text")]
    pub enum OrganizationRole {
        /// May do nearly everything there.
        Admin = "organization-admin",
        /// Reads the audit log there.
        Auditor = "organization-auditor",
        /// Cares for templates there.
        TemplateAdmin = "organization-template-admin",
        /// Cares for members and groups there.
        UserAdmin = "organization-user-admin",
        /// What every member has without being given it.
        Member = "organization-member",
    }
}

impl OrganizationRole {
    /// The title that interfaces show; the implied role has none.
    #[must_use]
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::Admin => "Organization Admin",
            Self::Auditor => "Organization Auditor",
            Self::TemplateAdmin => "Organization Template Admin",
            Self::UserAdmin => "Organization User Admin",
            Self::Member => "",
        }
    }

    /// Whether the holder may give (and take) this role in the same organization.
    #[must_use]
    pub fn may_assign(self, role: Self) -> bool {
        match self {
            Self::Admin => true,
            Self::UserAdmin => role == Self::Member,
            Self::Auditor | Self::TemplateAdmin | Self::Member => false,
        }
    }

    /// Whether the holder may give (and take) roles that were made for the same organization.
    #[must_use]
    pub fn may_assign_custom(self) -> bool {
        self == Self::Admin
    }
}
