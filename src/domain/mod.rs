//! The pure part: ids, states and rules. No `await`, no HTTP, no SQL beyond `sqlx::Type` derives.

pub mod clock;

pub mod deadlines;

pub mod ids;

pub mod keys;

pub mod names;

pub mod passwords;

pub mod provisioning;

pub mod random;

pub mod rights;

pub mod schedule;

pub mod tokens;

pub mod users;

pub mod weekdays;

pub(crate) mod text_enum;
