//! Terraform's dependency graph, read from the DOT text of `terraform graph`.
//! Knows nodes, labels and edges; which node owns what is decided in `resources`.

use std::collections::{HashMap, HashSet, VecDeque};

/// A directed graph: an edge leads from a dependant to what it depends on.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Graph {
    labels: HashMap<String, String>,
    edges: Vec<(String, String)>,
}

/// Which way to follow edges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From what is depended on to its dependants.
    Dependants,
    /// From a dependant to what it depends on.
    Dependencies,
}

/// The text is not a DOT graph.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the dependency graph cannot be read: {0}")]
pub struct GraphError(&'static str);

impl Graph {
    /// Reads DOT text.
    ///
    /// # Errors
    /// [`GraphError`] when quotes or brackets do not close.
    pub fn parse(text: &str) -> Result<Self, GraphError> {
        let tokens = tokenize(text)?;
        let mut graph = Self::default();
        let mut at = 0;
        while at < tokens.len() {
            at = graph.read_statement(&tokens, at)?;
        }
        Ok(graph)
    }

    /// The id of the node with this label.
    #[must_use]
    pub fn node_labelled(&self, label: &str) -> Option<&str> {
        self.labels
            .iter()
            .filter(|(_, of_node)| *of_node == label)
            .map(|(id, _)| id.as_str())
            .min()
    }

    /// Labels reachable from a node with the least number of hops to each, beginning at 0 for
    /// its neighbours. The node itself is not among them.
    #[must_use]
    pub fn reachable(&self, from: &str, direction: Direction) -> Vec<(usize, &str)> {
        let mut seen = HashSet::from([from]);
        let mut waiting = VecDeque::from([(0, from)]);
        let neighbours = self.neighbours(direction);
        let mut found = Vec::new();
        while let Some((depth, node)) = waiting.pop_front() {
            for &next in neighbours.get(node).into_iter().flatten() {
                if seen.insert(next) {
                    waiting.push_back((depth + 1, next));
                    found.extend(self.labels.get(next).map(|label| (depth, label.as_str())));
                }
            }
        }
        found
    }

    /// Whether an edge leads from a node whose id ends in `source` to one that ends in `target`.
    #[must_use]
    pub fn has_edge_between(&self, source: &str, target: &str) -> bool {
        self.edges
            .iter()
            .any(|(from, to)| from.ends_with(source) && to.ends_with(target))
    }

    fn neighbours(&self, direction: Direction) -> HashMap<&str, Vec<&str>> {
        let mut of_node: HashMap<&str, Vec<&str>> = HashMap::new();
        for (dependant, dependency) in &self.edges {
            let (from, to) = match direction {
                Direction::Dependants => (dependency, dependant),
                Direction::Dependencies => (dependant, dependency),
            };
            of_node.entry(from).or_default().push(to);
        }
        of_node
    }

    /// Reads one statement that begins at token `at`; gives the position after it.
    fn read_statement(&mut self, tokens: &[Token], at: usize) -> Result<usize, GraphError> {
        let Token::Text(first) = &tokens[at] else {
            return Ok(at + 1);
        };
        match tokens.get(at + 1) {
            Some(Token::Arrow) => {
                let Some(Token::Text(second)) = tokens.get(at + 2) else {
                    return Err(GraphError("an edge leads nowhere"));
                };
                self.edges.push((first.clone(), second.clone()));
                // The target may begin a further edge of the same chain.
                Ok(at + 2)
            }
            Some(Token::Open) => self.read_attributes(first, tokens, at + 2),
            _ => Ok(at + 1),
        }
    }

    fn read_attributes(
        &mut self,
        node: &str,
        tokens: &[Token],
        mut at: usize,
    ) -> Result<usize, GraphError> {
        loop {
            match &tokens.get(at..) {
                None | Some([]) => return Err(GraphError("a list of attributes does not end")),
                Some([Token::Close, ..]) => return Ok(at + 1),
                Some([Token::Text(key), Token::Equals, Token::Text(value), ..]) => {
                    if key == "label" {
                        self.labels.insert(node.to_owned(), value.clone());
                    }
                    at += 3;
                }
                Some(_) => at += 1,
            }
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    Text(String),
    Arrow,
    Equals,
    Open,
    Close,
    Other,
}

fn tokenize(text: &str) -> Result<Vec<Token>, GraphError> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => tokens.push(Token::Text(read_quoted(&mut characters)?)),
            '-' if characters.next_if_eq(&'>').is_some() => tokens.push(Token::Arrow),
            '=' => tokens.push(Token::Equals),
            '[' => tokens.push(Token::Open),
            ']' => tokens.push(Token::Close),
            character if is_bare(character) => {
                let mut word = String::from(character);
                while let Some(next) = characters.next_if(|next| is_bare(*next)) {
                    word.push(next);
                }
                tokens.push(Token::Text(word));
            }
            character if character.is_whitespace() => {}
            _ => tokens.push(Token::Other),
        }
    }
    Ok(tokens)
}

fn is_bare(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

fn read_quoted(characters: &mut impl Iterator<Item = char>) -> Result<String, GraphError> {
    const UNCLOSED: GraphError = GraphError("a quoted text does not end");
    let mut text = String::new();
    loop {
        match characters.next().ok_or(UNCLOSED)? {
            '"' => return Ok(text),
            '\\' => text.push(characters.next().ok_or(UNCLOSED)?),
            character => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: &str = r#"
        digraph {
            compound = "true"
            subgraph "root" {
                "[root] a.x (expand)" [label = "a.x", shape = "box"]
                "[root] b.y (expand)" [label = "b.y", shape = "box"]
                "[root] p[\"q\"]" [label = "p[\"q\"]", shape = "diamond"]
                "[root] a.x (expand)" -> "[root] local.z (expand)"
                "[root] local.z (expand)" -> "[root] b.y (expand)"
                "[root] b.y (expand)" -> "[root] p[\"q\"]"
            }
        }"#;

    #[test]
    fn reads_labels_edges_and_escapes() {
        let graph = Graph::parse(SMALL).unwrap();
        assert_eq!(graph.node_labelled("a.x"), Some("[root] a.x (expand)"));
        assert_eq!(graph.node_labelled("p[\"q\"]"), Some("[root] p[\"q\"]"));
        assert_eq!(graph.node_labelled("local.z"), None);
        assert!(graph.has_edge_between("] local.z (expand)", "] b.y (expand)"));
        assert!(!graph.has_edge_between("] a.x (expand)", "] b.y (expand)"));
    }

    #[test]
    fn counts_hops_through_nodes_without_a_label() {
        let graph = Graph::parse(SMALL).unwrap();
        assert_eq!(
            graph.reachable("[root] b.y (expand)", Direction::Dependants),
            [(1, "a.x")]
        );
        assert_eq!(
            graph.reachable("[root] a.x (expand)", Direction::Dependencies),
            [(1, "b.y"), (2, "p[\"q\"]")]
        );
    }

    #[test]
    fn refuses_what_does_not_close() {
        assert!(Graph::parse("digraph { \"a").is_err());
        assert!(Graph::parse("\"a\" [label = \"a\"").is_err());
        assert!(Graph::parse("\"a\" -> ").is_err());
    }

    #[test]
    fn walks_a_circle_once() {
        let graph = Graph::parse(r#""a" [label=a] "b" [label=b] "a" -> "b" -> "a""#).unwrap();
        assert_eq!(graph.reachable("a", Direction::Dependants), [(0, "b")]);
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"[a-c\[\]{}=>\\" -]{0,60}|\PC*"#) {
            if let Ok(graph) = Graph::parse(&text) {
                prop_assert_eq!(Graph::parse(&text).unwrap(), graph);
            }
        }
    }
}
