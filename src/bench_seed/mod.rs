//! `workspaced bench-seed`: fills an empty database with what long use would have left in it, so
//! that the side-by-side benchmark (`scripts/bench.sh`) measures a server with a history.
//! Only with the feature `bench`; knows the tables and uses no service.

mod history;
mod manifest;
mod outcomes;
mod people;
mod sheet;
mod templates;
mod workspaces;

use std::{fs, path::PathBuf};

use anyhow::{Context as _, ensure};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use self::history::History;
pub use self::manifest::Manifest;
use crate::{
    domain::{
        clock::{Clock, Timestamp},
        passwords::Hasher,
    },
    store::{organizations, pool, users},
};

/// What to fill and where to tell about it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database: empty, or with the migrations and nothing else.
    pub database_url: SecretString,
    /// How much of everything.
    pub amounts: Amounts,
    /// The file for the [`Manifest`].
    pub manifest: PathBuf,
}

/// How much of everything there shall be.
#[derive(Clone, Copy, Debug)]
pub struct Amounts {
    /// Workspaces, spread over users and templates.
    pub workspaces: usize,
    /// Members beside the administrator.
    pub users: usize,
    /// Templates, with one version each.
    pub templates: usize,
    /// Builds of each workspace.
    pub builds: usize,
}

/// Migrates the database, fills it and writes the manifest.
///
/// # Errors
/// When the database holds users already, or it or the manifest cannot be written.
pub async fn run(options: &Options, clock: &Clock, hasher: &Hasher) -> anyhow::Result<()> {
    let url = options.database_url.expose_secret();
    pool::migrate(url)
        .await
        .context("the database could not be brought up to date")?;
    let mut conn = pool::connect(url).await?;
    let manifest = fill(&mut conn, options.amounts, clock.now(), hasher).await?;
    conn.close().await?;
    let file = &options.manifest;
    fs::write(file, serde_json::to_vec(&manifest)?)
        .with_context(|| format!("{} cannot be written", file.display()))
}

/// Fills a migrated database: all or nothing.
///
/// # Errors
/// When the database holds users already or cannot be written.
pub async fn fill(
    conn: &mut PgConnection,
    amounts: Amounts,
    now: Timestamp,
    hasher: &Hasher,
) -> anyhow::Result<Manifest> {
    ensure!(
        amounts.users > 0 && amounts.templates > 0 && amounts.builds > 0,
        "there must be a user, a template and a build of each workspace at least"
    );
    ensure!(
        !users::any(conn).await?,
        "the database holds users: only an empty one can be seeded"
    );
    let organization = organizations::default_id(conn).await?;
    let history = History::invent(amounts, organization, now);
    perform(conn, "BEGIN").await?;
    people::write(conn, &history, hasher).await?;
    templates::write(conn, &history).await?;
    workspaces::write(conn, &history).await?;
    outcomes::write(conn, &history).await?;
    perform(conn, "COMMIT").await?;
    perform(conn, "ANALYZE").await?;
    Ok(Manifest::of(&history))
}

/// Runs one statement without parameters.
async fn perform(conn: &mut PgConnection, statement: &'static str) -> anyhow::Result<()> {
    conn.execute(sqlx::raw_sql(AssertSqlSafe(statement)))
        .await?;
    Ok(())
}
