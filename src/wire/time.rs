//! Times as the API writes them: RFC 3339 in UTC, the fraction without trailing zeros
//! (spec WS-13, WS-14).

use std::fmt;

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::clock::{self, Timestamp};

/// An instant in an answer or a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Timestamp);

impl Time {
    /// The year 1, which stands for "never" where null is not allowed.
    #[must_use]
    pub fn zero() -> Self {
        Self(clock::never())
    }

    /// Whether this is the year 1.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::zero()
    }

    /// The time, or the year 1 when there is none.
    #[must_use]
    pub fn or_zero(at: Option<Timestamp>) -> Self {
        at.map_or_else(Self::zero, Self)
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.timestamp_subsec_nanos() == 0 {
            return f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, true));
        }
        let text = self.0.to_rfc3339_opts(SecondsFormat::Micros, true);
        let digits = text.trim_end_matches('Z').trim_end_matches('0');
        f.write_str(digits.trim_end_matches('.'))?;
        f.write_str("Z")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|at| Self(at.to_utc()))
            .map_err(|error| {
                de::Error::custom(format_args!("{text:?} is not an RFC 3339 time: {error}"))
            })
    }
}

impl utoipa::PartialSchema for Time {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_trailing_zeros_only() {
        for (given, shown) in [
            ("2024-05-01T10:00:00.000000Z", "2024-05-01T10:00:00Z"),
            ("2024-05-01T10:00:00.100000Z", "2024-05-01T10:00:00.1Z"),
            ("2024-05-01T10:00:00.123456Z", "2024-05-01T10:00:00.123456Z"),
            ("2024-05-01T12:00:00+02:00", "2024-05-01T10:00:00Z"),
        ] {
            let time: Time = serde_json::from_value(given.into()).unwrap();
            assert_eq!(serde_json::to_value(time).unwrap(), shown);
        }
        assert_eq!(Time::zero().to_string(), "0001-01-01T00:00:00Z");
    }
}
