//! Remarks for the user: how they are made, and where in a value they point. Decides nothing.

use super::messages::{AttributePath, Diagnostic, Selector, Severity, Step};

/// A way into a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Path(Vec<Selector>);

impl Path {
    /// The way to an attribute or block at the top.
    pub(super) fn to(name: &str) -> Self {
        Self::default().attribute(name)
    }

    pub(super) fn attribute(&self, name: &str) -> Self {
        self.step(Selector::Attribute(name.to_owned()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.step(Selector::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    fn step(&self, step: Selector) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl From<Path> for AttributePath {
    fn from(path: Path) -> Self {
        let steps = path.0.into_iter().map(|selector| Step {
            selector: Some(selector),
        });
        Self {
            steps: steps.collect(),
        }
    }
}

/// A fault of the whole.
pub(super) fn error(summary: impl Into<String>) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error.into(),
        summary: summary.into(),
        ..Diagnostic::default()
    }
}

/// A fault of an attribute.
pub(super) fn error_at(
    path: Path,
    summary: impl Into<String>,
    detail: impl Into<String>,
) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error.into(),
        summary: summary.into(),
        detail: detail.into(),
        attribute: Some(path.into()),
    }
}

/// Something to think about; a path says where.
pub(super) fn warning(
    path: Option<Path>,
    summary: impl Into<String>,
    detail: impl Into<String>,
) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning.into(),
        summary: summary.into(),
        detail: detail.into(),
        attribute: path.map(Into::into),
    }
}

/// Whether one of them stops the work.
pub(super) fn any_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics
        .iter()
        .any(|one| one.severity == i32::from(Severity::Error))
}
