//! Finds the real resource that an agent or a metadata block belongs to: the nearest one in
//! the dependency graph that is not itself a coder resource.

use std::collections::HashSet;

use super::document::Entry;
use crate::provisioner::graph::{Direction, Graph};

/// The resources that others may be attached to, with the graph to find them in.
pub(super) struct Hosts<'a> {
    graph: &'a Graph,
    labels: HashSet<&'a str>,
}

impl<'a> Hosts<'a> {
    /// Collects the hosts among `entries`.
    pub(super) fn new(entries: &'a [Entry], graph: &'a Graph) -> Self {
        let labels = entries
            .iter()
            .filter(|entry| entry.is_host())
            .map(Entry::label)
            .collect();
        Self { graph, labels }
    }

    /// Whether the graph has a node with this label.
    pub(super) fn knows(&self, label: &str) -> bool {
        self.graph.node_labelled(label).is_some()
    }

    /// The label of the nearest host in a direction; the smallest label among equals.
    pub(super) fn nearest(&self, label: &str, direction: Direction) -> Option<&'a str> {
        let node = self.graph.node_labelled(label)?;
        self.graph
            .reachable(node, direction)
            .into_iter()
            .filter(|(_, label)| self.labels.contains(label))
            .min()
            .map(|(_, label)| label)
    }
}
