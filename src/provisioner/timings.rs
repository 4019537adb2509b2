//! How long Terraform took for each action, from the start and end events of plan and apply.
//! Source: spec/provisioning.md section 1.8.

use chrono::{DateTime, Utc};
use indexmap::IndexMap;

use super::logs::Message;
use crate::domain::{
    clock::Timestamp,
    provisioning::{Timing, TimingStage},
};

/// Pairs the events of one stage.
#[derive(Debug)]
pub struct Collector {
    stage: TimingStage,
    spans: IndexMap<Key, Span>,
}

#[derive(PartialEq, Eq, Hash, Debug)]
struct Key {
    category: Category,
    action: String,
    resource: String,
    source: String,
}

#[derive(Default, Debug)]
struct Span {
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Category {
    Apply,
    Provision,
    Refresh,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Edge {
    Start,
    End,
}

impl Collector {
    /// A collector without events.
    #[must_use]
    pub fn new(stage: TimingStage) -> Self {
        Self {
            stage,
            spans: IndexMap::new(),
        }
    }

    /// Takes an event; one that begins or ends nothing is ignored. A time that cannot be
    /// read counts as `now`.
    pub fn ingest(&mut self, message: &Message, now: Timestamp) {
        let (Some((category, edge)), Some(hook)) = (classify(&message.kind), &message.hook) else {
            return;
        };
        let at = DateTime::parse_from_rfc3339(&message.timestamp)
            .map_or(now, |at| at.with_timezone(&Utc));
        let action = match hook.action.as_str() {
            "" => category.name(),
            action => action,
        };
        let span = self
            .spans
            .entry(Key {
                category,
                action: action.to_owned(),
                resource: hook.resource.addr.clone(),
                source: hook.resource.implied_provider.clone(),
            })
            .or_default();
        match edge {
            Edge::Start => span.started_at = Some(at),
            Edge::End => span.ended_at = Some(at),
        }
    }

    /// The timings of everything that began and ended, in order of appearance.
    #[must_use]
    pub fn finish(self) -> Vec<Timing> {
        let stage = self.stage;
        let paired = self.spans.into_iter().filter_map(|(key, span)| {
            let ended_at = span.ended_at?;
            Some(Timing {
                started_at: span.started_at?.min(ended_at),
                ended_at,
                stage,
                source: key.source,
                action: key.action,
                resource: key.resource,
            })
        });
        paired.collect()
    }
}

impl Category {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Provision => "provision",
            Self::Refresh => "state refresh",
        }
    }
}

fn classify(kind: &str) -> Option<(Category, Edge)> {
    let (category, edge) = kind.split_once('_')?;
    let category = match category {
        "apply" => Category::Apply,
        "provision" => Category::Provision,
        "refresh" => Category::Refresh,
        _ => return None,
    };
    match edge {
        "start" => Some((category, Edge::Start)),
        "complete" | "errored" => Some((category, Edge::End)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(events: &[(&str, &str, &str)]) -> Vec<Timing> {
        let now = DateTime::parse_from_rfc3339("2030-01-01T00:00:00Z")
            .unwrap()
            .to_utc();
        let mut collector = Collector::new(TimingStage::Apply);
        for (kind, action, time) in events {
            let line = format!(
                r#"{{"@level":"info","@message":"","@timestamp":"{time}","type":"{kind}","hook":{{
                    "action":"{action}","resource":{{"addr":"a.b","implied_provider":"a"}}}}}}"#
            );
            collector.ingest(&Message::read(&line).unwrap(), now);
        }
        collector.finish()
    }

    #[test]
    fn a_start_and_an_end_make_a_timing() {
        let found = collect(&[
            ("apply_start", "create", "2024-01-01T00:00:01.000000Z"),
            ("apply_progress", "create", "2024-01-01T00:00:02.000000Z"),
            (
                "apply_errored",
                "create",
                "2024-01-01T02:00:03.500000+02:00",
            ),
        ]);
        let [timing] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(timing.action, "create");
        assert_eq!(timing.source, "a");
        assert_eq!(timing.resource, "a.b");
        assert_eq!(
            (timing.ended_at - timing.started_at).num_milliseconds(),
            2500
        );
    }

    #[test]
    fn unpaired_and_unrelated_events_give_nothing() {
        let time = "2024-01-01T00:00:00Z";
        assert!(collect(&[("apply_start", "create", time)]).is_empty());
        assert!(collect(&[("refresh_complete", "", time)]).is_empty());
        assert!(collect(&[("planned_change", "create", time), ("version", "", time)]).is_empty());
    }

    #[test]
    fn an_empty_action_takes_the_name_of_its_category() {
        let time = "2024-01-01T00:00:00Z";
        let action = |name: &str| {
            let start = format!("{name}_start");
            let end = format!("{name}_complete");
            collect(&[(&start, "", time), (&end, "", time)])[0]
                .action
                .clone()
        };
        assert_eq!(action("refresh"), "state refresh");
        assert_eq!(action("provision"), "provision");
        assert_eq!(action("apply"), "apply");
    }

    #[test]
    fn a_start_after_the_end_is_moved_to_it() {
        let found = collect(&[
            ("apply_start", "read", "2024-01-01T00:00:09Z"),
            ("apply_complete", "read", "2024-01-01T00:00:01Z"),
        ]);
        assert_eq!(found[0].started_at, found[0].ended_at);
    }

    #[test]
    fn an_unreadable_time_is_now() {
        let found = collect(&[
            ("apply_start", "read", "2024-01-01T00:00:00Z"),
            ("apply_complete", "read", "?"),
        ]);
        assert_eq!(found[0].ended_at.to_rfc3339(), "2030-01-01T00:00:00+00:00");
    }
}
