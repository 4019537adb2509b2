//! Settings as an administrator looks at them: what there is, what it is now, and where that
//! came from. Holds no secret.

/// One setting of the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GivenSetting {
    /// Its name in the environment.
    pub variable: String,
    /// Its name on the command line, without the dashes.
    pub flag: String,
    /// Its short name there.
    pub short_flag: Option<char>,
    /// What it is for.
    pub description: String,
    /// What it is when nobody sets it, as text; empty for nothing.
    pub default: String,
    /// What it is now.
    pub value: SettingValue,
    /// Where that came from.
    pub source: SettingSource,
}

/// What a setting is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SettingValue {
    /// On or off.
    Switch(bool),
    /// A span of time in nanoseconds.
    Span(i64),
    /// A number.
    Number(i64),
    /// Several texts.
    List(Vec<String>),
    /// A text; empty for nothing.
    Text(String),
    /// Something that is not shown.
    Secret,
}

/// Where a setting's value came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingSource {
    /// There is none.
    Nowhere,
    /// Nobody set it.
    Default,
    /// The environment.
    Environment,
    /// The command line.
    CommandLine,
}
