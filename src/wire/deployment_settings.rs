//! The server's settings in the shapes of clients: a list for people, and one nested object
//! for programs (codersdk.DeploymentConfig). Knows where each setting stands in them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::setting_places::{Group, PLACES, Place};
use crate::domain::given_settings::{GivenSetting, SettingSource, SettingValue};

/// The settings in both forms (codersdk.DeploymentConfig).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeploymentConfig {
    /// Nested, for programs; spans of time are in nanoseconds.
    #[schema(value_type = Object)]
    pub config: Value,
    /// One after the other by name, for people.
    pub options: Vec<SettingOption>,
}

/// One setting (serpent.Option).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SettingOption {
    /// Its title.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its name on the command line.
    pub flag: String,
    /// Its short name there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag_shorthand: Option<char>,
    /// Its name in the environment.
    pub env: String,
    /// What it is when nobody sets it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub default: String,
    /// What it is now; absent for secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub value: Option<Value>,
    /// Remarks for clients.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<&'static str, &'static str>,
    /// Where it belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub group: Option<Value>,
    /// Whether clients leave it out of overviews.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// `default`, `env`, `flag`; absent when nobody sets it and it has no default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_source: Option<&'static str>,
}

impl DeploymentConfig {
    /// Shows the settings of a deployment at this address.
    #[must_use]
    pub fn new(given: &[GivenSetting], access_url: &Url, docs_url: &str) -> Self {
        let here = access_url.as_str().trim_end_matches('/');
        let mut config = absent(here, docs_url);
        let mut options = Vec::with_capacity(given.len());
        for setting in given {
            let place = PLACES
                .iter()
                .find(|place| place.variable == setting.variable);
            let mut value = shown(&setting.value);
            // These two have defaults that are made from one another.
            match setting.variable.as_str() {
                "CODER_ACCESS_URL" => value = Some(json!(here)),
                "CODER_DOCS_URL" => value = Some(json!(docs_url)),
                _ => {}
            }
            if let Some(place) = place {
                put(&mut config, place.path, setting, value.as_ref());
            }
            options.push(option(setting, place, value));
        }
        options.sort_by(|left, right| left.name.cmp(&right.name));
        Self { config, options }
    }
}

fn option(setting: &GivenSetting, place: Option<&Place>, value: Option<Value>) -> SettingOption {
    let mut annotations = BTreeMap::new();
    match setting.value {
        SettingValue::Secret => {
            annotations.insert("secret", "true");
        }
        SettingValue::Span(_) => {
            annotations.insert("format_duration", "true");
        }
        _ => {}
    }
    if place.is_some_and(|place| place.concerns_proxies) {
        annotations.insert("external_workspace_proxies", "true");
    }
    SettingOption {
        name: place.map_or_else(|| title(&setting.flag), |place| place.name.to_owned()),
        description: setting.description.clone(),
        flag: setting.flag.clone(),
        flag_shorthand: setting.short_flag,
        env: setting.variable.clone(),
        default: setting.default.clone(),
        value,
        annotations,
        group: place.and_then(|place| group(place.group)),
        hidden: place.is_some_and(|place| place.is_hidden),
        value_source: match setting.source {
            SettingSource::Nowhere => None,
            SettingSource::Default => Some("default"),
            SettingSource::Environment => Some("env"),
            SettingSource::CommandLine => Some("flag"),
        },
    }
}

/// A title for a setting that only this server has.
fn title(flag: &str) -> String {
    let words = flag.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| {
            first.to_uppercase().chain(letters).collect()
        })
    });
    words.collect::<Vec<String>>().join(" ")
}

fn group(names: Group) -> Option<Value> {
    names.iter().fold(None, |parent, name| {
        Some(match parent {
            Some(parent) => json!({"name": name, "parent": parent}),
            None => json!({"name": name}),
        })
    })
}

fn shown(value: &SettingValue) -> Option<Value> {
    Some(match value {
        SettingValue::Switch(on) => json!(on),
        SettingValue::Span(number) | SettingValue::Number(number) => json!(number),
        // Clients know an empty list as null.
        SettingValue::List(list) if list.is_empty() => Value::Null,
        SettingValue::List(list) => json!(list),
        SettingValue::Text(text) => json!(text),
        SettingValue::Secret => return None,
    })
}

/// Puts a setting into the nested object. At the top what is empty is left out; below, the
/// object has all keys from the start.
fn put(config: &mut Value, path: &str, setting: &GivenSetting, value: Option<&Value>) {
    let Some(value) = value else { return };
    let mut at = config;
    let (parents, key) = path.rsplit_once('.').unwrap_or(("", path));
    for parent in parents.split('.').filter(|name| !name.is_empty()) {
        let Some(below) = at.get_mut(parent) else {
            return;
        };
        at = below;
    }
    let Some(object) = at.as_object_mut() else {
        return;
    };
    let is_empty = match &setting.value {
        SettingValue::Switch(on) => !on,
        SettingValue::Span(number) | SettingValue::Number(number) => *number == 0,
        SettingValue::List(list) => list.is_empty(),
        SettingValue::Text(text) => text.is_empty(),
        SettingValue::Secret => true,
    };
    if is_empty && !object.contains_key(key) && parents.is_empty() {
        return;
    }
    // A setting whose text is JSON stands for what it says.
    let is_structure = object.get(key).is_some_and(Value::is_object);
    match (
        is_structure,
        value
            .as_str()
            .map(serde_json::from_str::<Map<String, Value>>),
    ) {
        (true, Some(Ok(structure))) => object.insert(key.to_owned(), structure.into()),
        (true, _) => None,
        (false, _) => object.insert(key.to_owned(), value.clone()),
    };
}

/// The nested object where nothing is set: what this server does not have is off or empty.
fn absent(here: &str, docs_url: &str) -> Value {
    json!({
        "access_url": here,
        "address": "",
        "agent_fallback_troubleshooting_url": "",
        "config_ssh": {"DeploymentName": "", "SSHConfigOptions": null},
        "dangerous": {
            "allow_all_cors": false,
            "allow_path_app_sharing": false,
            "allow_path_app_site_owner_access": false,
        },
        "derp": {
            "config": {"block_direct": false, "force_websockets": false, "path": "", "url": ""},
            "server": {
                "enable": false, "region_id": 0, "region_code": "", "region_name": "",
                "relay_url": "", "stun_addresses": null,
            },
        },
        "docs_url": docs_url,
        "external_auth": null,
        "healthcheck": {"refresh": 0, "threshold_database": 0},
        "logging": {"human": "", "json": "", "log_filter": null, "stackdriver": ""},
        "metrics_cache_refresh_interval": 0,
        "notifications": notifications(),
        "oauth2": {"github": {
            "client_id": "", "client_secret": "", "allowed_orgs": null, "allowed_teams": null,
            "allow_signups": false, "allow_everyone": false, "enterprise_base_url": "",
        }},
        "oidc": oidc(),
        "pg_auth": "password",
        "pprof": {"enable": false, "address": ""},
        "prometheus": {
            "enable": false, "address": "", "collect_agent_stats": false,
            "collect_db_metrics": false, "aggregate_agent_stats_by": null,
        },
        "provisioner": {
            "daemons": 0, "daemon_types": ["terraform"], "daemon_poll_interval": 0,
            "daemon_poll_jitter": 0, "force_cancel_interval": 0, "daemon_psk": "",
        },
        "proxy_health_status_interval": 0,
        "rate_limit": {"disable_all": false, "api": 0},
        "session_lifetime": {
            "default_duration": 0, "default_token_lifetime": 0, "max_token_lifetime": 0,
        },
        "support": {"links": null},
        "swagger": {"enable": false},
        "telemetry": {"enable": false, "trace": false, "url": ""},
        "tls": {
            "enable": false, "address": "", "redirect_http": false, "cert_file": null,
            "client_auth": "", "client_ca_file": "", "key_file": null, "min_version": "",
            "client_cert_file": "", "client_key_file": "", "supported_ciphers": null,
            "allow_insecure_ciphers": false,
        },
        "trace": {
            "enable": false, "honeycomb_api_key": "", "capture_logs": false, "data_dog": false,
        },
        "user_quiet_hours_schedule": {"default_schedule": "", "allow_user_custom": false},
        "web_terminal_renderer": "canvas",
    })
}

fn oidc() -> Value {
    json!({
        "allow_signups": false, "client_id": "", "client_secret": "", "client_key_file": "",
        "client_cert_file": "", "email_domain": null, "issuer_url": "", "scopes": null,
        "ignore_email_verified": false, "username_field": "", "name_field": "",
        "email_field": "", "auth_url_params": {}, "ignore_user_info": false,
        "organization_field": "", "organization_mapping": {},
        "organization_assign_default": false, "group_auto_create": false,
        "group_regex_filter": "", "group_allow_list": null, "groups_field": "",
        "group_mapping": {}, "user_role_field": "", "user_role_mapping": {},
        "user_roles_default": null, "sign_in_text": "", "icon_url": "",
        "signups_disabled_text": "", "skip_issuer_checks": false,
    })
}

fn notifications() -> Value {
    json!({
        "max_send_attempts": 0, "retry_interval": 0, "sync_interval": 0, "sync_buffer_size": 0,
        "lease_period": 0, "lease_count": 0, "fetch_interval": 0, "method": "",
        "dispatch_timeout": 0,
        "email": {
            "from": "", "smarthost": "", "hello": "", "force_tls": false,
            "auth": {"identity": "", "username": "", "password": "", "password_file": ""},
            "tls": {
                "start_tls": false, "server_name": "", "insecure_skip_verify": false,
                "ca_file": "", "cert_file": "", "key_file": "",
            },
        },
        "webhook": {"endpoint": ""},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(variable: &str, value: SettingValue) -> GivenSetting {
        GivenSetting {
            variable: variable.to_owned(),
            flag: "some-flag".to_owned(),
            short_flag: None,
            description: String::new(),
            default: String::new(),
            value,
            source: SettingSource::Environment,
        }
    }

    #[test]
    fn settings_stand_in_their_places_and_secrets_in_none() {
        let settings = [
            given("CODER_VERBOSE", SettingValue::Switch(false)),
            given("CODER_DERP_SERVER_ENABLE", SettingValue::Switch(true)),
            given(
                "CODER_OIDC_GROUP_MAPPING",
                SettingValue::Text("{\"a\":\"b\"}".to_owned()),
            ),
            given("CODER_PROVISIONER_DAEMON_PSK", SettingValue::Secret),
            given("WORKSPACED_DRAIN_LIMIT", SettingValue::Span(30)),
        ];
        let here = Url::parse("https://dev.example.com").unwrap();
        let shown = DeploymentConfig::new(&settings, &here, "https://docs.example.com");
        assert_eq!(shown.config["access_url"], "https://dev.example.com");
        assert_eq!(shown.config.get("verbose"), None);
        assert_eq!(shown.config["derp"]["server"]["enable"], true);
        assert_eq!(shown.config["oidc"]["group_mapping"], json!({"a": "b"}));
        assert_eq!(shown.config["provisioner"]["daemon_psk"], "");
        let secret = shown
            .options
            .iter()
            .find(|option| option.env.ends_with("_PSK"));
        assert_eq!(secret.unwrap().value, None);
        let own = shown
            .options
            .iter()
            .find(|option| option.env.starts_with("WORKSPACED_"));
        assert_eq!(own.unwrap().name, "Some Flag");
    }

    #[test]
    fn every_place_is_in_the_nested_object_or_at_its_top() {
        let base = absent("http://127.0.0.1", "");
        for place in PLACES.iter().filter(|place| place.path.contains('.')) {
            let (parents, _) = place.path.rsplit_once('.').unwrap();
            let pointer = format!("/{}", parents.replace('.', "/"));
            assert!(
                base.pointer(&pointer).is_some_and(Value::is_object),
                "{}",
                place.path
            );
        }
    }
}
