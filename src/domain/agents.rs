//! Agents: their states, and how their connection and health are judged at an instant
//! (spec workspaces, section 2.3). Pure; what an agent reports arrives elsewhere.

use chrono::TimeDelta;

use super::{clock::Timestamp, text_enum::text_enum};

text_enum! {
    /// How far an agent is with its scripts.
    #[sqlx(type_name = "workspace_agent_lifecycle_state")]
    pub enum LifecycleState {
        /// Nothing ran yet.
        Created = "created",
        /// Start scripts run.
        Starting = "starting",
        /// Start scripts run for too long.
        StartTimeout = "start_timeout",
        /// A start script failed.
        StartError = "start_error",
        /// Start scripts are done.
        Ready = "ready",
        /// Stop scripts run.
        ShuttingDown = "shutting_down",
        /// Stop scripts run for too long.
        ShutdownTimeout = "shutdown_timeout",
        /// A stop script failed.
        ShutdownError = "shutdown_error",
        /// Stop scripts are done.
        Off = "off",
    }
}

text_enum! {
    /// Whether an agent is connected.
    pub enum AgentStatus {
        /// It has not connected yet.
        Connecting = "connecting",
        /// It is connected.
        Connected = "connected",
        /// It was connected.
        Disconnected = "disconnected",
        /// It has not connected in the time that its template gives it.
        Timeout = "timeout",
    }
}

text_enum! {
    /// What an app's health check says.
    #[sqlx(type_name = "workspace_app_health")]
    pub enum AppHealth {
        /// There is no check.
        Disabled = "disabled",
        /// It was not checked yet.
        Initializing = "initializing",
        /// It answers.
        Healthy = "healthy",
        /// It does not answer.
        Unhealthy = "unhealthy",
    }
}

/// The times by which an agent's connection is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    /// When the agent was made.
    pub created_at: Timestamp,
    /// When it first connected.
    pub first_connected_at: Option<Timestamp>,
    /// When it last gave a sign of life.
    pub last_connected_at: Option<Timestamp>,
    /// When its connection ended.
    pub disconnected_at: Option<Timestamp>,
    /// How long it may take to connect; zero for ever.
    pub timeout: TimeDelta,
}

/// A judged connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Judged {
    /// Whether it is connected.
    pub status: AgentStatus,
    /// When it was lost, as shown.
    pub disconnected_at: Option<Timestamp>,
}

impl Connection {
    /// Judges at `now`; a sign of life is good for `inactive_after`.
    #[must_use]
    pub fn judge(&self, now: Timestamp, inactive_after: TimeDelta) -> Judged {
        let (status, disconnected_at) = match (self.first_connected_at, self.last_connected_at) {
            (None, _) | (_, None) if self.is_overdue(now) => {
                (AgentStatus::Timeout, self.disconnected_at)
            }
            (None, _) | (_, None) => (AgentStatus::Connecting, self.disconnected_at),
            (Some(_), Some(last)) if self.disconnected_at.is_some_and(|lost| lost >= last) => {
                (AgentStatus::Disconnected, self.disconnected_at)
            }
            (Some(_), Some(last)) if now - last > inactive_after => {
                (AgentStatus::Disconnected, Some(last))
            }
            _ => (AgentStatus::Connected, self.disconnected_at),
        };
        Judged {
            status,
            disconnected_at,
        }
    }

    /// The last instant at which it is judged as it is at `now`; `None` when only a report
    /// changes that.
    #[must_use]
    pub fn steady_until(&self, now: Timestamp, inactive_after: TimeDelta) -> Option<Timestamp> {
        let end = match (self.first_connected_at, self.last_connected_at) {
            (None, _) | (_, None) if self.timeout > TimeDelta::zero() => {
                Some(self.created_at + self.timeout)
            }
            (None, _) | (_, None) => None,
            (Some(_), Some(last)) if self.disconnected_at.is_some_and(|lost| lost >= last) => None,
            (Some(_), Some(last)) => Some(last + inactive_after),
        };
        end.filter(|end| now <= *end)
    }

    fn is_overdue(&self, now: Timestamp) -> bool {
        self.timeout > TimeDelta::zero() && now - self.created_at > self.timeout
    }
}

/// What is wrong with an agent; `None` when it is healthy.
#[must_use]
pub const fn ailment(status: AgentStatus, lifecycle: LifecycleState) -> Option<&'static str> {
    match (status, lifecycle) {
        (
            AgentStatus::Connecting | AgentStatus::Disconnected | AgentStatus::Timeout,
            LifecycleState::Off,
        ) => Some("the agent is off"),
        (AgentStatus::Timeout, _) => Some("the agent takes too long to connect"),
        (AgentStatus::Disconnected, _) => Some("the agent has lost its connection"),
        (_, LifecycleState::StartError) => {
            Some("a startup script of the agent ended with an error")
        }
        (
            _,
            LifecycleState::ShuttingDown
            | LifecycleState::ShutdownTimeout
            | LifecycleState::ShutdownError
            | LifecycleState::Off,
        ) => Some("the agent is shutting down"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INACTIVE: TimeDelta = TimeDelta::seconds(30);

    fn made() -> Connection {
        Connection {
            created_at: Timestamp::UNIX_EPOCH,
            first_connected_at: None,
            last_connected_at: None,
            disconnected_at: None,
            timeout: TimeDelta::seconds(120),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn an_agent_that_never_came_times_out() {
        let never = |seconds| made().judge(at(seconds), INACTIVE).status;
        assert_eq!(never(120), AgentStatus::Connecting);
        assert_eq!(never(121), AgentStatus::Timeout);
        let patient = Connection {
            timeout: TimeDelta::zero(),
            ..made()
        };
        assert_eq!(
            patient.judge(at(9999), INACTIVE).status,
            AgentStatus::Connecting
        );
    }

    #[test]
    fn silence_and_goodbye_both_disconnect() {
        let came = Connection {
            first_connected_at: Some(at(10)),
            last_connected_at: Some(at(40)),
            ..made()
        };
        assert_eq!(came.judge(at(70), INACTIVE).status, AgentStatus::Connected);
        let silent = came.judge(at(71), INACTIVE);
        assert_eq!(silent.status, AgentStatus::Disconnected);
        assert_eq!(silent.disconnected_at, Some(at(40)));
        let gone = Connection {
            disconnected_at: Some(at(41)),
            ..came
        };
        assert_eq!(gone.judge(at(42), INACTIVE).disconnected_at, Some(at(41)));
        let back = Connection {
            disconnected_at: Some(at(30)),
            ..came
        };
        assert_eq!(back.judge(at(42), INACTIVE).status, AgentStatus::Connected);
    }

    #[test]
    fn a_judgement_holds_until_its_last_instant() {
        let came = Connection {
            first_connected_at: Some(at(10)),
            last_connected_at: Some(at(40)),
            ..made()
        };
        let gone = Connection {
            disconnected_at: Some(at(41)),
            ..came
        };
        let patient = Connection {
            timeout: TimeDelta::zero(),
            ..made()
        };
        for (connection, begin, end) in [
            (made(), 0, Some(120)),
            (made(), 121, None),
            (patient, 0, None),
            (came, 40, Some(70)),
            (came, 71, None),
            (gone, 42, None),
        ] {
            let end = end.map(at);
            assert_eq!(connection.steady_until(at(begin), INACTIVE), end);
            if let Some(end) = end {
                let judged = |now| connection.judge(now, INACTIVE);
                assert_eq!(judged(at(begin)), judged(end));
                assert_ne!(judged(end), judged(end + TimeDelta::microseconds(1)));
            }
        }
    }

    #[test]
    fn health_follows_connection_and_scripts() {
        use AgentStatus::{Connected, Connecting, Disconnected, Timeout};
        use LifecycleState::{Created, Off, Ready, ShuttingDown, StartError, StartTimeout};
        for (status, lifecycle, healthy) in [
            (Connecting, Created, true),
            (Connecting, Off, false),
            (Timeout, Created, false),
            (Disconnected, Ready, false),
            (Connected, Ready, true),
            (Connected, StartTimeout, true),
            (Connected, StartError, false),
            (Connected, ShuttingDown, false),
            (Connected, Off, false),
        ] {
            assert_eq!(
                ailment(status, lifecycle).is_none(),
                healthy,
                "{status} {lifecycle}"
            );
        }
    }
}
