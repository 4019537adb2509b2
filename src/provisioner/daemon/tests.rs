//! Daemons that take jobs, report on them and end with the process.

use super::*;

#[test]
fn names_fit() {
    assert_eq!(name("atlas", 2), "atlas-2");
    let long = name(&"h".repeat(200), 11);
    assert_eq!(long.len(), LONGEST_NAME);
    assert!(long.ends_with("-11"));
}
