//! Keys by which provisioner daemons on other machines come in: their names and their secrets.

use super::{
    clock::Timestamp,
    daemons::{BUILT_IN_KEY, SHARED_SECRET_KEY, USER_KEY},
    ids::{OrganizationId, ProvisionerKeyId},
    random,
    tags::Tags,
};

/// Letters and digits of a secret.
pub const SECRET_LENGTH: usize = 43;
/// Bytes in the longest name.
pub const NAME_LENGTH: usize = 64;

/// The names that stand for other ways to come in, with their ids.
pub const RESERVED: [(&str, ProvisionerKeyId); 3] = [
    ("built-in", BUILT_IN_KEY),
    ("user-auth", USER_KEY),
    ("psk", SHARED_SECRET_KEY),
];

/// A key without its secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProvisionerKey {
    /// Its id.
    pub id: ProvisionerKeyId,
    /// Whose jobs its daemons take.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The tags of its daemons.
    pub tags: Tags,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whether the name stands for another way to come in.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    RESERVED
        .iter()
        .any(|(reserved, _)| reserved.eq_ignore_ascii_case(name))
}

/// A new secret, to be told once.
#[must_use]
pub fn new_secret() -> String {
    random::alphanumeric(SECRET_LENGTH)
}
