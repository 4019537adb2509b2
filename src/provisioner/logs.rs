//! From what Terraform writes to job log lines: machine-readable lines of plan and apply,
//! plain lines of everything else, and diagnostics as readable text.
//! Source: spec/provisioning.md section 1.6.

use serde::Deserialize;

use crate::domain::provisioning::LogLevel;

/// A log line before it has a time and a stage.
pub type Line = (LogLevel, String);

/// One machine-readable line.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
pub struct Message {
    #[serde(rename = "@level")]
    level: String,
    #[serde(rename = "@message")]
    text: String,
    /// When it was written, as text.
    #[serde(rename = "@timestamp")]
    pub timestamp: String,
    /// What kind of event it tells.
    #[serde(rename = "type")]
    pub kind: String,
    /// The resource and the action it is about.
    pub hook: Option<Hook>,
    diagnostic: Option<Diagnostic>,
}

/// What an event is about.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// What is done: `create`, `read`, ...
    pub action: String,
    /// To which resource.
    pub resource: HookResource,
}

/// A resource as events name it.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
pub struct HookResource {
    /// The address.
    pub addr: String,
    /// The provider's short name.
    pub implied_provider: String,
}

#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
struct Diagnostic {
    severity: String,
    detail: String,
    range: Option<Range>,
    snippet: Option<Snippet>,
}

#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
struct Range {
    filename: String,
    start: Position,
}

#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
struct Position {
    line: u64,
}

#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
struct Snippet {
    context: Option<String>,
    code: String,
    start_line: u64,
    values: Option<Vec<SnippetValue>>,
}

#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
struct SnippetValue {
    traversal: String,
    statement: String,
}

impl Message {
    /// Reads a line; `None` when it is not machine-readable.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The log lines it stands for: its text, then its diagnostic.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let level = level_or_info(&self.level, &mut lines);
        lines.push((level, self.text.clone()));
        if let Some(diagnostic) = &self.diagnostic {
            let severity = level_or_info(&diagnostic.severity, &mut lines);
            let text = diagnostic.render();
            lines.extend(text.split('\n').map(|line| (severity, line.to_owned())));
        }
        lines
    }
}

/// A line of plan or apply that is not machine-readable: blank ones are dropped.
#[must_use]
pub fn stray_line(line: &str) -> Option<Line> {
    (!line.trim().is_empty()).then(|| (LogLevel::Info, line.to_owned()))
}

/// A line of init, or of standard error, at the level usual for its stream. Lines of
/// Terraform's own log carry their level; the finest are dropped.
#[must_use]
pub fn plain_line(line: &str, usual: LogLevel) -> Option<Line> {
    if line.trim().is_empty() {
        return None;
    }
    let own = Message::read(line).and_then(|message| Some((level(&message.level)?, message.text)));
    match own {
        None => Some((usual, line.to_owned())),
        Some((LogLevel::Trace, _)) => None,
        Some((LogLevel::Info, text)) => Some((LogLevel::Debug, text)),
        Some(line) => Some(line),
    }
}

fn level(name: &str) -> Option<LogLevel> {
    match name.to_lowercase().as_str() {
        "trace" => Some(LogLevel::Trace),
        "debug" => Some(LogLevel::Debug),
        "info" => Some(LogLevel::Info),
        "warn" | "warning" => Some(LogLevel::Warn),
        "error" => Some(LogLevel::Error),
        _ => None,
    }
}

fn level_or_info(name: &str, lines: &mut Vec<Line>) -> LogLevel {
    level(name).unwrap_or_else(|| {
        lines.push((
            LogLevel::Warn,
            format!("unable to convert log level {name}"),
        ));
        LogLevel::Info
    })
}

impl Diagnostic {
    fn render(&self) -> String {
        let mut lines = Vec::new();
        if let Some(range) = &self.range {
            let place = format!("on {} line {}", range.filename, range.start.line);
            match &self.snippet {
                None => {
                    lines.push(format!("{place}:"));
                    lines.push("  (source code not available)".to_owned());
                }
                Some(snippet) => snippet.render(&place, &mut lines),
            }
            lines.push(String::new());
        }
        lines.push(self.detail.clone());
        lines.join("\n").trim_end().to_owned()
    }
}

impl Snippet {
    fn render(&self, place: &str, lines: &mut Vec<String>) {
        match self.context.as_deref() {
            None | Some("") => lines.push(format!("{place}:")),
            Some(context) => lines.push(format!("{place}, in {context}:")),
        }
        for (number, code) in (self.start_line..).zip(self.code.split('\n')) {
            lines.push(format!("  {number}: {code}"));
        }
        let mut values: Vec<&SnippetValue> = self.values.iter().flatten().collect();
        if values.is_empty() {
            return;
        }
        values.sort_by(|left, right| left.traversal.cmp(&right.traversal));
        lines.push("    ├────────────────".to_owned());
        for value in values {
            lines.push(format!("    │ {} {}", value.traversal, value.statement));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        Message::read(text).unwrap().lines()
    }

    #[test]
    fn each_level_is_known_in_any_case() {
        let known = [
            ("trace", LogLevel::Trace),
            ("Debug", LogLevel::Debug),
            ("INFO", LogLevel::Info),
            ("warn", LogLevel::Warn),
            ("warning", LogLevel::Warn),
            ("error", LogLevel::Error),
        ];
        for (name, level) in known {
            let found = lines(&format!(r#"{{"@level":"{name}","@message":"m"}}"#));
            assert_eq!(found, [(level, "m".to_owned())]);
        }
    }

    #[test]
    fn an_unknown_level_is_told_and_becomes_info() {
        assert_eq!(
            lines(r#"{"@level":"odd","@message":"m"}"#),
            [
                (LogLevel::Warn, "unable to convert log level odd".to_owned()),
                (LogLevel::Info, "m".to_owned())
            ]
        );
    }

    #[test]
    fn what_is_not_an_object_is_stray() {
        for text in ["Planning...", "12", "null", "[1]", ""] {
            assert!(Message::read(text).is_none(), "{text}");
        }
        assert_eq!(stray_line(" x "), Some((LogLevel::Info, " x ".to_owned())));
        assert_eq!(stray_line("  "), None);
    }

    #[test]
    fn a_very_long_line_keeps_its_text() {
        let long = "x".repeat(200 << 10);
        let found = lines(&format!(r#"{{"@level":"info","@message":"{long}"}}"#));
        assert_eq!(found, [(LogLevel::Info, long)]);
    }

    #[test]
    fn plain_lines_take_the_level_of_their_stream_or_their_own() {
        let plain = |line| plain_line(line, LogLevel::Error);
        assert_eq!(plain("oops"), Some((LogLevel::Error, "oops".to_owned())));
        assert_eq!(plain(" "), None);
        assert_eq!(plain(r#"{"@level":"trace","@message":"m"}"#), None);
        assert_eq!(
            plain(r#"{"@level":"info","@message":"m"}"#),
            Some((LogLevel::Debug, "m".to_owned()))
        );
        assert_eq!(
            plain(r#"{"@level":"warn","@message":"m"}"#),
            Some((LogLevel::Warn, "m".to_owned()))
        );
        assert_eq!(
            plain(r#"{"a":1}"#),
            Some((LogLevel::Error, r#"{"a":1}"#.to_owned()))
        );
    }

    #[test]
    fn a_diagnostic_shows_place_code_values_and_detail() {
        let text = r#"{"@level":"error","@message":"Error: Bad","type":"diagnostic","diagnostic":{
            "severity":"error","summary":"Bad","detail":"It is bad.",
            "range":{"filename":"main.tf","start":{"line":7}},
            "snippet":{"context":"resource \"a\" \"b\"","code":"  x = y\n  z = 1","start_line":7,
                "values":[{"traversal":"var.b","statement":"is 2"},{"traversal":"var.a","statement":"is 1"}]}}}"#;
        let texts: Vec<_> = lines(text).into_iter().map(|(_, text)| text).collect();
        assert_eq!(
            texts,
            [
                "Error: Bad",
                r#"on main.tf line 7, in resource "a" "b":"#,
                "  7:   x = y",
                "  8:   z = 1",
                "    ├────────────────",
                "    │ var.a is 1",
                "    │ var.b is 2",
                "",
                "It is bad.",
            ]
        );
    }

    #[test]
    fn a_diagnostic_without_code_says_so() {
        let text = r#"{"@level":"warn","@message":"m","diagnostic":{"severity":"warning","detail":"d",
            "range":{"filename":"f","start":{"line":1}}}}"#;
        let texts: Vec<_> = lines(text).into_iter().map(|(_, text)| text).collect();
        assert_eq!(
            texts,
            [
                "m",
                "on f line 1:",
                "  (source code not available)",
                "",
                "d"
            ]
        );
    }
}
