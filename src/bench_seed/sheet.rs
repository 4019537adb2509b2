//! One table being filled by COPY, in Postgres' text format. Knows no table.

use std::fmt::Write as _;

use anyhow::ensure;
use sqlx::{PgConnection, postgres::PgCopyIn};
use uuid::Uuid;

use crate::domain::{clock::Timestamp, ids::Id};

/// Bytes that gather before they are sent.
const CHUNK: usize = 256 * 1024;

/// An open COPY into one table.
pub(super) struct Sheet<'c> {
    copy: PgCopyIn<&'c mut PgConnection>,
    columns: usize,
    rows: u64,
    waiting: String,
}

impl<'c> Sheet<'c> {
    /// Begins; what is not named in `columns` gets its default.
    pub(super) async fn open(
        conn: &'c mut PgConnection,
        table: &str,
        columns: &[&str],
    ) -> anyhow::Result<Self> {
        let statement = format!("COPY {table} ({}) FROM STDIN", columns.join(", "));
        Ok(Self {
            copy: conn.copy_in_raw(&statement).await?,
            columns: columns.len(),
            rows: 0,
            waiting: String::with_capacity(2 * CHUNK),
        })
    }

    /// Adds a row: one field for each column, in their order.
    pub(super) async fn add(&mut self, fields: &[&(dyn Field + Sync)]) -> anyhow::Result<()> {
        ensure!(
            fields.len() == self.columns,
            "{} fields for {} columns",
            fields.len(),
            self.columns
        );
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                self.waiting.push('\t');
            }
            field.write(&mut self.waiting);
        }
        self.waiting.push('\n');
        self.rows += 1;
        if self.waiting.len() >= CHUNK {
            self.copy.send(self.waiting.as_bytes()).await?;
            self.waiting.clear();
        }
        Ok(())
    }

    /// Ends, and checks that every row arrived. A sheet that is dropped instead leaves nothing.
    pub(super) async fn close(mut self) -> anyhow::Result<()> {
        self.copy.send(self.waiting.as_bytes()).await?;
        let arrived = self.copy.finish().await?;
        ensure!(
            arrived == self.rows,
            "{arrived} of {} rows arrived",
            self.rows
        );
        Ok(())
    }
}

/// A value as COPY reads it.
pub(super) trait Field {
    /// Appends the value.
    fn write(&self, out: &mut String);
}

impl Field for &str {
    fn write(&self, out: &mut String) {
        for character in self.chars() {
            match character {
                '\\' => out.push_str("\\\\"),
                '\t' => out.push_str("\\t"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                other => out.push(other),
            }
        }
    }
}

impl Field for String {
    fn write(&self, out: &mut String) {
        self.as_str().write(out);
    }
}

/// A `bytea`.
impl Field for Vec<u8> {
    fn write(&self, out: &mut String) {
        out.push_str("\\\\x");
        for byte in self {
            put(out, format_args!("{byte:02x}"));
        }
    }
}

impl Field for bool {
    fn write(&self, out: &mut String) {
        out.push(if *self { 't' } else { 'f' });
    }
}

impl Field for i32 {
    fn write(&self, out: &mut String) {
        put(out, format_args!("{self}"));
    }
}

impl Field for i64 {
    fn write(&self, out: &mut String) {
        put(out, format_args!("{self}"));
    }
}

impl Field for Uuid {
    fn write(&self, out: &mut String) {
        put(out, format_args!("{self}"));
    }
}

impl Field for Timestamp {
    fn write(&self, out: &mut String) {
        put(
            out,
            format_args!("{}", self.format("%Y-%m-%d %H:%M:%S%.6f+00")),
        );
    }
}

impl<I: Id> Field for I {
    fn write(&self, out: &mut String) {
        self.uuid().write(out);
    }
}

impl<F: Field> Field for Option<F> {
    fn write(&self, out: &mut String) {
        match self {
            Some(field) => field.write(out),
            None => out.push_str("\\N"),
        }
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    out.write_fmt(text).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(field: &dyn Field) -> String {
        let mut out = String::new();
        field.write(&mut out);
        out
    }

    #[test]
    fn text_cannot_break_out_of_its_field() {
        assert_eq!(written(&"a\tb\nc\\N\r"), "a\\tb\\nc\\\\N\\r");
    }

    #[test]
    fn absent_is_not_empty() {
        assert_eq!(written(&None::<i32>), "\\N");
        assert_eq!(written(&""), "");
        assert_eq!(written(&Some(7)), "7");
    }

    #[test]
    fn bytes_are_hexadecimal() {
        assert_eq!(written(&vec![0_u8, 255]), "\\\\x00ff");
    }
}
