//! What the deployment tells about itself: features, looks, regions, counts.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{BodyBytes, OptionalActor, QueryMap},
    reply::Reply,
    state::AppState,
    templates::offset_hours,
};
use crate::{
    domain::{clock::Clock, rights::actor::Actor},
    service::{
        meta::{Meta, StatsError},
        settings::Settings,
        templates::Templates,
        version::API_VERSION,
    },
    wire::{
        deployment::{
            AppHostResponse, AppearanceConfig, AvailableExperiments, BannerConfig, DeploymentStats,
            Entitlements, Feature, LinkConfig, ListUserExternalAuthResponse, ProxyHealthReport,
            Region, Regions, SessionCountDeploymentStats, SshConfigResponse, UpdateCheckResponse,
            WorkspaceConnectionLatency, WorkspaceDeploymentStats, WorkspaceProxies, WorkspaceProxy,
            WorkspaceProxyStatus,
        },
        deployment_settings::DeploymentConfig,
        response::Response as Body,
        templates::DausResponse,
        time::Time,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(entitlements))
        .routes(routes!(experiments))
        .routes(routes!(available_experiments))
        .routes(routes!(appearance))
        .routes(routes!(update_check))
        .routes(routes!(ssh_settings))
        .routes(routes!(regions))
        .routes(routes!(app_host))
        .routes(routes!(stats))
        .routes(routes!(configuration))
        .routes(routes!(workspace_proxies))
        .routes(routes!(external_auth))
        .routes(routes!(daily_users))
        .routes(routes!(content_policy_report))
}

/// All names that clients know, and whether the feature works here.
const FEATURES: [(&str, bool); 18] = [
    ("access_control", true),
    ("advanced_template_scheduling", true),
    ("appearance", false),
    ("audit_log", true),
    ("browser_only", false),
    ("control_shared_ports", false),
    ("custom_roles", true),
    ("external_provisioner_daemons", true),
    ("external_token_encryption", false),
    ("high_availability", false),
    ("multiple_external_auth", false),
    ("multiple_organizations", true),
    ("scim", true),
    ("template_rbac", true),
    ("user_limit", false),
    ("user_role_management", false),
    ("workspace_batch_actions", true),
    ("workspace_proxy", false),
];

/// How long clients may show the same counts.
const STATS_LAST: chrono::TimeDelta = chrono::TimeDelta::minutes(1);
/// How far back counts of traffic reach.
const STATS_REACH: chrono::TimeDelta = chrono::TimeDelta::minutes(15);

/// Which features work here.
#[utoipa::path(get, path = "/entitlements", tag = "Enterprise", responses((status = 200, body = Entitlements)))]
async fn entitlements(State(clock): State<Clock>) -> Reply<Entitlements> {
    let features = FEATURES.iter().map(|(name, works)| {
        let entitlement = if *works { "entitled" } else { "not_entitled" };
        let feature = Feature {
            entitlement,
            enabled: *works,
        };
        (*name, feature)
    });
    Reply(Entitlements {
        features: features.collect(),
        warnings: Vec::new(),
        errors: Vec::new(),
        // The web interface shows the pages of features only to those who have one.
        has_license: true,
        trial: false,
        require_telemetry: false,
        refreshed_at: clock.now().into(),
    })
}

/// Experiments that are switched on.
#[utoipa::path(get, path = "/experiments", tag = "General", responses((status = 200, body = Vec<String>)))]
async fn experiments(State(settings): State<Arc<Settings>>, _: Actor) -> Reply<Vec<String>> {
    Reply(settings.experiments.clone())
}

/// Experiments that can be switched on.
#[utoipa::path(get, path = "/experiments/available", tag = "General",
    responses((status = 200, body = AvailableExperiments)))]
async fn available_experiments(_: Actor) -> Reply<AvailableExperiments> {
    Reply(AvailableExperiments { safe: Vec::new() })
}

/// How the deployment looks.
#[utoipa::path(get, path = "/appearance", tag = "Enterprise",
    responses((status = 200, body = AppearanceConfig), (status = "4XX", body = Body)))]
async fn appearance(
    State(settings): State<Arc<Settings>>,
    OptionalActor(actor): OptionalActor,
) -> Result<Reply<AppearanceConfig>, ApiError> {
    if actor.is_none() {
        return Err(ApiError::new(
            http::StatusCode::UNAUTHORIZED,
            "A session token is required.",
        ));
    }
    let mut links: Vec<LinkConfig> = settings
        .support_links
        .iter()
        .map(LinkConfig::from)
        .collect();
    if links.is_empty() {
        links.push(LinkConfig {
            name: "Documentation".to_owned(),
            target: settings.docs_url.clone(),
            icon: "docs".to_owned(),
        });
    }
    Ok(Reply(AppearanceConfig {
        application_name: String::new(),
        logo_url: String::new(),
        docs_url: settings.docs_url.clone(),
        service_banner: BannerConfig { enabled: false },
        announcement_banners: Vec::new(),
        support_links: links,
    }))
}

/// Whether a newer release is known; nobody is asked.
#[utoipa::path(get, path = "/updatecheck", tag = "General", responses((status = 200, body = UpdateCheckResponse)))]
async fn update_check(State(settings): State<Arc<Settings>>) -> Reply<UpdateCheckResponse> {
    Reply(UpdateCheckResponse {
        current: true,
        version: API_VERSION.to_owned(),
        url: settings.access_url.to_string(),
    })
}

/// What `config-ssh` writes.
#[utoipa::path(get, path = "/deployment/ssh", tag = "General", responses((status = 200, body = SshConfigResponse)))]
async fn ssh_settings(State(settings): State<Arc<Settings>>, _: Actor) -> Reply<SshConfigResponse> {
    let options: BTreeMap<String, String> = settings.ssh_config_options.iter().cloned().collect();
    Reply(SshConfigResponse {
        hostname_prefix: settings.ssh_hostname_prefix.clone(),
        ssh_config_options: options,
    })
}

/// The regions: there is one, the server itself.
#[utoipa::path(get, path = "/regions", tag = "WorkspaceProxies", responses((status = 200, body = Regions)))]
async fn regions(
    State(settings): State<Arc<Settings>>,
    State(meta): State<Meta>,
    _: Actor,
) -> Result<Reply<Regions>, ApiError> {
    let region = primary(&settings, &meta).await?;
    Ok(Reply(Regions {
        regions: vec![region],
    }))
}

async fn primary(settings: &Settings, meta: &Meta) -> Result<Region, ApiError> {
    let id = meta.deployment_id().await.map_err(ApiError::internal)?;
    let here = settings.access_url.as_str().trim_end_matches('/');
    Ok(Region {
        id: id.0,
        name: "primary".to_owned(),
        display_name: "Default".to_owned(),
        icon_url: "/emojis/1f3e1.png".to_owned(),
        healthy: true,
        path_app_url: here.to_owned(),
        wildcard_hostname: settings.wildcard_access_url.clone(),
    })
}

/// The proxies for workspace traffic: there is one, the server itself.
#[utoipa::path(get, path = "/workspaceproxies", tag = "Enterprise",
    responses((status = 200, body = WorkspaceProxies), (status = "4XX", body = Body)))]
async fn workspace_proxies(
    State(settings): State<Arc<Settings>>,
    State(meta): State<Meta>,
    State(clock): State<Clock>,
    _: Actor,
) -> Result<Reply<WorkspaceProxies>, ApiError> {
    let now = clock.now().into();
    let proxy = WorkspaceProxy {
        region: primary(&settings, &meta).await?,
        derp_enabled: false,
        derp_only: false,
        status: WorkspaceProxyStatus {
            status: "ok",
            report: ProxyHealthReport::default(),
            checked_at: now,
        },
        created_at: Time::zero(),
        updated_at: Time::zero(),
        deleted: false,
        version: API_VERSION,
    };
    Ok(Reply(WorkspaceProxies {
        regions: vec![proxy],
    }))
}

/// Providers that users can link to; none can be set up yet.
#[utoipa::path(get, path = "/external-auth", tag = "Git",
    responses((status = 200, body = ListUserExternalAuthResponse)))]
async fn external_auth(_: Actor) -> Reply<ListUserExternalAuthResponse> {
    Reply(ListUserExternalAuthResponse::default())
}

/// How many used workspaces, day by day.
#[utoipa::path(get, path = "/insights/daus", tag = "General", params(("tz_offset" = Option<i32>, Query)),
    responses((status = 200, body = DausResponse), (status = "4XX", body = Body)))]
async fn daily_users(
    State(meta): State<Meta>,
    State(templates): State<Templates>,
    actor: Actor,
    query: QueryMap,
) -> Result<Reply<DausResponse>, ApiError> {
    meta.settings(&actor)?;
    let offset = offset_hours(&query)?;
    Ok(Reply(DausResponse::new(
        templates.days_without_use(offset),
        offset,
    )))
}

/// Where apps with host names of their own are.
#[utoipa::path(get, path = "/applications/host", tag = "Applications", responses((status = 200, body = AppHostResponse)))]
async fn app_host(State(settings): State<Arc<Settings>>, _: Actor) -> Reply<AppHostResponse> {
    Reply(AppHostResponse {
        host: settings.wildcard_access_url.clone(),
    })
}

impl From<StatsError> for ApiError {
    fn from(reason: StatsError) -> Self {
        match reason {
            StatsError::Denied => Self::forbidden(),
            StatsError::Store(source) => Self::internal(source),
        }
    }
}

/// The server's settings; secrets have no value.
#[utoipa::path(get, path = "/deployment/config", tag = "General",
    responses((status = 200, body = DeploymentConfig), (status = "4XX", body = Body)))]
async fn configuration(
    State(meta): State<Meta>,
    actor: Actor,
) -> Result<Reply<DeploymentConfig>, ApiError> {
    let settings = meta.settings(&actor)?;
    Ok(Reply(DeploymentConfig::new(
        &settings.given,
        &settings.access_url,
        &settings.docs_url,
    )))
}

/// Counts of workspaces and sessions.
#[utoipa::path(get, path = "/deployment/stats", tag = "General",
    responses((status = 200, body = DeploymentStats), (status = "4XX", body = Body)))]
async fn stats(
    State(meta): State<Meta>,
    State(clock): State<Clock>,
    actor: Actor,
) -> Result<Reply<DeploymentStats>, ApiError> {
    let counts = meta.count_workspaces(&actor).await?;
    let now = clock.now();
    Ok(Reply(DeploymentStats {
        aggregated_from: (now - STATS_REACH).into(),
        collected_at: now.into(),
        next_update_at: (now + STATS_LAST).into(),
        workspaces: WorkspaceDeploymentStats {
            pending: counts.pending,
            building: counts.building,
            running: counts.running,
            failed: counts.failed,
            stopped: counts.stopped,
            // Connections are not measured yet.
            connection_latency_ms: WorkspaceConnectionLatency::default(),
            rx_bytes: 0,
            tx_bytes: 0,
        },
        session_count: SessionCountDeploymentStats::default(),
    }))
}

/// Takes a browser's report of something that the page's content policy refused.
#[utoipa::path(post, path = "/csp/reports", tag = "General", request_body = serde_json::Value,
    responses((status = 200, body = String), (status = "4XX", body = Body)))]
async fn content_policy_report(
    BodyBytes(report): BodyBytes,
) -> Result<Reply<&'static str>, ApiError> {
    let report: serde_json::Value = serde_json::from_slice(&report).map_err(|error| {
        ApiError::bad_request("The report must be valid JSON.").detail(error.to_string())
    })?;
    tracing::debug!(%report, "a content policy refused something");
    Ok(Reply("ok"))
}
