//! The forms a setting's text may have: durations, switches, lists and addresses as Go
//! programs write them. Owns parsing only; what a value is for stands with its setting.

use std::{fmt, str::FromStr, time::Duration};

/// On or off, in any spelling Go's `strconv.ParseBool` takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Switch(pub(super) bool);

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Self(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Self(false)),
            _ => Err("write true or false".to_owned()),
        }
    }
}

/// A span of time in Go's form: `24h0m0s`, `1.5h`, `100ms`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span(pub(super) Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write a duration such as 24h0m0s, 90m or 100ms";
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        if rest.starts_with('-') {
            return Err("a duration below zero has no meaning here".to_owned());
        }
        if rest.is_empty() {
            return Err(FORM.to_owned());
        }
        let mut total = Duration::ZERO;
        while !rest.is_empty() {
            let number_length = rest
                .find(|character: char| !character.is_ascii_digit() && character != '.')
                .ok_or("the unit is missing at the end; write h, m, s, ms, us or ns")?;
            let (number, tail) = rest.split_at(number_length);
            let unit_length = tail
                .find(|character: char| character.is_ascii_digit() || character == '.')
                .unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_length);
            let number: f64 = number.parse().ok().ok_or(FORM)?;
            let seconds = number * seconds_in(unit).ok_or(FORM)?;
            total = Duration::try_from_secs_f64(seconds)
                .ok()
                .and_then(|part| total.checked_add(part))
                .filter(|sum| sum.as_nanos() <= i64::MAX.unsigned_abs().into())
                .ok_or("the duration is longer than 292 years")?;
            rest = tail;
        }
        Ok(Self(total))
    }
}

fn seconds_in(unit: &str) -> Option<f64> {
    match unit {
        "h" => Some(3600.0),
        "m" => Some(60.0),
        "s" => Some(1.0),
        "ms" => Some(1e-3),
        "us" | "µs" | "μs" => Some(1e-6),
        "ns" => Some(1e-9),
        _ => None,
    }
}

/// Several texts with commas between them; one that contains a comma stands in double quotes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct List(pub(super) Vec<String>);

impl FromStr for List {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut items = Vec::new();
        let mut item = String::new();
        let mut quoted = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    item.push('"');
                }
                '"' if quoted || item.is_empty() => quoted = !quoted,
                ',' if !quoted => items.push(std::mem::take(&mut item)),
                other => item.push(other),
            }
        }
        if quoted {
            return Err("a double quote is not closed".to_owned());
        }
        items.push(item);
        items.retain(|item| !item.is_empty());
        Ok(Self(items))
    }
}

/// Where to listen: a host name or address, and a port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// Empty for every address of the machine.
    pub host: String,
    /// Zero for any free port.
    pub port: u16,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write host:port, such as 127.0.0.1:3000";
        let (host, port) = text.rsplit_once(':').ok_or(FORM)?;
        let host = match host.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').ok_or(FORM)?,
            None if host.contains(':') => return Err(FORM.to_owned()),
            None => host,
        };
        let port = port
            .parse()
            .ok()
            .ok_or("the port is a number from 0 to 65535")?;
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let read = |text: &str| text.parse::<Span>().map(|span| span.0);
        assert_eq!(read("24h0m0s"), Ok(Duration::from_hours(24)));
        assert_eq!(read("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(read("1.5h"), Ok(Duration::from_mins(90)));
        assert_eq!(read("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(read("0"), Ok(Duration::ZERO));
        assert_eq!(read("876600h0m0s"), Ok(Duration::from_hours(876_600)));
        for wrong in ["", "7d", "100", "-1h", "h", "1..5s", "9999999h"] {
            assert!(read(wrong).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn lists_keep_quoted_commas() {
        let read = |text: &str| text.parse::<List>().map(|list| list.0);
        assert_eq!(
            read("a=b,\"c d,e\""),
            Ok(vec!["a=b".into(), "c d,e".into()])
        );
        assert_eq!(read("\"say \"\"hi\"\"\""), Ok(vec!["say \"hi\"".into()]));
        assert_eq!(read(""), Ok(vec![]));
        assert!(read("\"open").is_err());
    }

    #[test]
    fn addresses_may_name_no_host() {
        let read = |text: &str| text.parse::<Address>().map(|address| address.to_string());
        assert_eq!(read("127.0.0.1:3000"), Ok("127.0.0.1:3000".into()));
        assert_eq!(read(":80"), Ok(":80".into()));
        assert_eq!(read("[::1]:443"), Ok("[::1]:443".into()));
        for wrong in ["localhost", "::1", "host:99999", "[::1:80"] {
            assert!(read(wrong).is_err(), "{wrong} was taken");
        }
    }
}
