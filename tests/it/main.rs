//! The integration tests: one binary, one module for each noun.

mod layers;
