//! A runner with the real engine, and a reporter that keeps what it hears.

use std::{
    env,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::super::*;
use crate::{
    domain::{
        clock::Timestamp,
        ids::JobId,
        jobs::ProvisionerKind,
        provisioning::{LogLine, LogSource, ParsedTemplate, Transition},
    },
    provisioner::engine::{EngineSettings, Version},
};

const LIMITS: Limits = Limits {
    run: Duration::from_mins(2),
    grace: Duration::from_secs(30),
};

/// A runner in a directory of its own.
pub(super) struct Bench {
    pub(super) runner: Runner,
    pub(super) directory: PathBuf,
}

impl Bench {
    /// With the engine of this machine.
    pub(super) async fn new() -> Self {
        let search_path = env::var_os("PATH").unwrap_or_default();
        let engine = Engine::find(&EngineSettings {
            executable: None,
            search_path: search_path.clone(),
            environment: Variables::from([("PATH".into(), search_path)]),
            cache_directory: env::temp_dir(),
            download: false,
            download_base: String::new(),
        })
        .await
        .unwrap_or_else(|error| panic!("this test runs the real engine: {error}"));
        Self::with_engine(engine)
    }

    /// With a script that answers as Terraform did when a template was recorded.
    pub(super) fn with_recording(case: &str) -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/terraform");
        let mut bench = Self::with_engine(Engine {
            executable: fixtures.join("replay.sh"),
            version: Version(1, 11, 4),
        });
        let recording = fixtures.join(case);
        bench
            .runner
            .settings
            .environment
            .insert("RECORDING".into(), recording.into());
        bench
    }

    fn with_engine(engine: Engine) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = env::temp_dir().join(format!("runner-{}-{number}", std::process::id()));
        let search_path = env::var_os("PATH").unwrap_or_default();
        let runner = Runner::open(RunnerSettings {
            engine,
            directory: directory.clone(),
            environment: Variables::from([("PATH".into(), search_path)]),
            limits: LIMITS,
            builtin_provider: None,
            clock: Clock::system(),
        })
        .unwrap();
        Self { runner, directory }
    }

    pub(super) async fn run(
        &self,
        files: &[(&str, &str)],
        work: Work,
        watcher: &Watcher,
    ) -> Result<Completed, Failed> {
        let job = AcquiredJob {
            id: JobId::random(),
            provisioner: ProvisionerKind::Terraform,
            created_at: Timestamp::default(),
            archive: tar_of(files),
            user_name: "ada".to_owned(),
            work,
        };
        let result = self.runner.run(job, watcher, &watcher.cancel).await;
        let left: Vec<_> = fs::read_dir(self.directory.join("work"))
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name() != ".coder")
            .collect();
        assert!(
            left.is_empty(),
            "the working directory should be gone: {left:?}"
        );
        result
    }

    pub(super) async fn build(
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
pub(super) struct Watcher {
    pub(super) lines: Mutex<Vec<LogLine>>,
    pub(super) parsed: Mutex<Vec<ParsedTemplate>>,
    pub(super) states: Mutex<Vec<Vec<u8>>>,
    pub(super) variables: Vec<NamedValue>,
    pub(super) cancel: CancellationToken,
    pub(super) cancel_at: Option<&'static str>,
    pub(super) refusal: Option<&'static str>,
    pub(super) budget: i32,
}

impl Watcher {
    /// The stages in order, each with who writes in it.
    pub(super) fn stages(&self) -> Vec<(LogSource, String)> {
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

    pub(super) fn says(&self, text: &str) -> bool {
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

    async fn commit_quota(&self, daily_cost: i32) -> Result<Quota, String> {
        Ok(Quota {
            accepted: daily_cost <= self.budget,
            consumed: daily_cost,
            budget: self.budget,
        })
    }

    async fn state(&self, state: &[u8]) -> Result<(), String> {
        self.states.lock().unwrap().push(state.to_vec());
        Ok(())
    }
}

pub(super) fn metadata(transition: Transition) -> BuildMetadata {
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

pub(super) fn tar_of(files: &[(&str, &str)]) -> Vec<u8> {
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
