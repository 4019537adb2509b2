//! What an identity provider says of a user over SCIM (RFC 7643), as far as it counts here.

/// A user that a provider wants to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The primary e-mail address.
    pub email: String,
    /// The username that is free of the provider's form.
    pub username: String,
    /// The full name; may be empty.
    pub name: String,
    /// Whether the user may come in.
    pub active: bool,
}
