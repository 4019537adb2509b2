//! Links that a deployment shows to its users.

/// A link.
#[derive(Clone, Default, PartialEq, Eq, Debug, serde::Deserialize)]
pub struct SupportLink {
    /// Its text.
    pub name: String,
    /// Where it leads.
    pub target: String,
    /// Its picture: a name that clients know, or a path.
    #[serde(default)]
    pub icon: String,
}
