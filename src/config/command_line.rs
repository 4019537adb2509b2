//! How command line and environment become arguments: rules that hold for every setting,
//! and errors as one sentence. Knows no single setting.

use std::{any::TypeId, env, error::Error, ffi::OsString};

use clap::{
    Arg, Command, Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{ConfigError, Refusal, given, values::Switch};
use crate::domain::given_settings::GivenSetting;

/// The command that runs when none is named.
const DEFAULT_COMMAND: &str = "server";

/// Other names in the environment for a setting, used when its own is not set.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("CODER_CACHE_DIRECTORY", "CACHE_DIRECTORY"),
    ("CODER_LOGGING_HUMAN", "CODER_LOG_HUMAN"),
    ("CODER_LOGGING_JSON", "CODER_LOG_JSON"),
    (
        "CODER_TLS_REDIRECT_HTTP_TO_HTTPS",
        "CODER_TLS_REDIRECT_HTTP",
    ),
];

/// What a `CODER_` name begins with when it is meant for a client, an agent or a template
/// that happens to share the environment.
const NOT_OURS: &[&str] = &[
    "CODER_AGENT_AUTH",
    "CODER_AGENT_TOKEN",
    "CODER_AGENT_URL",
    "CODER_SESSION_TOKEN",
    "CODER_URL",
    "CODER_USER",
    "CODER_WORKSPACE_",
];

/// Parses arguments (the program's name first) and the environment; tells what was given too.
pub(super) fn parse<P: Parser>(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<(P, Vec<GivenSetting>), Refusal> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let first = arguments
        .get(1)
        .map(|first| first.to_string_lossy().into_owned());
    let is_setting = |first: String| {
        first.starts_with('-') && !["-h", "--help", "-V", "--version"].contains(&first.as_str())
    };
    if first.is_none_or(is_setting) {
        arguments.insert(1.min(arguments.len()), DEFAULT_COMMAND.into());
    }
    let command = each_argument(P::command(), prepare);
    command
        .clone()
        .try_get_matches_from(arguments)
        .and_then(|mut matches| {
            let given = given::collect(&P::command(), &matches);
            Ok((P::from_arg_matches_mut(&mut matches)?, given))
        })
        .map_err(|error| refuse(&command, &error))
}

/// Names in the environment that look like settings but are none, sorted.
pub(super) fn unknown_names<P: Parser>() -> Vec<String> {
    let mut known: Vec<String> = OTHER_NAMES
        .iter()
        .map(|(_, other)| (*other).to_owned())
        .collect();
    each_argument(P::command(), |argument| {
        known.extend(
            argument
                .get_env()
                .map(|name| name.to_string_lossy().into_owned()),
        );
        argument
    });
    let mut unknown: Vec<String> = env::vars_os()
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("CODER_") && !known.contains(name))
        .filter(|name| !NOT_OURS.iter().any(|start| name.starts_with(start)))
        .collect();
    unknown.sort();
    unknown
}

fn each_argument(command: Command, mut change: impl FnMut(Arg) -> Arg) -> Command {
    command.mut_subcommands(|subcommand| subcommand.mut_args(&mut change))
}

/// Gives an argument the rules that hold for all.
fn prepare(mut argument: Arg) -> Arg {
    if argument.get_value_parser().type_id() == TypeId::of::<Switch>() {
        if argument.get_default_values().is_empty() {
            argument = argument.default_value("false").hide_default_value(true);
        }
        argument = argument
            .required(false)
            .value_name("BOOL")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true");
    }
    let Some(name) = argument.get_env().map(ToOwned::to_owned) else {
        return argument;
    };
    // Some values are secrets, and help is pasted into tickets.
    argument = argument.hide_env_values(true);
    let is_set = |name: &OsString| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set(&name) {
        return argument;
    }
    let other = OTHER_NAMES
        .iter()
        .filter(|(own, _)| name == *own)
        .map(|(_, other)| OsString::from(other))
        .find(is_set);
    match other {
        Some(other) => argument.env(other),
        // An empty variable means that the setting is not given, as in the peer.
        None if env::var_os(&name).is_some() => argument.env(None::<&str>),
        None => argument,
    }
}

/// Makes clap's report one sentence that names the setting as the environment does.
fn refuse(command: &Command, error: &clap::Error) -> Refusal {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(" and ")),
        _ => None,
    };
    let shown = context(ContextKind::InvalidArg).unwrap_or_default();
    let value = context(ContextKind::InvalidValue).unwrap_or_default();
    let sentence = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return Refusal::Told(error.render().to_string());
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let reason = match (error.source(), error.get(ContextKind::ValidValue)) {
                (Some(source), _) => source.to_string(),
                (None, Some(ContextValue::Strings(valid))) => format!("write {}", one_of(valid)),
                (None, _) => "that is not a value it can have".to_owned(),
            };
            format!(
                "{} cannot be {value:?}: {reason}",
                full_name(command, &shown)
            )
        }
        ErrorKind::UnknownArgument => {
            format!("{shown} is not an argument; workspaced server --help lists them")
        }
        ErrorKind::InvalidSubcommand => format!(
            "{} is not a command; workspaced --help lists them",
            context(ContextKind::InvalidSubcommand).unwrap_or_default()
        ),
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.strip_prefix("error: ").unwrap_or(first).to_owned()
        }
    };
    Refusal::Wrong(ConfigError::new(sentence))
}

/// The environment's name with the flag beside it; just the flag where there is no name.
fn full_name(command: &Command, shown: &str) -> String {
    let flag = shown.split([' ', '=', '[']).next().unwrap_or(shown);
    let name = command
        .get_subcommands()
        .flat_map(Command::get_arguments)
        .find(|argument| {
            argument
                .get_long()
                .is_some_and(|long| flag == format!("--{long}"))
        })
        .and_then(|argument| argument.get_env());
    match name {
        Some(name) => format!("{} ({flag})", name.to_string_lossy()),
        None => flag.to_owned(),
    }
}

fn one_of(values: &[String]) -> String {
    match values {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
