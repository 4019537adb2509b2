//! The audit log as a file: a line of JSON for each entry, or a table for spreadsheets.

use super::{audit::AuditLog, json};
use crate::domain::{audit::Record, text_enum::text_enum};

text_enum! {
    /// The form of an exported audit log.
    #[sqlx(type_name = "text")]
    pub enum ExportFormat {
        /// An object a line, as lists show entries.
        Jsonl = "jsonl",
        /// A table with a line of names (RFC 4180).
        Csv = "csv",
    }
}

/// The columns of the table.
const COLUMNS: [&str; 20] = [
    "time",
    "id",
    "request_id",
    "user_id",
    "username",
    "email",
    "ip",
    "user_agent",
    "organization_id",
    "organization",
    "resource_type",
    "resource_id",
    "resource_target",
    "action",
    "status_code",
    "description",
    "resource_link",
    "is_deleted",
    "diff",
    "additional_fields",
];

impl ExportFormat {
    /// The content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }

    /// What a browser is told to do with the file.
    #[must_use]
    pub const fn disposition(self) -> &'static str {
        match self {
            Self::Jsonl => "attachment; filename=\"audit.jsonl\"",
            Self::Csv => "attachment; filename=\"audit.csv\"",
        }
    }

    /// What comes before the first entry.
    #[must_use]
    pub fn head(self) -> String {
        match self {
            Self::Jsonl => String::new(),
            Self::Csv => line(COLUMNS.map(str::to_owned)),
        }
    }

    /// Some entries.
    ///
    /// # Errors
    /// When one cannot be written as JSON.
    pub fn rows(self, records: Vec<Record>) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = Vec::new();
        for record in records {
            let entry = AuditLog::from(record);
            match self {
                // It ends with a newline.
                Self::Jsonl => text.extend(json::to_vec(&entry)?),
                Self::Csv => text.extend(row(entry).into_bytes()),
            }
        }
        Ok(text)
    }
}

fn row(entry: AuditLog) -> String {
    let user = entry.user.as_ref();
    let user_id = user.map(|user| user.id.to_string());
    line([
        entry.time.to_string(),
        entry.id.to_string(),
        entry.request_id.to_string(),
        user_id.unwrap_or_default(),
        harmless(user.map_or("", |user| user.username.as_str())),
        harmless(user.map_or("", |user| user.email.as_str())),
        harmless(&entry.ip),
        harmless(&entry.user_agent),
        entry.organization_id.to_string(),
        harmless(
            entry
                .organization
                .as_ref()
                .map_or("", |it| it.name.as_str()),
        ),
        entry.resource_type.as_str().to_owned(),
        entry.resource_id.to_string(),
        harmless(&entry.resource_target),
        entry.action.as_str().to_owned(),
        entry.status_code.to_string(),
        entry.description,
        harmless(&entry.resource_link),
        entry.is_deleted.to_string(),
        entry.diff.to_string(),
        entry.additional_fields.to_string(),
    ])
}

/// A text that others chose: spreadsheets take some first characters for the begin of a formula,
/// so that an apostrophe is put before them.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn line(cells: [String; COLUMNS.len()]) -> String {
    let quoted = cells.map(|cell| {
        if cell.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    });
    quoted.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_begin_a_formula() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("curl/8"), "curl/8");
        let mut cells = COLUMNS.map(|_| String::new());
        cells[0] = "a \"b\", c".to_owned();
        assert!(line(cells).starts_with("\"a \"\"b\"\", c\",,"));
    }
}
