//! A server's life in this process: from settings to a listening application, and from
//! there to the end. What the application is made of stands in the module above.

use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use tracing::{info, warn};
use url::Url;

use super::{App, Parts, background};
use crate::{
    config::{self, ClientAuthentication, Config, MinimumVersion},
    domain::{clock::Clock, passwords::Hasher},
    embedded_postgres::{self, EmbeddedPostgres},
    http::middleware::{proxies::TrustedProxies, redirect::Redirect},
    lifecycle::{Ending, Lifecycle, Signals},
    listen::{self, ClientCertificates, Listener, TlsSettings},
    service::usage::Usage,
    store::pool::PoolSettings,
    telemetry::Metrics,
};

/// How often the metrics are tidied while nobody fetches them.
const METRICS_UPKEEP: Duration = Duration::from_secs(10);

/// How long the pool may take to take its connections back after everything was aborted.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// A server that listens.
#[derive(Debug)]
pub struct Running {
    /// The URL under which it is reached.
    pub access_url: Url,
    /// Its tasks.
    pub lifecycle: Lifecycle,
    drain_limit: Duration,
    usage: Usage,
    connections: PgPool,
    database: Database,
}

/// Starts the server. Dropping what is returned stops the private database but not the tasks;
/// [`Running::to_end`] ends both in order.
///
/// # Errors
/// When a part cannot be started.
pub async fn start(config: &Config, metrics: &Metrics) -> anyhow::Result<Running> {
    if let Err(error) = listen::raise_connection_limit() {
        warn!(%error, "the number of connections stays as the system set it");
    }
    let lifecycle = Lifecycle::new();
    let database = Database::open(config).await?;
    database.watch(&lifecycle);
    super::migrate(database.url()).await?;
    let listeners = Listeners::bind(config).await?;
    let access_url = listeners.access_url(config)?;
    let app = App::build(
        Parts {
            database_url: database.url().to_owned(),
            pool: PoolSettings {
                max_connections: config.storage.database_connections,
                ..PoolSettings::default()
            },
            settings: super::settings(config, access_url.clone()),
            clock: Clock::system(),
            hasher: Hasher::default(),
            limits: super::limits(config),
        },
        lifecycle.clone(),
    )?;
    let connections = app.db().clone();
    let usage = app.state.usage.clone();
    background::start(&app, config);
    listeners.serve(&app.start(), config, &access_url, &lifecycle);
    serve_metrics(config, metrics, &lifecycle).await?;
    info!(url = %access_url, "the server is ready");
    Ok(Running {
        access_url,
        lifecycle,
        drain_limit: config.network.drain_limit,
        usage,
        connections,
        database,
    })
}

impl Running {
    /// Serves until a signal or a failure, then drains and stops.
    pub async fn to_end(self, signals: &mut Signals) -> Ending {
        let ending = self.lifecycle.run_to_end(signals, self.drain_limit).await;
        // What the last requests used; the next process would not know of it.
        match tokio::time::timeout(CLOSE_LIMIT, self.usage.flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "the last uses of workspaces could not be noted"),
            Err(_) => warn!("the last uses of workspaces could not be noted in time"),
        }
        // The database goes last: what drains may still write.
        let closed = tokio::time::timeout(CLOSE_LIMIT, self.connections.close());
        if closed.await.is_err() {
            warn!("connections to the database are still in use");
        }
        self.database.close().await;
        ending
    }
}

/// Brings the database up to date and does nothing else.
///
/// # Errors
/// When there is no database or a migration fails.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let database = Database::open(config).await?;
    let migrated = super::migrate(database.url()).await;
    database.close().await;
    migrated
}

/// The database: one that was set up elsewhere, or the private one.
#[derive(Debug)]
pub(super) enum Database {
    Given(SecretString),
    Private(EmbeddedPostgres),
}

impl Database {
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        if let Some(url) = &config.storage.postgres_url {
            return Ok(Self::Given(url.clone()));
        }
        let options = embedded_postgres::Options {
            data_directory: config.storage.data_directory.clone(),
            cache_directory: config.storage.cache_directory.clone(),
        };
        Ok(Self::Private(EmbeddedPostgres::start(&options).await?))
    }

    pub(super) fn url(&self) -> &str {
        match self {
            Self::Given(url) => url.expose_secret(),
            Self::Private(postgres) => postgres.url().expose_secret(),
        }
    }

    /// Ends the process as failed when the private database cannot be kept running.
    fn watch(&self, lifecycle: &Lifecycle) {
        let Self::Private(postgres) = self else {
            return;
        };
        let (given_up, draining) = (postgres.given_up(), lifecycle.draining());
        lifecycle.spawn("postgres", async move {
            tokio::select! { () = given_up => {}, () = draining => {} }
        });
    }

    pub(super) async fn close(self) {
        if let Self::Private(postgres) = self {
            postgres.stop().await;
        }
    }
}

/// The sockets for HTTP and HTTPS.
struct Listeners {
    plain: Option<Listener>,
    tls: Option<Listener>,
}

impl Listeners {
    async fn bind(config: &Config) -> anyhow::Result<Self> {
        let plain = match &config.network.http {
            Some(address) => Some(Listener::bind(&address.host, address.port).await?),
            None => None,
        };
        let tls = match &config.network.tls {
            Some(tls) => {
                let listener = Listener::bind(&tls.address.host, tls.address.port).await?;
                Some(listener.with_tls(&tls_settings(tls))?)
            }
            None => None,
        };
        Ok(Self { plain, tls })
    }

    fn access_url(&self, config: &Config) -> anyhow::Result<Url> {
        let first = self.plain.as_ref().or(self.tls.as_ref());
        let first = first.context("there is nothing to listen on")?;
        Ok(config.network.access_url(first.address()))
    }

    fn serve(self, router: &Router, config: &Config, access_url: &Url, lifecycle: &Lifecycle) {
        let network = &config.network;
        let secure = access_url.scheme() == "https";
        let only_tls = secure && network.tls.as_ref().is_some_and(|tls| tls.redirect_http);
        for (name, listener) in [("http", self.plain), ("https", self.tls)] {
            let Some(listener) = listener else { continue };
            let redirect = Redirect {
                access_url: access_url.clone(),
                all_from_afar: only_tls && name == "http",
                other_hosts: network.redirect_to_access_url,
                application_hosts: network
                    .wildcard_access_url
                    .as_ref()
                    .map(ToString::to_string),
            };
            let proxies = TrustedProxies {
                headers: network.proxy_trusted_headers.clone(),
                networks: network.proxy_trusted_origins.clone(),
            };
            let router = proxies.around(redirect.around(router.clone()));
            info!(address = %listener.address(), "listening for {name}");
            listener.serve(name, router, lifecycle);
        }
    }
}

fn tls_settings(tls: &config::Tls) -> TlsSettings {
    let authorities = tls.client_authorities.clone();
    TlsSettings {
        certificates: tls.certificates.clone(),
        newest_only: tls.minimum_version == MinimumVersion::Tls13,
        clients: match (tls.client_authentication, authorities) {
            (ClientAuthentication::VerifyIfGiven, Some(file)) => ClientCertificates::Checked(file),
            (ClientAuthentication::RequireAndVerify, Some(file)) => {
                ClientCertificates::Required(file)
            }
            _ => ClientCertificates::Ignored,
        },
    }
}

async fn serve_metrics(
    config: &Config,
    metrics: &Metrics,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    if let Some(address) = &config.observability.prometheus {
        let listener = Listener::bind(&address.host, address.port).await?;
        info!(address = %listener.address(), "listening for Prometheus");
        listener.serve("prometheus", metrics.router(), lifecycle);
    }
    let (metrics, draining) = (metrics.clone(), lifecycle.draining());
    let upkeep = async move {
        let mut moments = tokio::time::interval(METRICS_UPKEEP);
        loop {
            moments.tick().await;
            metrics.upkeep();
        }
    };
    lifecycle.spawn("metrics", async move {
        tokio::select! { () = upkeep => {}, () = draining => {} }
    });
    Ok(())
}
