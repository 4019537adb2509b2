//! The messages of Terraform's plugin protocol, version 5, and of the plugin's own services, as
//! their published descriptions number them. Holds what this provider reads or writes; fields
//! it has no use for are left out and skipped. Does nothing.

use std::collections::HashMap;

/// A message without fields.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Empty {}

/// A value in one of two encodings.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DynamicValue {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) msgpack: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) json: Vec<u8>,
}

/// A remark for the user.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Diagnostic {
    #[prost(enumeration = "Severity", tag = "1")]
    pub(super) severity: i32,
    #[prost(string, tag = "2")]
    pub(super) summary: String,
    #[prost(string, tag = "3")]
    pub(super) detail: String,
    #[prost(message, optional, tag = "4")]
    pub(super) attribute: Option<AttributePath>,
}

/// How grave a remark is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, prost::Enumeration)]
#[repr(i32)]
pub(super) enum Severity {
    Invalid = 0,
    Error = 1,
    Warning = 2,
}

/// Where in a value something is.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub(super) struct AttributePath {
    #[prost(message, repeated, tag = "1")]
    pub(super) steps: Vec<Step>,
}

/// One step into a value.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub(super) struct Step {
    #[prost(oneof = "Selector", tags = "1, 3")]
    pub(super) selector: Option<Selector>,
}

/// What a step goes to.
#[derive(Clone, PartialEq, Eq, Hash, prost::Oneof)]
pub(super) enum Selector {
    #[prost(string, tag = "1")]
    Attribute(String),
    #[prost(int64, tag = "3")]
    Index(i64),
}

/// A state as it was stored.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RawState {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) json: Vec<u8>,
}

/// The description of a provider, a resource or a data source.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Schema {
    #[prost(int64, tag = "1")]
    pub(super) version: i64,
    #[prost(message, optional, tag = "2")]
    pub(super) block: Option<Block>,
}

/// A block with its attributes.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Block {
    #[prost(int64, tag = "1")]
    pub(super) version: i64,
    #[prost(message, repeated, tag = "2")]
    pub(super) attributes: Vec<Attribute>,
    #[prost(message, repeated, tag = "3")]
    pub(super) nested: Vec<NestedBlock>,
    #[prost(string, tag = "4")]
    pub(super) description: String,
    #[prost(bool, tag = "6")]
    pub(super) deprecated: bool,
}

/// An attribute of a block; its type is JSON.
#[derive(Clone, PartialEq, prost::Message)]
#[expect(clippy::struct_excessive_bools, reason = "the protocol's own fields")]
pub(super) struct Attribute {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) r#type: Vec<u8>,
    #[prost(string, tag = "3")]
    pub(super) description: String,
    #[prost(bool, tag = "4")]
    pub(super) required: bool,
    #[prost(bool, tag = "5")]
    pub(super) optional: bool,
    #[prost(bool, tag = "6")]
    pub(super) computed: bool,
    #[prost(bool, tag = "7")]
    pub(super) sensitive: bool,
    #[prost(bool, tag = "9")]
    pub(super) deprecated: bool,
}

/// A block inside a block.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct NestedBlock {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) block: Option<Block>,
    #[prost(enumeration = "NestingMode", tag = "3")]
    pub(super) nesting: i32,
    #[prost(int64, tag = "4")]
    pub(super) min_items: i64,
    #[prost(int64, tag = "5")]
    pub(super) max_items: i64,
}

/// How often a nested block may stand there, and whether in an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, prost::Enumeration)]
#[repr(i32)]
pub(super) enum NestingMode {
    Invalid = 0,
    List = 2,
    Set = 3,
}

/// What the server can do beyond the beginnings of the protocol.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct ServerCapabilities {
    /// Calls may come without a look at the schema before.
    #[prost(bool, tag = "2")]
    pub(super) get_provider_schema_optional: bool,
}

/// Answers `GetSchema`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct GetSchemaResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) provider: Option<Schema>,
    #[prost(map = "string, message", tag = "2")]
    pub(super) resource_schemas: HashMap<String, Schema>,
    #[prost(map = "string, message", tag = "3")]
    pub(super) data_source_schemas: HashMap<String, Schema>,
    #[prost(message, repeated, tag = "4")]
    pub(super) diagnostics: Vec<Diagnostic>,
    #[prost(message, optional, tag = "6")]
    pub(super) server_capabilities: Option<ServerCapabilities>,
}

/// Asks `PrepareProviderConfig`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PrepareRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) config: Option<DynamicValue>,
}

/// Answers `PrepareProviderConfig`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PrepareResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) prepared_config: Option<DynamicValue>,
    #[prost(message, repeated, tag = "2")]
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Asks `Configure`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ConfigureRequest {
    #[prost(string, tag = "1")]
    pub(super) terraform_version: String,
    #[prost(message, optional, tag = "2")]
    pub(super) config: Option<DynamicValue>,
}

/// Asks `ValidateResourceTypeConfig` and `ValidateDataSourceConfig`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ValidateRequest {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) config: Option<DynamicValue>,
}

/// Answers `Configure` and both validations.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DiagnosticsResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Asks `UpgradeResourceState`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct UpgradeRequest {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
    #[prost(int64, tag = "2")]
    pub(super) version: i64,
    #[prost(message, optional, tag = "3")]
    pub(super) raw_state: Option<RawState>,
}

/// Answers `UpgradeResourceState`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct UpgradeResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) upgraded_state: Option<DynamicValue>,
    #[prost(message, repeated, tag = "2")]
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Asks `ReadResource`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReadRequest {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) current_state: Option<DynamicValue>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) private: Vec<u8>,
}

/// Answers `ReadResource`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReadResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) new_state: Option<DynamicValue>,
    #[prost(message, repeated, tag = "2")]
    pub(super) diagnostics: Vec<Diagnostic>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) private: Vec<u8>,
}

/// Asks `PlanResourceChange`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PlanRequest {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) prior_state: Option<DynamicValue>,
    #[prost(message, optional, tag = "3")]
    pub(super) proposed_new_state: Option<DynamicValue>,
    #[prost(message, optional, tag = "4")]
    pub(super) config: Option<DynamicValue>,
    #[prost(bytes = "vec", tag = "5")]
    pub(super) prior_private: Vec<u8>,
}

/// Answers `PlanResourceChange`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PlanResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) planned_state: Option<DynamicValue>,
    #[prost(message, repeated, tag = "2")]
    pub(super) requires_replace: Vec<AttributePath>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) planned_private: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    pub(super) diagnostics: Vec<Diagnostic>,
    #[prost(bool, tag = "5")]
    pub(super) legacy_type_system: bool,
}

/// Asks `ApplyResourceChange`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ApplyRequest {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) prior_state: Option<DynamicValue>,
    #[prost(message, optional, tag = "3")]
    pub(super) planned_state: Option<DynamicValue>,
    #[prost(bytes = "vec", tag = "5")]
    pub(super) planned_private: Vec<u8>,
}

/// Answers `ApplyResourceChange`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ApplyResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) new_state: Option<DynamicValue>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) private: Vec<u8>,
    #[prost(message, repeated, tag = "3")]
    pub(super) diagnostics: Vec<Diagnostic>,
    #[prost(bool, tag = "4")]
    pub(super) legacy_type_system: bool,
}

/// Asks `ImportResourceState`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ImportRequest {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
}

/// Answers `ImportResourceState`: always a refusal.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ImportResponse {
    #[prost(message, repeated, tag = "2")]
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Asks `ReadDataSource`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReadDataRequest {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) config: Option<DynamicValue>,
}

/// Answers `ReadDataSource`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReadDataResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) state: Option<DynamicValue>,
    #[prost(message, repeated, tag = "2")]
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Answers `Stop`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StopResponse {
    #[prost(string, tag = "1")]
    pub(super) error: String,
}

/// Answers a question after the plugin's health; 1 is well.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct HealthResponse {
    #[prost(int32, tag = "1")]
    pub(super) status: i32,
}
