//! Jobs with the real Terraform, on templates that need no provider.

use std::{
    env,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::{
    domain::{
        ids::JobId,
        provisioning::{LogLine, LogSource, ParsedTemplate, TimingStage, Transition},
    },
    provisioner::engine::EngineSettings,
};

const LIMITS: Limits = Limits {
    run: Duration::from_secs(120),
    grace: Duration::from_secs(30),
};

/// A runner in a directory of its own.
struct Bench {
    runner: Runner,
    directory: PathBuf,
}

impl Bench {
    async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = env::temp_dir().join(format!("runner-{}-{number}", std::process::id()));
        let search_path = env::var_os("PATH").unwrap_or_default();
        let environment = Variables::from([("PATH".into(), search_path.clone())]);
        let engine = Engine::find(&EngineSettings {
            executable: None,
            search_path,
            environment: environment.clone(),
            cache_directory: directory.join("cache"),
            download: false,
            download_base: None,
        })
        .await
        .unwrap_or_else(|error| panic!("this test runs the real engine: {error}"));
        let runner = Runner::open(RunnerSettings {
            engine,
            directory: directory.clone(),
            environment,
            limits: LIMITS,
            clock: Clock::system(),
        })
        .unwrap();
        Self { runner, directory }
    }

    async fn run(
        &self,
        files: &[(&str, &str)],
        work: Work,
        watcher: &Watcher,
    ) -> Result<Completed, Failed> {
        let job = AcquiredJob {
            id: JobId::random(),
            archive: tar_of(files),
            user_name: "ada".to_owned(),
            work,
        };
        let result = self.runner.run(job, watcher, &watcher.cancel).await;
        let left: Vec<_> = fs::read_dir(self.directory.join("work")).unwrap().collect();
        assert!(
            left.is_empty(),
            "the working directory should be gone: {left:?}"
        );
        result
    }

    async fn build(
        &self,
        template: &str,
        transition: Transition,
        state: &[u8],
        watcher: &Watcher,
    ) -> Result<Completed, Failed> {
        let work = Work::Build {
            state: state.to_vec(),
            rich_parameter_values: Vec::new(),
            variable_values: Vec::new(),
            external_auth: Vec::new(),
            debug_log: false,
            metadata: metadata(transition),
        };
        self.run(&[("main.tf", template)], work, watcher).await
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.directory));
    }
}

/// Keeps what a job reports; cancels it at a given word of the log.
#[derive(Default)]
struct Watcher {
    lines: Mutex<Vec<LogLine>>,
    parsed: Mutex<Vec<ParsedTemplate>>,
    states: Mutex<Vec<Vec<u8>>>,
    variables: Vec<NamedValue>,
    cancel: CancellationToken,
    cancel_at: Option<&'static str>,
    refusal: Option<&'static str>,
}

impl Watcher {
    /// The stages in order, each with who writes in it.
    fn stages(&self) -> Vec<(LogSource, String)> {
        let mut stages: Vec<_> = self
            .lines
            .lock()
            .unwrap()
            .iter()
            .map(|line| (line.source, line.stage.clone()))
            .collect();
        stages.dedup();
        stages
    }

    fn says(&self, text: &str) -> bool {
        self.lines
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.output.contains(text))
    }
}

impl JobReporter for Watcher {
    fn log(&self, line: LogLine) {
        if self
            .cancel_at
            .is_some_and(|word| line.output.contains(word))
        {
            self.cancel.cancel();
        }
        self.lines.lock().unwrap().push(line);
    }

    async fn parsed(&self, template: ParsedTemplate) -> Result<Vec<NamedValue>, String> {
        self.parsed.lock().unwrap().push(template);
        match self.refusal {
            None => Ok(self.variables.clone()),
            Some(refusal) => Err(refusal.to_owned()),
        }
    }

    async fn commit_quota(&self, _: i32) -> Result<Quota, String> {
        unreachable!("these templates cost nothing")
    }

    async fn state(&self, state: &[u8]) -> Result<(), String> {
        self.states.lock().unwrap().push(state.to_vec());
        Ok(())
    }
}

fn metadata(transition: Transition) -> BuildMetadata {
    BuildMetadata {
        access_url: "http://127.0.0.1:3000".to_owned(),
        transition,
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

fn tar_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, Path::new(name), content.as_bytes())
            .unwrap();
    }
    builder.into_inner().unwrap()
}

fn import() -> Work {
    Work::Import {
        user_variable_values: Vec::new(),
        metadata: metadata(Transition::Start),
    }
}

const TWO: &str = r#"
    resource "terraform_data" "first" {
      input = "one"
    }
    resource "terraform_data" "second" {
      input = terraform_data.first.output
    }
"#;

#[tokio::test]
async fn an_import_parses_and_plans_twice() {
    let bench = Bench::new().await;
    let watcher = Watcher {
        variables: vec![NamedValue {
            name: "zone".to_owned(),
            value: "south".to_owned(),
        }],
        ..Watcher::default()
    };
    let files = [
        ("README.md", "# A desk"),
        (
            "main.tf",
            "variable \"zone\" { type = string }\nmodule \"part\" {\n  source = \"./part\"\n  zone   = var.zone\n}\n",
        ),
        (
            "part/main.tf",
            "variable \"zone\" {}\nresource \"terraform_data\" \"x\" {\n  input = var.zone\n}\n",
        ),
    ];
    let done = bench.run(&files, import(), &watcher).await.unwrap();
    let Completed::Import {
        start,
        stop,
        timings,
    } = done
    else {
        panic!("{done:?}");
    };
    assert_eq!(start, stop);
    assert_eq!(start.resources[0].module_path, "module.part");
    assert_eq!(start.modules[0].source, "./part");
    assert_eq!(timings[0].stage, TimingStage::Init);
    let parsed = watcher.parsed.lock().unwrap();
    assert_eq!(parsed[0].readme, "# A desk");
    assert_eq!(parsed[0].variables[0].name, "zone");
    let daemon = LogSource::ProvisionerDaemon;
    let engine = LogSource::Provisioner;
    let expected = [
        (daemon, "Setting up"),
        (daemon, "Parsing template parameters"),
        (daemon, "Detecting persistent resources"),
        (engine, "Detecting persistent resources"),
        (daemon, "Detecting ephemeral resources"),
        (engine, "Detecting ephemeral resources"),
        (daemon, "Cleaning Up"),
    ];
    assert_eq!(
        watcher.stages(),
        expected.map(|(source, stage)| (source, stage.to_owned()))
    );
}

#[tokio::test]
async fn a_refused_import_does_not_plan() {
    let bench = Bench::new().await;
    let watcher = Watcher {
        refusal: Some("a value is missing"),
        ..Watcher::default()
    };
    let failed = bench
        .run(&[("main.tf", TWO)], import(), &watcher)
        .await
        .unwrap_err();
    assert_eq!(failed.error, "a value is missing");
    assert!(!watcher.says("Terraform"));
}

#[tokio::test]
async fn a_broken_template_fails_with_a_diagnostic_in_the_log() {
    let bench = Bench::new().await;
    let watcher = Watcher::default();
    let broken = "resource \"terraform_data\" \"x\" {\n  input = local.nowhere\n}\n";
    let failed = bench
        .run(&[("main.tf", broken)], import(), &watcher)
        .await
        .unwrap_err();
    assert_eq!(
        failed.error,
        "template import provision for start: terraform plan: exit status 1"
    );
    assert!(watcher.says("on main.tf line 2"));
}

#[tokio::test]
async fn a_dry_run_keeps_to_one_stage() {
    let bench = Bench::new().await;
    let watcher = Watcher::default();
    let work = Work::DryRun {
        rich_parameter_values: Vec::new(),
        variable_values: Vec::new(),
        metadata: metadata(Transition::Start),
    };
    let done = bench
        .run(&[("main.tf", TWO)], work, &watcher)
        .await
        .unwrap();
    let Completed::DryRun { resources } = done else {
        panic!("{done:?}");
    };
    assert_eq!(resources.resources.len(), 2);
    let stages: Vec<_> = watcher
        .stages()
        .into_iter()
        .map(|(_, stage)| stage)
        .collect();
    assert_eq!(
        stages,
        [
            "Setting up",
            "Detecting persistent resources",
            "Cleaning Up"
        ]
    );
}

#[tokio::test]
async fn a_build_starts_and_is_destroyed() {
    let bench = Bench::new().await;
    let watcher = Watcher::default();
    let done = bench
        .build(TWO, Transition::Start, &[], &watcher)
        .await
        .unwrap();
    let Completed::Build {
        resources,
        state,
        timings,
    } = done
    else {
        panic!("{done:?}");
    };
    assert_eq!(resources.resources.len(), 2);
    assert_eq!(watcher.states.lock().unwrap().as_slice(), [state.clone()]);
    let stages: Vec<_> = timings.iter().map(|timing| timing.stage).collect();
    assert_eq!(
        stages,
        [
            TimingStage::Init,
            TimingStage::Graph,
            TimingStage::Apply,
            TimingStage::Apply
        ]
    );
    let daemon = LogSource::ProvisionerDaemon;
    let engine = LogSource::Provisioner;
    let expected = [
        (daemon, "Setting up"),
        (engine, "Planning infrastructure"),
        (daemon, "Starting workspace"),
        (engine, "Starting workspace"),
        (daemon, "Cleaning Up"),
    ];
    assert_eq!(
        watcher.stages(),
        expected.map(|(source, stage)| (source, stage.to_owned()))
    );
    let gone = bench
        .build(TWO, Transition::Delete, &state, &Watcher::default())
        .await
        .unwrap();
    let Completed::Build {
        resources, state, ..
    } = gone
    else {
        panic!("{gone:?}");
    };
    assert!(resources.resources.is_empty());
    assert!(!String::from_utf8(state).unwrap().contains("terraform_data"));
}

#[tokio::test]
async fn nothing_is_destroyed_without_a_state() {
    let bench = Bench::new().await;
    let watcher = Watcher::default();
    let done = bench
        .build(TWO, Transition::Delete, &[], &watcher)
        .await
        .unwrap();
    let Completed::Build {
        resources, state, ..
    } = done
    else {
        panic!("{done:?}");
    };
    assert!(resources.resources.is_empty() && state.is_empty());
    assert!(watcher.says("nothing to destroy"));
}

#[tokio::test]
async fn a_failed_apply_keeps_the_state_it_reached() {
    let bench = Bench::new().await;
    let watcher = Watcher::default();
    let template = r#"
        resource "terraform_data" "good" {
          input = "made"
        }
        resource "terraform_data" "bad" {
          input = terraform_data.good.output
          provisioner "local-exec" {
            command = "exit 3"
          }
        }
    "#;
    let failed = bench
        .build(template, Transition::Start, &[], &watcher)
        .await
        .unwrap_err();
    assert_eq!(failed.error, "terraform apply: exit status 1");
    let state = failed.state.unwrap();
    assert!(String::from_utf8_lossy(&state).contains("made"));
    assert_eq!(watcher.states.lock().unwrap().as_slice(), [state]);
    assert!(
        failed
            .timings
            .iter()
            .any(|timing| timing.resource == "terraform_data.bad")
    );
}

#[tokio::test]
async fn a_cancel_interrupts_apply_and_still_brings_the_state() {
    let bench = Bench::new().await;
    let watcher = Watcher {
        cancel_at: Some("Provisioning with 'local-exec'"),
        ..Watcher::default()
    };
    let template = r#"
        resource "terraform_data" "good" {
          input = "made"
        }
        resource "terraform_data" "slow" {
          input = terraform_data.good.output
          provisioner "local-exec" {
            command = "sleep 100"
          }
        }
    "#;
    let began = std::time::Instant::now();
    let failed = bench
        .build(template, Transition::Start, &[], &watcher)
        .await
        .unwrap_err();
    assert_eq!(failed.error, "terraform apply: exit status 1");
    assert!(String::from_utf8_lossy(&failed.state.unwrap()).contains("made"));
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn a_job_canceled_early_starts_nothing() {
    let bench = Bench::new().await;
    let watcher = Watcher::default();
    watcher.cancel.cancel();
    let failed = bench
        .build(TWO, Transition::Start, &[], &watcher)
        .await
        .unwrap_err();
    assert_eq!(
        failed.error,
        "initialize terraform: canceled before it began"
    );
    assert!(failed.state.is_none());
}

#[tokio::test]
async fn an_archive_that_leads_out_is_refused() {
    let bench = Bench::new().await;
    let job = AcquiredJob {
        id: JobId::random(),
        archive: vec![1; 1024],
        user_name: String::new(),
        work: import(),
    };
    let watcher = Watcher::default();
    let failed = bench
        .runner
        .run(job, &watcher, &watcher.cancel)
        .await
        .unwrap_err();
    assert!(
        failed.error.starts_with("cannot unpack the template"),
        "{}",
        failed.error
    );
}

#[tokio::test]
async fn two_runners_do_not_share_a_directory() {
    let bench = Bench::new().await;
    let error = Runner::open(bench.runner.settings.clone()).unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
}
