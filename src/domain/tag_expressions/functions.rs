//! The functions that a tag expression may call: those of Terraform that only compute.
#![expect(
    clippy::needless_pass_by_value,
    reason = "the evaluator hands arguments over by value"
)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hcl::{
    Map, Number, Value,
    eval::{Context, Func, FuncArgs, FuncDef, ParamType},
};

type Outcome = Result<Value, String>;

const TEXT: ParamType = ParamType::String;
const ANY: ParamType = ParamType::Any;

/// Makes the functions known.
pub(super) fn declare(context: &mut Context<'_>) {
    for (name, function) in OF_ONE_TEXT {
        context.declare_func(*name, FuncDef::new(*function, [TEXT]));
    }
    for (name, function) in OF_TWO_TEXTS {
        context.declare_func(*name, FuncDef::new(*function, [TEXT, TEXT]));
    }
    for (name, function) in OF_ANYTHING {
        context.declare_func(*name, FuncDef::new(*function, [ANY]));
    }
    for (name, function) in OF_MANY {
        let definition = FuncDef::builder().variadic_param(ANY).build(*function);
        context.declare_func(*name, definition);
    }
    context.declare_func("join", FuncDef::new(join, [TEXT, ANY]));
    context.declare_func("replace", FuncDef::new(replace, [TEXT, TEXT, TEXT]));
    context.declare_func("contains", FuncDef::new(contains, [ANY, ANY]));
    context.declare_func("element", FuncDef::new(element, [ANY, ParamType::Number]));
    context.declare_func("lookup", FuncDef::new(lookup, [ANY, TEXT, ANY]));
}

const OF_ONE_TEXT: &[(&str, Func)] = &[
    ("lower", |args| Ok(text(&args, 0).to_lowercase().into())),
    ("upper", |args| Ok(text(&args, 0).to_uppercase().into())),
    ("trimspace", |args| Ok(text(&args, 0).trim().into())),
    ("chomp", |args| {
        Ok(text(&args, 0).trim_end_matches(['\r', '\n']).into())
    }),
    ("strrev", |args| {
        Ok(text(&args, 0).chars().rev().collect::<String>().into())
    }),
    ("base64encode", |args| {
        Ok(STANDARD.encode(text(&args, 0)).into())
    }),
    ("base64decode", base64_decode),
    ("jsondecode", |args| {
        serde_json::from_str(text(&args, 0)).map_err(words)
    }),
];

const OF_TWO_TEXTS: &[(&str, Func)] = &[
    ("trimprefix", |args| {
        let whole = text(&args, 0);
        Ok(whole.strip_prefix(text(&args, 1)).unwrap_or(whole).into())
    }),
    ("trimsuffix", |args| {
        let whole = text(&args, 0);
        Ok(whole.strip_suffix(text(&args, 1)).unwrap_or(whole).into())
    }),
    ("trim", |args| {
        let cut = text(&args, 1);
        Ok(text(&args, 0).trim_matches(|c| cut.contains(c)).into())
    }),
    ("startswith", |args| {
        Ok(text(&args, 0).starts_with(text(&args, 1)).into())
    }),
    ("endswith", |args| {
        Ok(text(&args, 0).ends_with(text(&args, 1)).into())
    }),
    ("strcontains", |args| {
        Ok(text(&args, 0).contains(text(&args, 1)).into())
    }),
    ("split", |args| {
        Ok(text(&args, 1)
            .split(text(&args, 0))
            .map(Value::from)
            .collect())
    }),
];

const OF_ANYTHING: &[(&str, Func)] = &[
    ("tostring", to_string),
    ("tonumber", to_number),
    ("tobool", to_bool),
    ("length", length),
    ("jsonencode", |args| {
        serde_json::to_string(&args[0])
            .map(Value::from)
            .map_err(words)
    }),
    ("keys", |args| {
        object(&args[0]).map(|map| map.keys().cloned().map(Value::from).collect())
    }),
    ("values", |args| {
        object(&args[0]).map(|map| map.values().cloned().collect())
    }),
    ("reverse", |args| {
        array(&args[0]).map(|list| list.iter().rev().cloned().collect())
    }),
];

const OF_MANY: &[(&str, Func)] = &[
    ("coalesce", coalesce),
    ("concat", concat),
    ("merge", merge),
    ("min", |args| extreme(&args, |new, best| new < best)),
    ("max", |args| extreme(&args, |new, best| new > best)),
];

/// The argument as text; the evaluator has checked that it is one.
fn text(args: &FuncArgs, index: usize) -> &str {
    args.get(index).and_then(Value::as_str).unwrap_or_default()
}

fn base64_decode(args: FuncArgs) -> Outcome {
    let bytes = STANDARD.decode(text(&args, 0)).map_err(words)?;
    String::from_utf8(bytes).map(Value::from).map_err(words)
}

fn to_string(args: FuncArgs) -> Outcome {
    match &args[0] {
        Value::String(text) => Ok(text.clone().into()),
        Value::Number(number) => Ok(number.to_string().into()),
        Value::Bool(truth) => Ok(truth.to_string().into()),
        _ => Err("only a number or a truth value can become a text".to_owned()),
    }
}

fn to_number(args: FuncArgs) -> Outcome {
    match &args[0] {
        Value::Number(number) => Ok((*number).into()),
        Value::String(text) => parse_number(text).map(Value::Number),
        _ => Err("only a text can become a number".to_owned()),
    }
}

fn parse_number(text: &str) -> Result<Number, String> {
    let whole = text.parse::<i64>().ok().map(Number::from);
    let fraction = || text.parse().ok().and_then(Number::from_f64);
    whole
        .or_else(fraction)
        .ok_or_else(|| format!("{text:?} is not a number"))
}

fn to_bool(args: FuncArgs) -> Outcome {
    match &args[0] {
        Value::Bool(truth) => Ok((*truth).into()),
        Value::String(text) if text == "true" => Ok(true.into()),
        Value::String(text) if text == "false" => Ok(false.into()),
        _ => Err("only true and false can become a truth value".to_owned()),
    }
}

fn length(args: FuncArgs) -> Outcome {
    let length = match &args[0] {
        Value::String(text) => text.chars().count(),
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => return Err("only a text, a list or a map has a length".to_owned()),
    };
    Ok(length.into())
}

fn join(args: FuncArgs) -> Outcome {
    let parts: Vec<&str> = array(&args[1])?.iter().filter_map(Value::as_str).collect();
    Ok(parts.join(text(&args, 0)).into())
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of every function here")]
fn replace(args: FuncArgs) -> Outcome {
    Ok(text(&args, 0)
        .replace(text(&args, 1), text(&args, 2))
        .into())
}

fn contains(args: FuncArgs) -> Outcome {
    Ok(array(&args[0])?.contains(&args[1]).into())
}

fn element(args: FuncArgs) -> Outcome {
    let list = array(&args[0])?;
    let index = args[1]
        .as_u64()
        .and_then(|index| usize::try_from(index).ok());
    match (index, list.len()) {
        (Some(index), length) if length > 0 => Ok(list[index % length].clone()),
        _ => Err("there is no such element".to_owned()),
    }
}

fn lookup(args: FuncArgs) -> Outcome {
    Ok(object(&args[0])?
        .get(text(&args, 1))
        .unwrap_or(&args[2])
        .clone())
}

fn coalesce(args: FuncArgs) -> Outcome {
    args.iter()
        .find(|value| !value.is_null() && value.as_str() != Some(""))
        .cloned()
        .ok_or_else(|| "there is no value that is not empty".to_owned())
}

fn concat(args: FuncArgs) -> Outcome {
    let mut whole = Vec::new();
    for part in args.iter() {
        whole.extend(array(part)?.iter().cloned());
    }
    Ok(whole.into())
}

fn merge(args: FuncArgs) -> Outcome {
    let mut whole = Map::new();
    for part in args.iter() {
        whole.extend(
            object(part)?
                .iter()
                .map(|(key, value)| (key.clone(), value.clone())),
        );
    }
    Ok(Value::Object(whole))
}

fn extreme(args: &FuncArgs, better: fn(f64, f64) -> bool) -> Outcome {
    let mut best: Option<&Value> = None;
    for value in args.iter() {
        let number = value.as_f64().ok_or("only numbers can be compared")?;
        if best
            .and_then(Value::as_f64)
            .is_none_or(|so_far| better(number, so_far))
        {
            best = Some(value);
        }
    }
    best.cloned()
        .ok_or_else(|| "there is nothing to compare".to_owned())
}

fn array(value: &Value) -> Result<&Vec<Value>, String> {
    value
        .as_array()
        .ok_or_else(|| "this must be a list".to_owned())
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| "this must be a map".to_owned())
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
