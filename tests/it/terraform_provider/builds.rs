//! Builds by the provisioner of templates that need the provider, without a registry.

use std::{fs, path::PathBuf, sync::Mutex, time::Duration};

use tokio_util::sync::CancellationToken;
use workspaced::{
    domain::{
        clock::{Clock, Timestamp},
        ids::JobId,
        jobs::ProvisionerKind,
        provisioning::{
            AcquiredJob, AgentAuth, BuildMetadata, Completed, Failed, LogLine, NamedValue,
            ParsedTemplate, Transition, Work,
        },
    },
    provisioner::{
        builtin_provider::Policy,
        engine::{Engine, EngineSettings},
        process::Limits,
        terraform::{JobReporter, Quota, Runner, RunnerSettings},
    },
};

use super::engine::{Folder, fixtures, host, provider};

#[derive(Default)]
struct Reporter(Mutex<Vec<String>>);

impl JobReporter for Reporter {
    fn log(&self, line: LogLine) {
        self.0.lock().unwrap().push(line.output);
    }

    async fn parsed(&self, _template: ParsedTemplate) -> Result<Vec<NamedValue>, String> {
        Ok(Vec::new())
    }

    async fn commit_quota(&self, daily_cost: i32) -> Result<Quota, String> {
        Ok(Quota {
            accepted: true,
            consumed: daily_cost,
            budget: -1,
        })
    }

    async fn state(&self, _state: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

async fn build(template: &str, policy: Policy, log: &Reporter) -> Result<Completed, Failed> {
    let folder = Folder::new();
    let environment = host();
    let settings = EngineSettings {
        executable: None,
        search_path: environment[std::ffi::OsStr::new("PATH")].clone(),
        environment: environment.clone(),
        cache_directory: PathBuf::from("/nonexistent"),
        download: false,
        download_base: String::new(),
    };
    let engine = Engine::find(&settings).await.unwrap();
    let runner = Runner::open(RunnerSettings {
        engine,
        directory: folder.0.clone(),
        environment,
        limits: Limits {
            run: Duration::from_mins(2),
            grace: Duration::from_secs(5),
        },
        builtin_provider: Some(provider(policy)),
        clock: Clock::system(),
    });
    let job = AcquiredJob {
        id: JobId::random(),
        provisioner: ProvisionerKind::Terraform,
        created_at: Timestamp::default(),
        archive: tar_of(template),
        user_name: String::new(),
        work: Work::Build {
            state: Vec::new(),
            rich_parameter_values: Vec::new(),
            variable_values: Vec::new(),
            external_auth: Vec::new(),
            debug_log: false,
            metadata: metadata(),
        },
    };
    let cancel = CancellationToken::new();
    runner.unwrap().run(job, log, &cancel).await
}

fn metadata() -> BuildMetadata {
    BuildMetadata {
        access_url: "http://127.0.0.1:3000".to_owned(),
        transition: Transition::Start,
        workspace_name: "desk".to_owned(),
        workspace_id: String::new(),
        owner_name: "ada".to_owned(),
        owner_id: String::new(),
        owner_email: String::new(),
        owner_full_name: String::new(),
        owner_groups: None,
        owner_oidc_access_token: String::new(),
        owner_session_token: String::new(),
        owner_ssh_public_key: String::new(),
        owner_ssh_private_key: String::new(),
        owner_login_type: "password".to_owned(),
        template_id: String::new(),
        template_name: String::new(),
        template_version: String::new(),
        build_id: String::new(),
    }
}

fn tar_of(template: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(template.len() as u64);
    header.set_mode(0o644);
    builder
        .append_data(&mut header, "main.tf", template.as_bytes())
        .unwrap();
    builder.into_inner().unwrap()
}

#[tokio::test]
async fn a_build_without_a_registry_brings_agents_apps_and_metadata() {
    let template = fs::read_to_string(fixtures().join("apps/main.tf")).unwrap();
    let log = Reporter::default();
    let done = build(&template, Policy::Auto, &log).await;
    let said = log.0.lock().unwrap().join("\n");
    let Ok(Completed::Build { resources, .. }) = done else {
        panic!("{done:?}:\n{said}");
    };
    assert!(said.contains("comes from this server"), "{said}");
    let machine = resources
        .resources
        .iter()
        .find(|resource| resource.name == "machine")
        .unwrap();
    assert_eq!(machine.daily_cost, 7);
    assert_eq!(machine.metadata.len(), 4);
    let agent = &machine.agents[0];
    assert_eq!((agent.apps.len(), agent.scripts.len()), (4, 3));
    assert!(matches!(&agent.auth, AgentAuth::Token(token) if token.len() == 36));
}

#[tokio::test]
async fn a_version_that_is_not_there_is_told() {
    let template = r#"
        terraform {
          required_providers {
            coder = {
              source  = "coder/coder"
              version = "~> 2.0"
            }
          }
        }
        data "coder_workspace" "me" {}
    "#;
    let log = Reporter::default();
    let failed = build(template, Policy::Auto, &log).await.unwrap_err();
    assert_eq!(failed.error, "initialize terraform: exit status 1");
    let said = log.0.lock().unwrap().join("\n");
    assert!(said.contains("It has the version 1.0.4"), "{said}");
}
