//! Entity tags and `If-None-Match` (RFC 9110, 8.8.3 and 13.1.2): what a body is made from, in
//! short, and whether a client has that body already. Knows no request.
//!
//! A tag says until when its body stays true by itself: agents that fall silent change it with
//! nothing written anywhere. So whether a tag still fits is known without loading anything.

use std::fmt;

use chrono::DateTime;
use sha2::{Digest as _, Sha256};

use super::clock::Timestamp;

/// Adds up what a body is made from.
#[derive(Clone, Debug)]
pub struct Summary(Sha256);

impl Summary {
    /// Begins with what shapes all bodies.
    #[must_use]
    pub fn new(form: &str) -> Self {
        let mut summary = Self(Sha256::new());
        summary.bytes(form.as_bytes());
        summary
    }

    /// Adds a number.
    pub fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    /// Adds bytes; those of different lengths do not run into each other.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes.len().to_be_bytes());
        self.0.update(bytes);
    }

    /// The sum, the same on all replicas.
    #[must_use]
    pub fn sum(self) -> Sum {
        let mut half = [0; 16];
        half.copy_from_slice(&self.0.finalize()[..16]);
        Sum(u128::from_be_bytes(half))
    }
}

/// What a body is made from, in short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sum(u128);

/// A weak entity tag: bodies of the same tag say the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntityTag {
    /// What the body is made from.
    pub sum: Sum,
    /// The last instant at which it is true; `None` when only a change ends that.
    pub until: Option<Timestamp>,
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W/\"{:032x}", self.sum.0)?;
        if let Some(until) = self.until {
            write!(f, "-{:x}", until.timestamp_micros())?;
        }
        f.write_str("\"")
    }
}

impl EntityTag {
    /// Reads what stands between the quotes; `None` for a tag that is not ours.
    fn parse(opaque: &str) -> Option<Self> {
        let (sum, until) = match opaque.split_once('-') {
            Some((sum, until)) => (sum, Some(i64::from_str_radix(until, 16).ok()?)),
            None => (opaque, None),
        };
        if sum.len() != 32 {
            return None;
        }
        Some(Self {
            sum: Sum(u128::from_str_radix(sum, 16).ok()?),
            until: match until {
                Some(micros) => Some(DateTime::from_timestamp_micros(micros)?),
                None => None,
            },
        })
    }
}

/// What a client says it has.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum IfNoneMatch {
    /// Nothing.
    #[default]
    Absent,
    /// Whatever there is.
    Any,
    /// Bodies of these tags; tags that are not ours are left out.
    Tags(Vec<EntityTag>),
}

impl IfNoneMatch {
    /// Reads the values of the header; from where a value is malformed on it is not read.
    #[must_use]
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut tags = None;
        for value in values {
            if value.trim() == "*" {
                return Self::Any;
            }
            let tags = tags.get_or_insert_with(Vec::new);
            let mut rest = value;
            loop {
                rest = rest.trim_start_matches([' ', '\t', ',']);
                rest = rest.strip_prefix("W/").unwrap_or(rest);
                let Some((opaque, after)) = rest
                    .strip_prefix('"')
                    .and_then(|quoted| quoted.split_once('"'))
                else {
                    break;
                };
                tags.extend(EntityTag::parse(opaque));
                rest = after;
            }
        }
        tags.map_or(Self::Absent, Self::Tags)
    }

    /// The tag by which the client has the body of this sum, if it has and that is still true.
    #[must_use]
    pub fn matching(&self, sum: Sum, now: Timestamp) -> Option<EntityTag> {
        let Self::Tags(tags) = self else {
            return None;
        };
        let fits = |tag: &&EntityTag| tag.sum == sum && tag.until.is_none_or(|until| now <= until);
        tags.iter().find(fits).copied()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn tag(until: Option<Timestamp>) -> EntityTag {
        let mut summary = Summary::new("test");
        summary.number(7);
        EntityTag {
            sum: summary.sum(),
            until,
        }
    }

    #[test]
    fn a_tag_is_read_as_it_was_written() {
        let until = DateTime::from_timestamp_micros(1_767_603_600_123_456);
        for tag in [tag(None), tag(until)] {
            let text = tag.to_string();
            for header in [
                text.clone(),
                text.trim_start_matches("W/").to_owned(),
                format!("\"other, with a comma\" ,{text}"),
                format!("W/\"x\",\t{text} , \"y\""),
            ] {
                let read = IfNoneMatch::parse([header.as_str()]);
                assert_eq!(read, IfNoneMatch::Tags(vec![tag]), "{header}");
            }
        }
    }

    #[test]
    fn headers_add_up_and_nonsense_is_not_read() {
        let text = tag(None).to_string();
        assert_eq!(IfNoneMatch::parse([]), IfNoneMatch::Absent);
        assert_eq!(IfNoneMatch::parse([" * "]), IfNoneMatch::Any);
        assert_eq!(IfNoneMatch::parse(["\"a\"", "*"]), IfNoneMatch::Any);
        assert_eq!(
            IfNoneMatch::parse(["\"a\"", text.as_str()]),
            IfNoneMatch::Tags(vec![tag(None)])
        );
        for nonsense in ["", "abc", "\"", "W/", "\"é\"", "\"0-g\"", "w/\"a\""] {
            assert_eq!(
                IfNoneMatch::parse([nonsense]),
                IfNoneMatch::Tags(Vec::new()),
                "{nonsense}"
            );
        }
    }

    #[test]
    fn a_tag_fits_until_its_instant() {
        let until = DateTime::from_timestamp_micros(1_000_000).unwrap();
        let sum = tag(None).sum;
        let client = IfNoneMatch::Tags(vec![tag(Some(until))]);
        assert_eq!(client.matching(sum, until), Some(tag(Some(until))));
        let later = until + TimeDelta::microseconds(1);
        assert_eq!(client.matching(sum, later), None);
        let mut other = Summary::new("test");
        other.number(8);
        assert_eq!(client.matching(other.sum(), until), None);
    }
}
