//! Paging keys of lists: `limit`, `offset`, `after_id`.

use std::collections::HashMap;

use uuid::Uuid;

use super::{faults::Fault, query_values::QueryValues};

/// Which part of a list is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Page {
    /// The most rows to return; `None` for all.
    pub limit: Option<i64>,
    /// Rows to skip.
    pub offset: i64,
    /// The row after which to begin, where a list knows that.
    pub after_id: Option<Uuid>,
}

impl Page {
    /// Reads the paging keys of a decoded query string and leaves all others alone.
    pub fn parse(query: &HashMap<String, Vec<String>>) -> Result<Self, Vec<Fault>> {
        let mut values = QueryValues::default();
        for key in ["limit", "offset", "after_id"] {
            for value in query.get(key).into_iter().flatten() {
                values.add(key, value);
            }
        }
        let after_id = values.uuid("after_id");
        let limit = values.count("limit").filter(|limit| *limit > 0);
        let offset = values.count("offset").unwrap_or_default();
        values.finish_leniently()?;
        Ok(Self {
            limit,
            offset,
            after_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Page, Vec<String>> {
        let mut query: HashMap<String, Vec<String>> = HashMap::new();
        for (key, value) in pairs {
            query
                .entry((*key).to_owned())
                .or_default()
                .push((*value).to_owned());
        }
        Page::parse(&query).map_err(|faults| faults.into_iter().map(|fault| fault.field).collect())
    }

    #[test]
    fn numbers_are_digits_within_bounds() {
        let all = Page::default();
        assert_eq!(parse(&[]), Ok(all));
        assert_eq!(parse(&[("limit", "")]), Ok(all));
        assert_eq!(
            parse(&[("limit", "0"), ("offset", "3")]),
            Ok(Page { offset: 3, ..all })
        );
        assert_eq!(
            parse(&[("limit", "02")]),
            Ok(Page {
                limit: Some(2),
                ..all
            })
        );
        assert_eq!(
            parse(&[("limit", "2147483647")]),
            Ok(Page {
                limit: Some(2_147_483_647),
                ..all
            })
        );
        for bad in [
            "-1",
            "abc",
            "1.5",
            "+2",
            "2147483648",
            "99999999999999999999",
            " 1",
        ] {
            assert_eq!(
                parse(&[("limit", bad)]),
                Err(vec!["limit".to_owned()]),
                "{bad}"
            );
        }
    }

    #[test]
    fn all_faults_are_reported() {
        let faults = parse(&[
            ("limit", "x"),
            ("offset", "y"),
            ("after_id", "z"),
            ("q", "w"),
        ]);
        assert_eq!(faults.unwrap_err(), ["after_id", "limit", "offset"]);
        assert_eq!(
            parse(&[("limit", "1"), ("limit", "1")]).unwrap_err(),
            ["limit"]
        );
    }
}
