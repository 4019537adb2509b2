//! Why builds happen and what workspaces do about new versions.

use super::text_enum::text_enum;

text_enum! {
    /// Why a build was made.
    #[sqlx(type_name = "build_reason")]
    pub enum BuildReason {
        /// Somebody asked for it.
        Initiator = "initiator",
        /// The schedule said so.
        Autostart = "autostart",
        /// The deadline came.
        Autostop = "autostop",
        /// The workspace lay unused for too long.
        Dormancy = "dormancy",
        /// The workspace lay dormant for too long.
        Autodelete = "autodelete",
    }
}

text_enum! {
    /// Whether a workspace takes the active version at its next start.
    #[sqlx(type_name = "automatic_updates")]
    pub enum AutomaticUpdates {
        /// It does.
        Always = "always",
        /// It stays with its version.
        Never = "never",
    }
}
