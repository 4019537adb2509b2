//! Shapes of the health report. What was found becomes severities and warnings here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    daemons::ProvisionerDaemon,
    deployment::Regions,
    time::Time,
    validate::{Faults, Validate},
};
use crate::domain::{
    clock::Timestamp,
    daemons::{Daemon, DaemonStatus},
    health::{AccessAnswer, Health, HealthSection, SLOW_DATABASE},
};

/// The report (healthsdk.HealthcheckReport).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HealthcheckReport {
    /// When it was made.
    pub time: Time,
    /// Whether no part has an error.
    pub healthy: bool,
    /// The worst of all parts.
    pub severity: Severity,
    /// The relays; there are none yet.
    pub derp: DerpHealthReport,
    /// The address under which users come.
    pub access_url: AccessUrlReport,
    /// Websockets.
    pub websocket: WebsocketReport,
    /// The database.
    pub database: DatabaseReport,
    /// Proxies for workspace traffic.
    pub workspace_proxy: WorkspaceProxyReport,
    /// The daemons.
    pub provisioner_daemons: ProvisionerDaemonsReport,
    /// The release.
    pub coder_version: &'static str,
}

/// How bad something is (health.Severity).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Not at all.
    Ok,
    /// Somebody should look.
    Warning,
    /// Something does not work.
    Error,
}

/// A warning (health.Message).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HealthMessage {
    /// What kind.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

/// What all parts have (healthsdk.BaseReport).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BaseReport {
    /// What does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What somebody should look at.
    pub warnings: Vec<HealthMessage>,
    /// Whether administrators have muted it.
    pub dismissed: bool,
}

impl BaseReport {
    fn new(health: &Health, section: HealthSection) -> Self {
        Self {
            error: None,
            severity: Severity::Ok,
            warnings: Vec::new(),
            dismissed: health.dismissed.contains(&section),
        }
    }

    fn warn(&mut self, code: &'static str, message: String) {
        self.severity = self.severity.max(Severity::Warning);
        self.warnings.push(HealthMessage { code, message });
    }

    fn fail(&mut self, code: &str, why: &str) {
        self.severity = Severity::Error;
        self.error = Some(format!("{code}: {why}"));
    }

    fn is_healthy(&self) -> bool {
        self.severity < Severity::Error
    }
}

/// The relays (healthsdk.DERPHealthReport).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DerpHealthReport {
    /// What all parts have.
    #[serde(flatten)]
    pub base: BaseReport,
    /// Whether it works.
    pub healthy: bool,
    /// By number.
    pub regions: BTreeMap<u16, String>,
    /// What measuring them said.
    pub netcheck_logs: Vec<String>,
}

/// The access URL (healthsdk.AccessURLReport).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AccessUrlReport {
    /// What all parts have.
    #[serde(flatten)]
    pub base: BaseReport,
    /// Whether it works.
    pub healthy: bool,
    /// The URL.
    pub access_url: String,
    /// Whether something answers there.
    pub reachable: bool,
    /// The answer's status.
    pub status_code: u16,
    /// The answer's beginning.
    pub healthz_response: String,
}

/// Websockets (healthsdk.WebsocketReport).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebsocketReport {
    /// What all parts have.
    #[serde(flatten)]
    pub base: BaseReport,
    /// Whether they work.
    pub healthy: bool,
    /// The body of a refusal.
    pub body: String,
    /// Its status.
    pub code: u16,
}

/// The database (healthsdk.DatabaseReport).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DatabaseReport {
    /// What all parts have.
    #[serde(flatten)]
    pub base: BaseReport,
    /// Whether it works.
    pub healthy: bool,
    /// Whether it answers.
    pub reachable: bool,
    /// How long it takes, as `1.5ms`.
    pub latency: String,
    /// The same in whole milliseconds.
    pub latency_ms: u64,
    /// From how many on there is a warning.
    pub threshold_ms: u64,
}

/// Proxies (healthsdk.WorkspaceProxyReport).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceProxyReport {
    /// What all parts have.
    #[serde(flatten)]
    pub base: BaseReport,
    /// Whether they work.
    pub healthy: bool,
    /// The proxies.
    pub workspace_proxies: Regions,
}

/// The daemons (healthsdk.ProvisionerDaemonsReport).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProvisionerDaemonsReport {
    /// What all parts have.
    #[serde(flatten)]
    pub base: BaseReport,
    /// The daemons.
    pub items: Vec<ProvisionerDaemonsReportItem>,
}

/// A daemon (healthsdk.ProvisionerDaemonsReportItem).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProvisionerDaemonsReportItem {
    /// The daemon.
    pub provisioner_daemon: ProvisionerDaemon,
    /// What somebody should look at.
    pub warnings: Vec<HealthMessage>,
}

/// Which parts are muted (healthsdk.HealthSettings).
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct HealthSettings {
    /// The parts' names.
    pub dismissed_healthchecks: Vec<String>,
}

impl HealthSettings {
    /// The parts that are named.
    #[must_use]
    pub fn sections(&self) -> Vec<HealthSection> {
        let names = self.dismissed_healthchecks.iter();
        names
            .filter_map(|name| HealthSection::parse(name))
            .collect()
    }
}

impl Validate for HealthSettings {
    fn validate(&self, faults: &mut Faults) {
        for name in &self.dismissed_healthchecks {
            if HealthSection::parse(name).is_none() {
                faults.add(
                    "dismissed_healthchecks",
                    format!("{name:?} is no part of the report"),
                );
            }
        }
    }
}

impl HealthcheckReport {
    /// Judges what was found.
    #[must_use]
    pub fn new(health: Health, access_url: &str, version: &'static str) -> Self {
        let derp = DerpHealthReport {
            base: BaseReport::new(&health, HealthSection::Derp),
            healthy: true,
            regions: BTreeMap::new(),
            netcheck_logs: Vec::new(),
        };
        let workspace_proxy = WorkspaceProxyReport {
            base: BaseReport::new(&health, HealthSection::WorkspaceProxy),
            healthy: true,
            workspace_proxies: Regions {
                regions: Vec::new(),
            },
        };
        let access = access(&health, access_url);
        let websocket = websocket(&health, &access);
        let database = database(&health);
        let at = health.at;
        let provisioner_daemons = provisioner_daemons(health);
        let severity = [
            &access.base,
            &websocket.base,
            &database.base,
            &provisioner_daemons.base,
        ]
        .map(|base| base.severity)
        .into_iter()
        .max()
        .unwrap_or(Severity::Ok);
        Self {
            time: at.into(),
            healthy: severity < Severity::Error,
            severity,
            derp,
            access_url: access,
            websocket,
            database,
            workspace_proxy,
            provisioner_daemons,
            coder_version: version,
        }
    }
}

fn access(health: &Health, url: &str) -> AccessUrlReport {
    let mut base = BaseReport::new(health, HealthSection::AccessUrl);
    let (status, body) = match &health.access {
        Ok(AccessAnswer { status, body }) => (*status, body.clone()),
        Err(_) => (0, String::new()),
    };
    match &health.access {
        Ok(answer) if answer.status == 200 => {}
        Ok(_) => base.warn("EACS04", "another answer than 200 comes back".to_owned()),
        Err(why) => base.fail("EACS03", why),
    }
    AccessUrlReport {
        healthy: base.is_healthy(),
        access_url: url.to_owned(),
        reachable: health.access.is_ok(),
        status_code: status,
        healthz_response: body,
        base,
    }
}

/// Websockets come the same way as all requests: where these do not arrive, they do not either.
fn websocket(health: &Health, access: &AccessUrlReport) -> WebsocketReport {
    let mut base = BaseReport::new(health, HealthSection::Websocket);
    if !access.reachable {
        base.fail("EWS01", "the access URL does not answer");
    }
    WebsocketReport {
        healthy: base.is_healthy(),
        base,
        body: String::new(),
        code: 0,
    }
}

fn database(health: &Health) -> DatabaseReport {
    let mut base = BaseReport::new(health, HealthSection::Database);
    let latency = health.database.as_ref().copied().unwrap_or_default();
    match &health.database {
        Err(why) => base.fail("EDB01", why),
        Ok(_) if latency > SLOW_DATABASE => {
            base.warn("EDB02", format!("an answer took {latency:?}"));
        }
        Ok(_) => {}
    }
    let whole =
        |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    DatabaseReport {
        healthy: base.is_healthy(),
        reachable: health.database.is_ok(),
        latency: format!("{latency:?}"),
        latency_ms: whole(latency),
        threshold_ms: whole(SLOW_DATABASE),
        base,
    }
}

fn provisioner_daemons(health: Health) -> ProvisionerDaemonsReport {
    let mut base = BaseReport::new(&health, HealthSection::ProvisionerDaemons);
    let now: Timestamp = health.at;
    let lives = |daemon: &Daemon| daemon.status(now) != DaemonStatus::Offline;
    if !health.daemons.iter().any(lives) {
        base.warn(
            "EPD01",
            "no daemon waits for work; builds stay pending".to_owned(),
        );
    }
    let items = health.daemons.into_iter().filter(lives);
    let items = items.map(|daemon| ProvisionerDaemonsReportItem {
        provisioner_daemon: ProvisionerDaemon::new(daemon, now),
        warnings: Vec::new(),
    });
    ProvisionerDaemonsReport {
        base,
        items: items.collect(),
    }
}
