//! Jobs with the real Terraform, on templates that need no provider.

mod bench;

use std::time::Duration;

use self::bench::{Bench, Watcher, metadata, tar_of};
use super::*;
use crate::domain::{
    clock::Timestamp,
    ids::JobId,
    jobs::ProvisionerKind,
    provisioning::{LogSource, TimingStage, Transition},
};

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
    assert_eq!(
        watcher.states.lock().unwrap().as_slice(),
        std::slice::from_ref(&state)
    );
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
    assert!(began.elapsed() < Duration::from_mins(1));
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
        provisioner: ProvisionerKind::Terraform,
        created_at: Timestamp::default(),
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
async fn a_build_over_the_quota_does_not_begin() {
    let bench = Bench::with_recording("workshop");
    let watcher = Watcher {
        budget: 11,
        ..Watcher::default()
    };
    let failed = bench
        .build("", Transition::Start, &[], &watcher)
        .await
        .unwrap_err();
    assert_eq!(failed.error, "insufficient quota");
    assert!(failed.state.is_none());
    assert!(watcher.says("Build cost       —   12"));
    let begun = watcher
        .stages()
        .iter()
        .any(|(_, stage)| stage == "Starting workspace");
    assert!(!begun);
}

#[tokio::test]
async fn a_build_within_the_quota_brings_its_agents() {
    let bench = Bench::with_recording("workshop");
    let watcher = Watcher {
        budget: 12,
        ..Watcher::default()
    };
    let done = bench
        .build("", Transition::Start, &[], &watcher)
        .await
        .unwrap();
    let Completed::Build {
        resources, state, ..
    } = done
    else {
        panic!("{done:?}");
    };
    assert_eq!(state, b"{}\n");
    let agents = resources
        .resources
        .iter()
        .flat_map(|resource| &resource.agents);
    assert_eq!(agents.count(), 2);
}

/// The daemon runs jobs on tasks of their own, which move between threads.
#[tokio::test]
async fn a_run_may_move_between_threads() {
    fn movable<T: Send>(value: T) -> T {
        value
    }
    let bench = Bench::new().await;
    let job = AcquiredJob {
        id: JobId::random(),
        provisioner: ProvisionerKind::Terraform,
        created_at: Timestamp::default(),
        archive: tar_of(&[("main.tf", TWO)]),
        user_name: String::new(),
        work: import(),
    };
    let watcher = Watcher::default();
    watcher.cancel.cancel();
    movable(bench.runner.run(job, &watcher, &watcher.cancel))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn two_runners_do_not_share_a_directory() {
    let bench = Bench::new().await;
    let error = Runner::open(bench.runner.settings.clone()).unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
}
