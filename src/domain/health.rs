//! How the deployment does: what was looked at and what it means. No I/O.

use std::time::Duration;

use super::{clock::Timestamp, daemons::Daemon, text_enum::text_enum};

/// An answer of the database that takes longer is a warning.
pub const SLOW_DATABASE: Duration = Duration::from_millis(15);

text_enum! {
    /// A part of the report, which administrators can mute.
    #[sqlx(type_name = "text")]
    pub enum HealthSection {
        /// The relays.
        Derp = "DERP",
        /// The address under which users come.
        AccessUrl = "AccessURL",
        /// Websockets.
        Websocket = "Websocket",
        /// The database.
        Database = "Database",
        /// Proxies for workspace traffic.
        WorkspaceProxy = "WorkspaceProxy",
        /// The daemons.
        ProvisionerDaemons = "ProvisionerDaemons",
    }
}

/// What was found.
#[derive(Debug)]
pub struct Health {
    /// When.
    pub at: Timestamp,
    /// Parts that administrators have muted.
    pub dismissed: Vec<HealthSection>,
    /// How long the database took, or why it gave no answer.
    pub database: Result<Duration, String>,
    /// What the server answered at its access URL, or why it could not be reached there.
    pub access: Result<AccessAnswer, String>,
    /// All daemons.
    pub daemons: Vec<Daemon>,
}

/// An answer at the access URL.
#[derive(Debug)]
pub struct AccessAnswer {
    /// Its status.
    pub status: u16,
    /// The beginning of its body.
    pub body: String,
}
