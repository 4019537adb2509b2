//! The search language of the `q` parameter.
//!
//! ```text
//! q     = { term }           separated by spaces
//! term  = key ":" value | free
//! free  = word | owner "/" name
//! ```
//!
//! The whole text is lower-cased first. A double quote begins or ends a stretch in which
//! spaces, `:` and `/` have no meaning; there is no escape, and an open quote runs to the
//! end. Empty parts between colons or slashes are dropped. What a free word stands for is
//! up to what is searched: each noun has its own file here.

pub mod audit;

pub mod templates;

pub mod users;

pub mod workspaces;

use super::{faults::Fault, query_values::QueryValues};

/// The parameter that holds the search, named when a term is at fault.
const PARAMETER: &str = "q";

/// What a free word stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FreeText {
    /// A value of this key.
    Key(&'static str),
    /// A name, or an owner and a name with a slash between.
    OwnerAndName,
}

/// Splits a search into keys and values.
pub fn parse(query: &str, free: FreeText) -> Result<QueryValues, Vec<Fault>> {
    let lower = query.to_lowercase();
    let mut values = QueryValues::default();
    let mut faults = Vec::new();
    for term in split(&lower, ' ') {
        if let Err(reason) = add_term(&mut values, term, free) {
            faults.push(Fault::new(PARAMETER, reason));
        }
    }
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(faults)
    }
}

fn add_term(values: &mut QueryValues, term: &str, free: FreeText) -> Result<(), String> {
    if term.starts_with(':') || term.ends_with(':') {
        return Err(format!(
            "{term:?} must have text on both sides of its colon"
        ));
    }
    match split(term, ':')[..] {
        [key, value] => values.add(unquoted(key), unquoted(value)),
        [word] => return add_free(values, word, free),
        _ => {
            return Err(format!(
                "{term:?} has more than one colon outside of quotes"
            ));
        }
    }
    Ok(())
}

fn add_free(values: &mut QueryValues, word: &str, free: FreeText) -> Result<(), String> {
    if let FreeText::Key(key) = free {
        values.add(key, unquoted(word));
        return Ok(());
    }
    match split(word, '/')[..] {
        [] => {}
        [name] => values.add("name", unquoted(name)),
        [owner, name] => {
            values.add("owner", unquoted(owner));
            values.add("name", unquoted(name));
        }
        _ => {
            return Err(format!(
                "{word:?} has more than one slash outside of quotes"
            ));
        }
    }
    Ok(())
}

/// The non-empty parts between separators that stand outside of quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|character| {
        quoted ^= character == '"';
        character == separator && !quoted
    })
    .filter(|part| !part.is_empty())
    .collect()
}

fn unquoted(part: &str) -> &str {
    part.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(query: &str) -> Vec<(String, Vec<String>)> {
        let values = parse(query, FreeText::OwnerAndName).unwrap();
        values.into_pairs()
    }

    fn one(key: &str, value: &str) -> Vec<(String, Vec<String>)> {
        vec![(key.to_owned(), vec![value.to_owned()])]
    }

    #[test]
    fn terms_are_split_outside_of_quotes() {
        assert_eq!(pairs(""), []);
        assert_eq!(pairs("   "), []);
        assert_eq!(pairs("  One  "), one("name", "one"));
        assert_eq!(pairs("\"a b:c/d\""), one("name", "a b:c/d"));
        assert_eq!(pairs("name:\"one"), one("name", "one"));
        assert_eq!(pairs("KEY:Value"), one("key", "value"));
        assert_eq!(pairs("a::b"), one("a", "b"));
        assert_eq!(pairs("key:\"\""), one("key", ""));
        assert_eq!(
            pairs("at:\"2024-01-01T00:00:00Z\""),
            one("at", "2024-01-01t00:00:00z")
        );
        assert_eq!(pairs("one\ttwo"), one("name", "one\ttwo"));
    }

    #[test]
    fn free_words_name_workspaces() {
        assert_eq!(
            pairs("ann/box"),
            [one("owner", "ann"), one("name", "box")].concat()
        );
        assert_eq!(pairs("ann/"), one("name", "ann"));
        assert_eq!(pairs("/box"), one("name", "box"));
        assert_eq!(
            pairs("one two"),
            [("name".to_owned(), vec!["one".into(), "two".into()])]
        );
    }

    #[test]
    fn malformed_terms_are_refused() {
        for query in [
            ":",
            ":one",
            "one:",
            "a:b:c",
            "name: one",
            "a/b/c",
            "at:2024-01-01T00:00:00Z",
        ] {
            let faults = parse(query, FreeText::OwnerAndName).unwrap_err();
            assert_eq!(faults[0].field, "q", "{query}");
        }
    }

    proptest! {
        #[test]
        fn quoted_values_come_back_as_they_are(
            wanted in prop::collection::btree_map(
                "[a-z_-]{1,8}", "[a-z0-9 :/=,.%é-]{0,12}", 0..5),
            gap in " {1,3}",
        ) {
            let terms: Vec<String> = wanted
                .iter()
                .map(|(key, value)| format!("{key}:\"{value}\""))
                .collect();
            let mut found = pairs(&terms.join(&gap));
            found.sort();
            let wanted: Vec<_> = wanted
                .into_iter()
                .map(|(key, value)| (key, vec![value]))
                .collect();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn letter_case_and_gaps_mean_nothing(dense in "[a-z\":/ ,=]{0,24}") {
            let read = |text: &str| {
                parse(text, FreeText::OwnerAndName)
                    .map(QueryValues::into_pairs)
                    .map_err(|faults| faults.len())
            };
            prop_assert_eq!(read(&dense), read(&dense.to_uppercase()));
            prop_assert_eq!(read(&dense), read(&format!("  {dense}")));
        }

        #[test]
        fn parsing_never_panics(query in any::<String>(), dense in "[a-z\":/ ,=]{0,24}") {
            let _ = parse(&query, FreeText::OwnerAndName);
            let _ = parse(&dense, FreeText::Key("search"));
            let _ = workspaces::WorkspaceQuery::parse(&dense);
        }
    }
}
