//! What a user is: its states and its ways to sign in. Who may do what is in `rights`.

use super::text_enum::text_enum;

text_enum! {
    /// Whether a user may use the deployment.
    #[sqlx(type_name = "user_status")]
    pub enum UserStatus {
        /// May sign in.
        Active = "active",
        /// Has not been seen for long; becomes active by any signed-in request.
        Dormant = "dormant",
        /// Is refused everywhere.
        Suspended = "suspended",
    }
}

text_enum! {
    /// How a user signs in, or how an API key came to be.
    #[sqlx(type_name = "login_type")]
    pub enum LoginType {
        /// With a password kept here.
        Password = "password",
        /// Through GitHub.
        Github = "github",
        /// Through an OpenID Connect provider.
        Oidc = "oidc",
        /// With an API token; only keys have this type.
        Token = "token",
        /// Not at all: a machine user.
        None = "none",
    }
}
