//! Terraform in a folder with a copy of one template, with the provider out of this build.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;
use tokio::process::Command;
use workspaced::{
    domain::{clock::Clock, random},
    provisioner::builtin_provider::{BuiltinProvider, Policy},
};

/// This build of the program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_workspaced");

/// The provider in this build; the registry is one that does not answer.
pub fn provider(policy: Policy) -> BuiltinProvider {
    let nowhere = Some("http://127.0.0.1:9".to_owned());
    BuiltinProvider::new(policy, PROGRAM.into(), nowhere)
}

/// What is left of the host's environment.
pub fn host() -> BTreeMap<OsString, OsString> {
    let mut kept: BTreeMap<OsString, OsString> = ["PATH", "TMPDIR"]
        .into_iter()
        .filter_map(|name| Some((name.into(), env::var_os(name)?)))
        .collect();
    kept.insert("CHECKPOINT_DISABLE".into(), "1".into());
    kept
}

/// The folder with the templates.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/provider")
}

/// Runs the provider as nobody should.
pub async fn provider_alone() -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("terraform-provider").output().await.unwrap()
}

/// A folder for one test, gone after it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let folder = env::temp_dir().join(format!("terraform-{}", random::alphanumeric(12)));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Terraform, initialized.
pub struct Terraform {
    folder: Folder,
    environment: BTreeMap<OsString, OsString>,
}

impl Terraform {
    pub async fn new(template: &str) -> Self {
        let folder = Folder::new();
        let (work, runner) = (folder.0.join("work"), folder.0.join("runner"));
        fs::create_dir_all(&work).unwrap();
        fs::create_dir_all(&runner).unwrap();
        let source = fixtures().join(template).join("main.tf");
        fs::copy(source, work.join("main.tf")).unwrap();
        let mut environment = host();
        let engine = Path::new("terraform");
        let now = Clock::system().now();
        let source = provider(Policy::Always)
            .source(&work, &runner, engine, &environment, now)
            .await;
        environment.extend(source.unwrap().unwrap().variables);
        let facts = fs::read(fixtures().join("environment.json")).unwrap();
        let facts: BTreeMap<String, String> = serde_json::from_slice(&facts).unwrap();
        environment.extend(
            facts
                .into_iter()
                .map(|(name, value)| (name.into(), value.into())),
        );
        let terraform = Self {
            folder,
            environment,
        };
        terraform.run(&["init"], &[]).await;
        terraform
    }

    /// Plans with further variables, and gives the plan.
    pub async fn plan(&self, variables: &[(&str, &str)]) -> Value {
        self.run(&["plan", "-out=plan"], variables).await;
        let shown = self.run(&["show", "-json", "plan"], &[]).await;
        serde_json::from_str(&shown).unwrap()
    }

    /// Applies the last plan and gives what is there then.
    pub async fn apply(&self, variables: &[(&str, &str)]) -> Value {
        self.run(&["apply", "plan"], variables).await;
        self.state().await
    }

    /// What is there; null for nothing.
    pub async fn state(&self) -> Value {
        let shown = self.run(&["show", "-json"], &[]).await;
        let mut state: Value = serde_json::from_str(&shown).unwrap();
        state["values"].take()
    }

    /// Runs a command that must succeed.
    pub async fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self.output(arguments, variables).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "terraform {arguments:?}:\n{said}{errors}"
        );
        said
    }

    /// Runs a command that must fail, and gives all that it says.
    pub async fn fail(&self, arguments: &[&str]) -> String {
        let output = self
            .output(&[arguments, &["-no-color"]].concat(), &[])
            .await;
        assert!(!output.status.success());
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    async fn output(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let started = Command::new("terraform")
            .args(arguments)
            .current_dir(self.folder.0.join("work"))
            .env_clear()
            .envs(&self.environment)
            .envs(variables.iter().copied())
            .output()
            .await;
        started.unwrap_or_else(|error| panic!("this test runs the real terraform: {error}"))
    }
}
