//! The cost of a build, which its worker reports after the plan: it is counted, or the build
//! must not begin (spec BJ-130). Builds of one owner in one organization take turns, so that
//! many at once never spend more than one after the other.

use super::{Jobs, ReportError, report::held};
use crate::{
    domain::{
        ids::{DaemonId, JobId},
        queue::JobInput,
        quotas::Verdict,
    },
    service::{commit, on},
    store::quotas,
};

/// The answer to a worker that asks for credits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Credits {
    /// Whether the build may go on.
    pub accepted: bool,
    /// What the owner's workspaces cost in a day, this build included if it may go on.
    pub consumed: i32,
    /// What they may cost; -1 for no limit.
    pub budget: i32,
}

impl Jobs {
    /// Counts what a build costs in a day, in credits, unless that exceeds the owner's budget.
    ///
    /// # Errors
    /// When the worker does not hold the job, or it builds nothing.
    pub async fn commit_quota(
        &self,
        worker: DaemonId,
        job: JobId,
        daily_cost: i32,
    ) -> Result<Credits, ReportError> {
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let JobInput::Build { build, .. } = held(on(&mut tx), worker, job).await? else {
            return Err(ReportError::WrongKind);
        };
        let facts = quotas::find_cost_facts(on(&mut tx), build)
            .await?
            .ok_or(ReportError::NotFound)?;
        quotas::lock(on(&mut tx), facts.owner_id, facts.organization_id).await?;
        let others = quotas::find(
            on(&mut tx),
            facts.owner_id,
            facts.organization_id,
            Some(facts.workspace_id),
        )
        .await?;
        let cost = i64::from(daily_cost);
        let verdict = others.judge(cost, facts.previous_cost.map(i64::from));
        if verdict == Verdict::Accepted {
            quotas::update_cost(on(&mut tx), build, daily_cost, now).await?;
        }
        commit(tx).await?;
        self.tell((verdict == Verdict::Accepted).then_some(facts.workspace_id));
        let credits = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
        Ok(match verdict {
            Verdict::Unlimited => Credits {
                accepted: true,
                consumed: 0,
                budget: -1,
            },
            Verdict::Accepted => Credits {
                accepted: true,
                consumed: credits(others.consumed.saturating_add(cost)),
                budget: credits(others.budget),
            },
            Verdict::Refused => Credits {
                accepted: false,
                consumed: credits(others.consumed),
                budget: credits(others.budget),
            },
        })
    }
}
