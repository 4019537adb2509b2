# The daily commands; CI calls the same ones. `just` alone lists them.

[private]
default:
    @just --list

# Start a server from this tree on the embedded database
dev *ARGUMENTS:
    cargo run -- server {{ ARGUMENTS }}

# Format, lints and documentation, as CI wants them
check:
    cargo fmt --check
    cargo clippy --all-targets --all-features -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --all-features --no-deps --document-private-items

# All tests
test *ARGUMENTS:
    cargo test --all-features {{ ARGUMENTS }}

# Accept what the tests see now as the snapshots; read the diff before you commit it
bless:
    INSTA_UPDATE=always INSTA_FORCE_PASS=1 cargo test --all-features

# Make the checked query data in .sqlx anew, after a changed query or migration
prepare:
    scripts/prepare.sh

# Fail where .sqlx is not current
prepare-check:
    scripts/prepare.sh --check

# Begin a migration: just migration add_thing
migration NAME:
    @printf -- '-- What this changes for a running deployment:\n' > "migrations/$(date -u +%Y%m%d%H%M%S)_{{ NAME }}.sql"
    @ls migrations/*_{{ NAME }}.sql

# Licences, bans, sources and advisories of the dependencies
audit:
    scripts/audit.sh

# All that CI runs
ci:
    bash .ci/run

# The recorded answers of tests/conformance.txt against the debug build
conform *ARGUMENTS: build
    scripts/compat.sh conform {{ ARGUMENTS }}

# The incumbent's own tests of tests/peer-suite.txt against the debug build
peer-suite: build
    scripts/compat.sh peer-suite

# The incumbent's command line against the debug build
cli-check: build
    scripts/compat.sh cli

# The Terraform provider of the debug build beside the incumbent's
provider-check *ARGUMENTS: build
    scripts/compat.sh provider {{ ARGUMENTS }}

# The README's curl lines against the debug build
readme-check: build
    scripts/compat.sh readme

# How watchers are served: in order, all of them, at which cost
watch-bench *ARGUMENTS: build
    scripts/compat.sh watch-order
    scripts/compat.sh watch-bench {{ ARGUMENTS }}

# How quick other requests are while fifty people sign in
login-bench *ARGUMENTS: build
    scripts/compat.sh login-bench {{ ARGUMENTS }}

# This server and the incumbent side by side; writes docs/performance.md. Takes an hour of an idle machine
bench *ARGUMENTS:
    scripts/bench.sh {{ ARGUMENTS }}

# A kill in the middle of a build, and the restart
kill-check: build
    scripts/compat.sh kill

[private]
build:
    cargo build

# The container image
image:
    docker build --tag workspaced .
