//! Which release's API this server speaks.

/// The incumbent's release whose behaviour this server keeps; its clients compare it with their own.
pub const API_VERSION: &str = "v2.19.3";
/// The agent REST API's version.
pub const AGENT_API_VERSION: &str = "1.0";
/// The newest provisioner daemon protocol spoken.
pub const PROVISIONER_API_VERSION: &str = "1.2";
