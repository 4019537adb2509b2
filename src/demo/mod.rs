//! `workspaced demo`: shows a server that was just started at work, on a machine where
//! nothing is set up. It is a client like any other and speaks to the API over HTTP only.

mod api;

use std::{io::Write as _, time::Duration};

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use url::Url;

use crate::domain::random;
use api::Api;

const USERNAME: &str = "admin";
const EMAIL: &str = "admin@example.com";
/// A built-in template that needs nothing from the network.
const EXAMPLE: &str = "scratch";
const TEMPLATE: &str = "starter";
const WORKSPACE: &str = "first";
/// How often a build's state is asked for.
const POLL: Duration = Duration::from_millis(300);
const TICK: Duration = Duration::from_millis(100);

/// Creates an admin, imports the starter template, builds a workspace and prints what to do next.
///
/// # Errors
/// When the server refuses a step or a build fails.
pub async fn show(url: &Url) -> anyhow::Result<()> {
    let progress = ProgressBar::new_spinner()
        .with_style(ProgressStyle::with_template("{spinner} {msg} ({elapsed})")?);
    progress.enable_steady_tick(TICK);

    progress.set_message("creating an admin");
    let mut api = Api::new(url);
    let Some(password) = create_admin(&api).await? else {
        progress.finish_and_clear();
        return again(url);
    };
    let login = api
        .post(
            "/users/login",
            &json!({"email": EMAIL, "password": password}),
        )
        .await?;
    api.token = text(&login, "session_token")?;
    let token = api
        .post("/users/me/keys/tokens", &json!({"token_name": "demo"}))
        .await?;
    api.token = text(&token, "key")?;

    progress.set_message("importing the starter template");
    let me = api.get("/users/me").await?;
    let organization = me["organization_ids"][0]
        .as_str()
        .context("the admin has no organization")?
        .to_owned();
    let template = import_template(&api, &organization).await?;

    progress.set_message("building a workspace");
    let made = api
        .post(
            "/users/me/workspaces",
            &json!({"name": WORKSPACE, "template_id": template}),
        )
        .await?;
    let workspace = text(&made, "id")?;
    let build = text(&made["latest_build"], "id")?;
    finished(&api, &format!("/workspacebuilds/{build}"), "job").await?;
    progress.finish_and_clear();
    tell(url, &password, &api.token, &workspace)
}

/// Makes the first user; `None` when there is one already.
async fn create_admin(api: &Api) -> anyhow::Result<Option<String>> {
    let password = random::alphanumeric(20);
    let first = json!({"email": EMAIL, "username": USERNAME, "password": password});
    if api.exists("/users/first").await? {
        return Ok(None);
    }
    api.post("/users/first", &first).await?;
    Ok(Some(password))
}

async fn import_template(api: &Api, organization: &str) -> anyhow::Result<String> {
    let order = json!({"name": "v1", "storage_method": "file", "provisioner": "terraform",
        "example_id": EXAMPLE, "message": "The starter template"});
    let version = api
        .post(
            &format!("/organizations/{organization}/templateversions"),
            &order,
        )
        .await?;
    let version = text(&version, "id")?;
    finished(api, &format!("/templateversions/{version}"), "job").await?;
    let order =
        json!({"name": TEMPLATE, "display_name": "Starter", "template_version_id": version});
    let made = api
        .post(&format!("/organizations/{organization}/templates"), &order)
        .await?;
    text(&made, "id")
}

/// Waits until the job in the answer has ended well.
async fn finished(api: &Api, path: &str, job: &str) -> anyhow::Result<()> {
    loop {
        let answer = api.get(path).await?;
        match answer[job]["status"].as_str() {
            Some("succeeded") => return Ok(()),
            Some("failed" | "canceled") => {
                bail!(
                    "the job did not succeed: {}",
                    answer[job]["error"].as_str().unwrap_or("it was canceled")
                )
            }
            _ => tokio::time::sleep(POLL).await,
        }
    }
}

fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    Ok(value[key]
        .as_str()
        .with_context(|| format!("the answer has no {key}"))?
        .to_owned())
}

fn tell(url: &Url, password: &str, token: &str, workspace: &str) -> anyhow::Result<()> {
    let url = url.as_str().trim_end_matches('/');
    writeln!(
        std::io::stdout(),
        r#"
workspaced runs at {url}

  admin      {EMAIL}
  password   {password}
  token      {token}

One workspace, "{WORKSPACE}", was built from the template "{TEMPLATE}". In another terminal:

  # list workspaces
  curl -s -H 'Coder-Session-Token: {token}' '{url}/api/v2/workspaces?q=owner:me'

  # watch this one
  curl -sN -H 'Coder-Session-Token: {token}' {url}/api/v2/workspaces/{workspace}/watch

  # stop it
  curl -s -H 'Coder-Session-Token: {token}' -d '{{"transition":"stop"}}' {url}/api/v2/workspaces/{workspace}/builds

Ctrl-C ends the server. The data stays: start it again with `workspaced server`."#
    )?;
    Ok(())
}

fn again(url: &Url) -> anyhow::Result<()> {
    writeln!(
        std::io::stdout(),
        "workspaced runs at {url}\nThis deployment is set up already, so the demo changed nothing. Ctrl-C ends the server."
    )?;
    Ok(())
}
