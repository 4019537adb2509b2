//! Imports and dry runs: jobs that plan and make nothing.

use super::{
    Inputs, JobReporter,
    steps::{Planned, Steps},
};
use crate::domain::provisioning::{Completed, Failed, Transition};

/// The stage of a plan that starts a workspace.
const START: &str = "Detecting persistent resources";
/// The stage of a plan that stops it.
const STOP: &str = "Detecting ephemeral resources";

/// Imports a template version: parses it, then plans a start and a stop.
pub(super) async fn run<R: JobReporter>(steps: &Steps<'_, R>) -> Result<Completed, Failed> {
    steps.log.stage("Parsing template parameters");
    let parsed = steps.parse().await.map_err(failed)?;
    let inputs = Inputs {
        variables: steps.reporter().parsed(parsed).await.map_err(failed)?,
        ..Inputs::default()
    };
    let failed_for = |transition: &str, error: String| {
        failed(format!(
            "template import provision for {transition}: {error}"
        ))
    };
    steps.log.stage(START);
    let mut timings = vec![
        steps
            .init(START)
            .await
            .map_err(|error| failed_for("start", error))?,
    ];
    let start = steps
        .plan(START, &inputs, Transition::Start)
        .await
        .map_err(|error| failed_for("start", error))?;
    timings.extend(start.timings);
    steps.log.stage(STOP);
    let stop = steps
        .plan(STOP, &inputs, Transition::Stop)
        .await
        .map_err(|error| failed_for("stop", error))?;
    timings.extend(stop.timings);
    Ok(Completed::Import {
        start: start.resources,
        stop: stop.resources,
        timings,
    })
}

/// Plans a start with given parameters.
pub(super) async fn dry_run<R: JobReporter>(
    steps: &Steps<'_, R>,
    inputs: &Inputs,
) -> Result<Completed, Failed> {
    let planned = plan_start(steps, inputs)
        .await
        .map_err(|error| failed(format!("run dry-run provision job: {error}")))?;
    Ok(Completed::DryRun {
        resources: planned.resources,
    })
}

async fn plan_start<R: JobReporter>(
    steps: &Steps<'_, R>,
    inputs: &Inputs,
) -> Result<Planned, String> {
    steps.init(START).await?;
    steps.plan(START, inputs, Transition::Start).await
}

fn failed(error: String) -> Failed {
    Failed {
        error,
        ..Failed::default()
    }
}
