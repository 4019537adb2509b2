//! Extractors that reject in the API's own error shape. They read requests; they decide nothing.

mod actor;
mod body;
mod client;
mod keyed;
mod known_tags;
mod params;
mod seen;
mod workspace;

pub use actor::{AgentToken, OptionalActor, SESSION_COOKIE, SESSION_HEADER, cookie, session_token};
pub use body::{BodyBytes, Json, OptionalJson};
pub use client::Client;
pub use keyed::Keyed;
pub use known_tags::KnownTags;
pub use params::{Path, Query, QueryMap};
pub use seen::{ChangeableGroup, SeenOrganization, SeenTemplate, SeenVersion};
pub use workspace::{SeenBuild, SeenWorkspace};
