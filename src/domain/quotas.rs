//! What workspaces of one owner may cost in one organization. A budget counts where budgets
//! are in use: somewhere a group allows something, or a licence asks for them.

/// What somebody's workspaces may cost and do cost, in credits per day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Whether the budget counts.
    pub is_limited: bool,
    /// What the owner's groups allow together.
    pub budget: i64,
    /// What the latest builds of the owner's live workspaces cost.
    pub consumed: i64,
}

/// What becomes of a build that would cost something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It goes on, and nothing is counted.
    Unlimited,
    /// It goes on, and its cost is counted.
    Accepted,
    /// It must not begin.
    Refused,
}

impl Quota {
    /// Judges a build of this cost; `previous` is what the build before it costs. Who spends
    /// too much already may still spend less.
    #[must_use]
    pub fn judge(&self, cost: i64, previous: Option<i64>) -> Verdict {
        let is_decrease = previous.is_some_and(|previous| cost < previous);
        if !self.is_limited {
            Verdict::Unlimited
        } else if self.consumed.saturating_add(cost) <= self.budget || is_decrease {
            Verdict::Accepted
        } else {
            Verdict::Refused
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_refuses_what_would_exceed_it() {
        let mut quota = Quota {
            is_limited: true,
            budget: 10,
            consumed: 6,
        };
        assert_eq!(quota.judge(4, None), Verdict::Accepted);
        assert_eq!(quota.judge(5, None), Verdict::Refused);
        assert_eq!(quota.judge(5, Some(5)), Verdict::Refused);
        assert_eq!(quota.judge(5, Some(6)), Verdict::Accepted);
        assert_eq!(quota.judge(i64::MAX, None), Verdict::Refused);
        quota.is_limited = false;
        assert_eq!(quota.judge(5, None), Verdict::Unlimited);
    }
}
