//! What values a parameter may have: by its type, and within its limits.

use regex::Regex;

use crate::terraform_provider::value::Value;

/// What a parameter holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ParameterType {
    Text,
    Number,
    Bool,
    List,
}

impl ParameterType {
    pub(super) fn read(text: &str) -> Self {
        match text {
            "number" => Self::Number,
            "bool" => Self::Bool,
            "list(string)" => Self::List,
            _ => Self::Text,
        }
    }

    /// Tells what is wrong with a value.
    pub(super) fn check(self, value: &str) -> Result<(), String> {
        match self {
            Self::Number if number(value).is_none() => Err(format!("{value:?} is not a number")),
            Self::Bool if !is_bool(value) => Err(format!("{value:?} is not a bool")),
            Self::List if serde_json::from_str::<Vec<String>>(value).is_err() => {
                Err(format!("{value:?} is not an array of strings"))
            }
            _ => Ok(()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::List => "list(string)",
        }
    }
}

/// The limits that a template sets.
pub(super) struct Limits<'a> {
    least: Option<i64>,
    most: Option<i64>,
    monotonic: &'a str,
    pattern: &'a str,
    error: &'a str,
}

impl<'a> Limits<'a> {
    pub(super) fn of(block: &'a Value) -> Self {
        let text = |name| block.attribute(name).as_text().unwrap_or_default();
        Self {
            least: block.attribute("min").as_whole(),
            most: block.attribute("max").as_whole(),
            monotonic: text("monotonic"),
            pattern: text("regex"),
            error: text("error"),
        }
    }

    /// Tells what is wrong with a value, or with the limits themselves.
    pub(super) fn check(&self, kind: ParameterType, value: &str) -> Result<(), String> {
        if kind != ParameterType::Number {
            let set = [
                ("min", self.least.is_some()),
                ("max", self.most.is_some()),
                ("monotonic", !self.monotonic.is_empty()),
            ];
            if let Some((name, _)) = set.iter().find(|(_, set)| *set) {
                let kind = kind.name();
                return Err(format!("a {name} cannot be specified for a {kind} type"));
            }
        }
        if kind != ParameterType::Text && !self.pattern.is_empty() {
            let kind = kind.name();
            return Err(format!("a regex cannot be specified for a {kind} type"));
        }
        match kind {
            ParameterType::Bool if !["true", "false"].contains(&value) => Err(format!(
                "boolean value can be either \"true\" or \"false\", not {value:?}"
            )),
            ParameterType::Bool | ParameterType::List => kind.check(value),
            ParameterType::Text => self.check_text(value),
            ParameterType::Number => self.check_number(value),
        }
    }

    fn check_text(&self, value: &str) -> Result<(), String> {
        if self.pattern.is_empty() {
            return Ok(());
        }
        let pattern = Regex::new(self.pattern)
            .map_err(|reason| format!("the regex {:?} cannot be used: {reason}", self.pattern))?;
        if self.error.is_empty() {
            return Err("an error must be specified with a regex validation".to_owned());
        }
        if pattern.is_match(value) {
            return Ok(());
        }
        Err(format!(
            "{} (value {value:?} does not match {:?})",
            self.error, self.pattern
        ))
    }

    fn check_number(&self, value: &str) -> Result<(), String> {
        let Some(number) = number(value) else {
            return Err(format!("value {value:?} is not a number"));
        };
        let refuse = |usual: String| {
            if self.error.is_empty() {
                return Err(usual);
            }
            let bound = |bound: Option<i64>| bound.unwrap_or_default().to_string();
            let text = self.error.replace("{min}", &bound(self.least));
            let text = text.replace("{max}", &bound(self.most));
            Err(text.replace("{value}", value))
        };
        if let Some(least) = self.least
            && number < least
        {
            return refuse(format!("value {value} is less than the minimum {least}"));
        }
        if let Some(most) = self.most
            && number > most
        {
            return refuse(format!("value {value} is more than the maximum {most}"));
        }
        if !["", "increasing", "decreasing"].contains(&self.monotonic) {
            return Err(format!(
                "monotonic must be \"increasing\" or \"decreasing\", not {:?}",
                self.monotonic
            ));
        }
        Ok(())
    }
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// The spellings that count as true or false in a template.
fn is_bool(text: &str) -> bool {
    const SPELLINGS: [&str; 12] = [
        "1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False",
    ];
    SPELLINGS.contains(&text)
}
