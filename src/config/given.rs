//! The settings as they were given, for those who may look at them. Reads what was parsed;
//! judges nothing, and lets no secret out.

use std::any::TypeId;

use clap::{Arg, ArgMatches, Command, parser::ValueSource};
use secrecy::SecretString;

use super::values::{List, Span, Switch};
use crate::domain::given_settings::{GivenSetting, SettingSource, SettingValue};

/// All settings of the command that was chosen, as `definition` defines them.
pub(super) fn collect(definition: &Command, matches: &ArgMatches) -> Vec<GivenSetting> {
    let Some((name, chosen)) = matches.subcommand() else {
        return Vec::new();
    };
    let Some(command) = definition.find_subcommand(name) else {
        return Vec::new();
    };
    command
        .get_arguments()
        .filter_map(|argument| setting(argument, chosen))
        .collect()
}

fn setting(argument: &Arg, matches: &ArgMatches) -> Option<GivenSetting> {
    let variable = argument.get_env()?.to_string_lossy().into_owned();
    let defaults = argument.get_default_values();
    let default = defaults.iter().map(|text| text.to_string_lossy());
    let default = default.collect::<Vec<_>>().join(",");
    let id = argument.get_id().as_str();
    let source = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => SettingSource::CommandLine,
        Some(ValueSource::EnvVariable) => SettingSource::Environment,
        Some(_) if !default.is_empty() => SettingSource::Default,
        _ => SettingSource::Nowhere,
    };
    let raw = matches.get_raw(id).into_iter().flatten();
    let raw = raw.map(|text| text.to_string_lossy()).collect::<Vec<_>>();
    Some(GivenSetting {
        variable,
        flag: argument.get_long().unwrap_or_default().to_owned(),
        short_flag: argument.get_short(),
        description: argument
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default(),
        default,
        value: value(argument, &raw.join(",")),
        source,
    })
}

/// A text that was parsed before, as what it stands for.
fn value(argument: &Arg, text: &str) -> SettingValue {
    let kind = argument.get_value_parser().type_id();
    let is_number = [
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<i64>(),
    ];
    if kind == TypeId::of::<SecretString>() {
        return SettingValue::Secret;
    }
    if kind == TypeId::of::<Switch>() {
        return SettingValue::Switch(text.parse().is_ok_and(|switch: Switch| switch.0));
    }
    if kind == TypeId::of::<Span>() {
        let span = text.parse().map_or(0, |span: Span| span.0.as_nanos());
        return SettingValue::Span(i64::try_from(span).unwrap_or(i64::MAX));
    }
    if kind == TypeId::of::<List>() {
        return SettingValue::List(text.parse().map_or(Vec::new(), |list: List| list.0));
    }
    if is_number.iter().any(|number| kind == *number) {
        return SettingValue::Number(text.parse().unwrap_or_default());
    }
    SettingValue::Text(text.to_owned())
}
