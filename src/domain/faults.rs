//! A field of a request that breaks a rule, with the reason.

/// What was wrong with one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The field's name as the client wrote it.
    pub field: String,
    /// Why it is refused.
    pub detail: String,
}

impl Fault {
    /// A fault of a field.
    #[must_use]
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}
