//! What can go wrong in the store. Knows no rule and no HTTP.

use thiserror::Error;

/// A failure of the database or of what it holds.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A unique constraint refused a row.
    #[error("a row with this value exists ({constraint})")]
    Unique {
        /// The name of the constraint or index.
        constraint: String,
    },
    /// A foreign key, check or other constraint refused a row.
    #[error("a constraint refused the row ({constraint})")]
    Constraint {
        /// The name of the constraint.
        constraint: String,
    },
    /// A concurrent transaction won; trying again may succeed.
    #[error("a concurrent change won")]
    Serialization,
    /// A row breaks a rule that the schema cannot express.
    #[error("the row {id} of {table} has an impossible {column}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        id: String,
    },
    /// The schema could not be brought up to date.
    #[error("the migrations failed")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database could not be reached or answered unexpectedly.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether a unique constraint of this name refused the row.
    #[must_use]
    pub fn violates(&self, name: &str) -> bool {
        matches!(self, Self::Unique { constraint } if constraint == name)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return Self::Database(error);
        };
        let constraint = database.constraint().unwrap_or_default().to_owned();
        // SQLSTATE: 23505 unique, 23xxx other constraints, 40001 serialization, 40P01 deadlock.
        match database.code().as_deref() {
            Some("23505") => Self::Unique { constraint },
            Some("40001" | "40P01") => Self::Serialization,
            Some(code) if code.starts_with("23") => Self::Constraint { constraint },
            _ => Self::Database(error),
        }
    }
}
