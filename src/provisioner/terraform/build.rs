//! Builds: plan, ask for credits, apply, keep the state, tell what exists.

use super::{
    Inputs, JobReporter,
    steps::{Planned, Steps},
};
use crate::domain::provisioning::{Completed, Failed, LogLevel, ProvisionedResources, Transition};

const PLAN: &str = "Planning infrastructure";
const QUOTA: &str = "Commit quota";

/// Builds a workspace from its last state.
pub(super) async fn run<R: JobReporter>(
    steps: &Steps<'_, R>,
    inputs: &Inputs,
    transition: Transition,
    prior_state: &[u8],
) -> Result<Completed, Failed> {
    let stage = match transition {
        Transition::Start => "Starting workspace",
        Transition::Stop => "Stopping workspace",
        Transition::Delete => "Destroying workspace",
    };
    if transition == Transition::Delete && prior_state.is_empty() {
        return Ok(nothing_to_destroy(steps, stage));
    }
    let mut timings = Vec::new();
    let planned = match plan(steps, inputs, transition, prior_state).await {
        Ok(planned) => planned,
        Err(error) => {
            return Err(Failed {
                error,
                ..Failed::default()
            });
        }
    };
    timings.extend(planned.timings);
    if transition != Transition::Delete
        && let Err(error) = commit_quota(steps, &planned.resources).await
    {
        return Err(Failed {
            error,
            state: None,
            timings,
        });
    }
    steps.log.stage(stage);
    let applied = steps.apply(stage).await;
    // Whatever apply did is in the state file now; it is kept before anything else.
    let new_state = match steps.read_state().await {
        Ok(new_state) => new_state,
        Err(error) => {
            return Err(Failed {
                error,
                state: None,
                timings,
            });
        }
    };
    let saved = steps.reporter().state(&new_state).await;
    let outcome = match applied {
        Ok(applied) => {
            timings.extend(applied);
            saved
        }
        Err((error, applied)) => {
            timings.extend(applied);
            Err(error)
        }
    };
    let resources = match outcome {
        Ok(()) => steps.show_state().await,
        Err(error) => Err(error),
    };
    match resources {
        Ok(resources) => Ok(Completed::Build {
            resources,
            state: new_state,
            timings,
        }),
        Err(error) => Err(Failed {
            error,
            state: Some(new_state),
            timings,
        }),
    }
}

async fn plan<R: JobReporter>(
    steps: &Steps<'_, R>,
    inputs: &Inputs,
    transition: Transition,
    state: &[u8],
) -> Result<Planned, String> {
    if !state.is_empty() {
        steps.write_state(state).await?;
    }
    let initialized = steps.init(PLAN).await?;
    let mut planned = steps.plan(PLAN, inputs, transition).await?;
    planned.timings.insert(0, initialized);
    Ok(planned)
}

/// Terraform without a state would find nothing either, and some providers would complain.
fn nothing_to_destroy<R: JobReporter>(steps: &Steps<'_, R>, stage: &str) -> Completed {
    let nothing = "The workspace has no state: there is nothing to destroy.";
    steps.log.engine(PLAN, LogLevel::Info, nothing.to_owned());
    steps.log.stage(stage);
    let no_plan = "There is no plan to carry out: nothing to do.";
    steps.log.engine(stage, LogLevel::Info, no_plan.to_owned());
    Completed::Build {
        resources: ProvisionedResources::default(),
        state: Vec::new(),
        timings: Vec::new(),
    }
}

async fn commit_quota<R: JobReporter>(
    steps: &Steps<'_, R>,
    planned: &ProvisionedResources,
) -> Result<(), String> {
    let cost = planned.resources.iter().fold(0_i32, |sum, resource| {
        sum.saturating_add(resource.daily_cost)
    });
    if cost <= 0 {
        return Ok(());
    }
    let quota = steps.reporter().commit_quota(cost).await?;
    for line in [
        format!("Build cost       —   {cost}"),
        format!("Budget           —   {}", quota.budget),
        format!("Credits consumed —   {}", quota.consumed),
    ] {
        steps.log.daemon(QUOTA, LogLevel::Info, line);
    }
    if quota.accepted {
        return Ok(());
    }
    let over = "This build would exceed the quota; it does not begin.";
    steps.log.daemon(QUOTA, LogLevel::Warn, over.to_owned());
    Err("insufficient quota".to_owned())
}
