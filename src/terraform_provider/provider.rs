//! What the provider answers to each call of the protocol: decodes, asks the tables and the
//! resource or data source, encodes. Knows no single resource.

use std::sync::OnceLock;

use super::{
    Environment, checks,
    data_sources::{self, DataSource},
    diagnostics::{Path, any_error, error, error_at},
    fill,
    messages::{
        ApplyRequest, ApplyResponse, ConfigureRequest, Diagnostic, DiagnosticsResponse,
        DynamicValue, GetSchemaResponse, ImportRequest, ImportResponse, PlanRequest, PlanResponse,
        PrepareRequest, PrepareResponse, ReadDataRequest, ReadDataResponse, ReadRequest,
        ReadResponse, ServerCapabilities, UpgradeRequest, UpgradeResponse, ValidateRequest,
    },
    new_id, plan,
    resources::{self, Resource},
    schema::{Kind, Rule, Schema, optional},
    validation,
    value::{CodecError, Object, Value, from_json},
};

/// The settings of the provider in a template.
static SETTINGS: Schema = Schema {
    name: "coder",
    version: 0,
    about: "",
    deprecated: None,
    attributes: &[
        optional(
            "url",
            Kind::Text,
            "The address at which agents reach the deployment.",
        )
        .rule(Rule::Text(checks::url)),
        optional(
            "feature_use_managed_variables",
            Kind::Bool,
            "Does nothing: template variables are always managed.",
        )
        .deprecated("Template variables are always managed; leave this out."),
    ],
    blocks: &[],
};

/// The address where nothing is set: a place holder.
const SOME_URL: &str = "https://mydeployment.coder.com";
/// The variable with the deployment's address.
const URL: &str = "CODER_AGENT_URL";

/// What resources and data sources may know.
pub(super) struct Context<'a> {
    /// Addresses and facts, from the provisioner.
    pub(super) environment: &'a Environment,
    /// The address at which agents reach the deployment.
    pub(super) url: &'a str,
}

/// The provider.
pub(super) struct Provider {
    environment: Environment,
    url: OnceLock<String>,
}

/// Why a call has no answer of its own.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("there is no {0:?} here")]
    Unknown(String),
    #[error("{0}")]
    Codec(#[from] CodecError),
}

impl Provider {
    pub(super) fn new(environment: Environment) -> Self {
        Self {
            environment,
            url: OnceLock::new(),
        }
    }

    pub(super) fn schemas() -> GetSchemaResponse {
        let named = |schema: &Schema| (schema.name.to_owned(), schema.into());
        GetSchemaResponse {
            provider: Some((&SETTINGS).into()),
            resource_schemas: resources::ALL
                .iter()
                .map(|one| named(one.schema()))
                .collect(),
            data_source_schemas: data_sources::ALL
                .iter()
                .map(|one| named(one.schema()))
                .collect(),
            diagnostics: Vec::new(),
            server_capabilities: Some(ServerCapabilities {
                get_provider_schema_optional: true,
            }),
        }
    }

    pub(super) fn prepare(&self, asked: &PrepareRequest) -> PrepareResponse {
        let mut config = match decode(asked.config.as_ref()) {
            Ok(config) => config,
            Err(reason) => {
                return PrepareResponse {
                    prepared_config: None,
                    diagnostics: refusal(&reason),
                };
            }
        };
        let diagnostics = validation::check(&SETTINGS, &config);
        if let Value::Object(settings) = &mut config
            && let Some(url) = settings.get_mut("url")
            && url.is_null()
        {
            *url = Value::text(self.default_url());
        }
        PrepareResponse {
            prepared_config: encode(&config),
            diagnostics,
        }
    }

    pub(super) fn configure(&self, asked: &ConfigureRequest) -> DiagnosticsResponse {
        let diagnostics = match decode(asked.config.as_ref()) {
            Ok(config) => match config.attribute("url") {
                Value::Text(url) if url.is_empty() => vec![error_at(
                    Path::to("url"),
                    "The deployment's address is empty",
                    format!("Set it in the provider's url or in {URL}, or leave both out."),
                )],
                Value::Text(url) => {
                    // A second configuration of one process does not happen.
                    let _ = self.url.set(url.clone());
                    Vec::new()
                }
                _ => Vec::new(),
            },
            Err(reason) => refusal(&reason),
        };
        DiagnosticsResponse { diagnostics }
    }

    pub(super) fn validate_resource(asked: &ValidateRequest) -> DiagnosticsResponse {
        let checked = resource(&asked.type_name).and_then(|resource| {
            let config = decode(asked.config.as_ref())?;
            Ok(validation::check(resource.schema(), &config))
        });
        DiagnosticsResponse {
            diagnostics: checked.unwrap_or_else(|reason| refusal(&reason)),
        }
    }

    pub(super) fn validate_data(asked: &ValidateRequest) -> DiagnosticsResponse {
        let checked = data_source(&asked.type_name).and_then(|source| {
            let config = decode(asked.config.as_ref())?;
            Ok(validation::check(source.schema(), &config))
        });
        DiagnosticsResponse {
            diagnostics: checked.unwrap_or_else(|reason| refusal(&reason)),
        }
    }

    pub(super) fn upgrade(asked: UpgradeRequest) -> UpgradeResponse {
        let upgraded = resource(&asked.type_name).and_then(|resource| {
            let stored = asked.raw_state.unwrap_or_default().json;
            Ok(from_json(resource.schema(), &stored)?)
        });
        match upgraded {
            Ok(state) => UpgradeResponse {
                upgraded_state: encode(&state),
                diagnostics: Vec::new(),
            },
            Err(reason) => UpgradeResponse {
                upgraded_state: None,
                diagnostics: refusal(&reason),
            },
        }
    }

    pub(super) fn read(&self, asked: ReadRequest) -> ReadResponse {
        let read = resource(&asked.type_name).and_then(|resource| {
            let mut state = decode(asked.current_state.as_ref())?;
            if let Value::Object(state) = &mut state {
                resource.read(state, &self.context());
                fill::blocks(resource.schema(), state);
            }
            Ok(state)
        });
        let (new_state, diagnostics) = outcome(read);
        ReadResponse {
            new_state,
            diagnostics,
            private: asked.private,
        }
    }

    pub(super) fn plan(asked: PlanRequest) -> PlanResponse {
        let planned = resource(&asked.type_name).and_then(|resource| {
            let prior = decode(asked.prior_state.as_ref())?;
            let proposed = decode(asked.proposed_new_state.as_ref())?;
            Ok((resource, plan::plan(resource.schema(), &prior, proposed)))
        });
        match planned {
            Ok((resource, planned)) => PlanResponse {
                diagnostics: match &planned.state {
                    Value::Object(state) => resource.check(state),
                    _ => Vec::new(),
                },
                planned_state: encode(&planned.state),
                requires_replace: planned.replaced_by.into_iter().map(Into::into).collect(),
                planned_private: asked.prior_private,
                legacy_type_system: true,
            },
            Err(reason) => PlanResponse {
                diagnostics: refusal(&reason),
                ..PlanResponse::default()
            },
        }
    }

    pub(super) fn apply(&self, asked: &ApplyRequest) -> ApplyResponse {
        let applied = resource(&asked.type_name).and_then(|resource| {
            let prior = decode(asked.prior_state.as_ref())?;
            let planned = decode(asked.planned_state.as_ref())?;
            Ok((resource, prior, planned))
        });
        let (resource, prior, planned) = match applied {
            Ok(applied) => applied,
            Err(reason) => {
                return ApplyResponse {
                    diagnostics: refusal(&reason),
                    ..ApplyResponse::default()
                };
            }
        };
        let (state, diagnostics) = match planned {
            Value::Object(state) => self.create(resource, prior, state),
            other => (other, Vec::new()),
        };
        ApplyResponse {
            new_state: encode(&state),
            private: private(resource.schema()),
            diagnostics,
            legacy_type_system: true,
        }
    }

    /// Makes an instance; one that is refused leaves what was there before.
    fn create(
        &self,
        resource: &dyn Resource,
        prior: Value,
        mut state: Object,
    ) -> (Value, Vec<Diagnostic>) {
        if let Some(id) = state.get_mut("id")
            && !id.is_known()
        {
            *id = Value::text(new_id());
        }
        let diagnostics = resource.create(&mut state, &self.context());
        if any_error(&diagnostics) {
            return (prior, diagnostics);
        }
        fill::blocks(resource.schema(), &mut state);
        (Value::Object(state), diagnostics)
    }

    pub(super) fn import(asked: &ImportRequest) -> ImportResponse {
        let name = &asked.type_name;
        ImportResponse {
            diagnostics: vec![error(format!("resource {name} doesn't support import"))],
        }
    }

    pub(super) fn read_data(&self, asked: &ReadDataRequest) -> ReadDataResponse {
        let read = data_source(&asked.type_name).and_then(|source| {
            let config = decode(asked.config.as_ref())?;
            Ok((source, config))
        });
        let (source, mut config) = match read {
            Ok((source, Value::Object(config))) => (source, config),
            Ok((_, other)) => {
                return ReadDataResponse {
                    state: encode(&other),
                    diagnostics: Vec::new(),
                };
            }
            Err(reason) => {
                return ReadDataResponse {
                    state: None,
                    diagnostics: refusal(&reason),
                };
            }
        };
        let diagnostics = source.read(&mut config, &self.context());
        if any_error(&diagnostics) {
            return ReadDataResponse {
                state: None,
                diagnostics,
            };
        }
        if let Some(id) = config.get_mut("id")
            && !id.is_known()
        {
            *id = Value::text(new_id());
        }
        fill::maps(source.schema(), &mut config);
        fill::empty_texts(source.schema(), &mut config);
        fill::blocks(source.schema(), &mut config);
        ReadDataResponse {
            state: encode(&Value::Object(config)),
            diagnostics,
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            environment: &self.environment,
            url: self
                .url
                .get()
                .map_or_else(|| self.default_url(), String::as_str),
        }
    }

    fn default_url(&self) -> &str {
        match self.environment.get(URL) {
            Some(url) if !url.is_empty() => url,
            _ => SOME_URL,
        }
    }
}

fn resource(name: &str) -> Result<&'static dyn Resource, CallError> {
    let found = resources::ALL.iter().find(|one| one.schema().name == name);
    found
        .copied()
        .ok_or_else(|| CallError::Unknown(name.to_owned()))
}

fn data_source(name: &str) -> Result<&'static dyn DataSource, CallError> {
    let found = data_sources::ALL
        .iter()
        .find(|one| one.schema().name == name);
    found
        .copied()
        .ok_or_else(|| CallError::Unknown(name.to_owned()))
}

fn decode(value: Option<&DynamicValue>) -> Result<Value, CallError> {
    match value {
        Some(value) if !value.msgpack.is_empty() => Ok(Value::unpack(&value.msgpack)?),
        _ => Ok(Value::Null),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of the messages' fields"
)]
fn encode(value: &Value) -> Option<DynamicValue> {
    Some(DynamicValue {
        msgpack: value.pack(),
        json: Vec::new(),
    })
}

fn outcome(value: Result<Value, CallError>) -> (Option<DynamicValue>, Vec<Diagnostic>) {
    match value {
        Ok(value) => (encode(&value), Vec::new()),
        Err(reason) => (None, refusal(&reason)),
    }
}

fn refusal(reason: &CallError) -> Vec<Diagnostic> {
    vec![error(reason.to_string())]
}

/// What Terraform keeps beside the state, in the form that other providers of this kind use.
fn private(schema: &Schema) -> Vec<u8> {
    match schema.version {
        0 => b"null".to_vec(),
        version => format!(r#"{{"schema_version":"{version}"}}"#).into_bytes(),
    }
}
