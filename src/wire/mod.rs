//! The JSON shapes of the API, one file per noun, and the oddities of the encoding they
//! share with the incumbent's Go encoder. Owns shapes and conversions from `domain`;
//! decides nothing.

pub mod audit;

pub mod audit_export;

pub mod authcheck;

pub mod builds;

pub mod daemons;

pub mod decode;

pub mod deployment;

pub mod deployment_settings;

pub mod files;

pub mod health;

pub mod idp_sync;

pub mod groups;

pub mod jobs;

pub mod json;

pub mod keys;

pub mod licenses;

pub mod meta;

pub mod notifications;

pub mod organizations;

pub mod provisioner_keys;

pub mod quiet_hours;

pub mod quotas;

pub mod resources;

pub mod response;

pub mod roles;

mod setting_places;

pub mod sign_in;

pub mod scim;

pub mod ssh_keys;

pub mod template_access;

pub mod template_requests;

pub mod template_versions;

pub mod template_wishes;

pub mod templates;

pub mod time;

pub mod users;

pub mod validate;

pub mod workspaces;
