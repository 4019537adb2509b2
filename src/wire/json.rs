//! Writes JSON as Go's encoder does: `<`, `>`, `&`, U+2028 and U+2029 escaped, one newline
//! at the end (spec WS-3). Reads nothing.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

struct HtmlSafe;

impl Formatter for HtmlSafe {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            writer.write_all(&rest.as_bytes()[..at])?;
            let tail = &rest[at..];
            let Some(found) = tail.chars().next() else {
                break;
            };
            write!(writer, "\\u{:04x}", u32::from(found))?;
            rest = &tail[found.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Serializes a value and ends it with a newline.
///
/// # Errors
/// When the value refuses to be serialized: a map with keys that are no strings.
pub fn to_vec(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut out = to_vec_inline(value)?;
    out.push(b'\n');
    Ok(out)
}

/// Serializes a value without the newline, for one line of an event stream.
///
/// # Errors
/// As [`to_vec`].
pub fn to_vec_inline(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(1024);
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut out, HtmlSafe,
    ))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_page_could_read_as_markup() {
        let text = String::from_utf8(to_vec(&"a<b>&\u{2028}é\"\n").unwrap()).unwrap();
        assert_eq!(text, "\"a\\u003cb\\u003e\\u0026\\u2028é\\\"\\n\"\n");
    }
}
