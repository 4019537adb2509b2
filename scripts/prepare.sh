#!/usr/bin/env bash
# Makes `.sqlx`, the checked data of every query, from a database with this tree's migrations.
#   scripts/prepare.sh           rewrites .sqlx
#   scripts/prepare.sh --check   changes nothing; fails where .sqlx is not what the queries need
# The macros of sqlx write the data themselves when they see a database and SQLX_OFFLINE_DIR.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mode=${1:-write}
case $mode in write | --check) ;; *) echo "usage: $0 [--check]" >&2; exit 2 ;; esac
if [ -z "${PGURL:-}" ]; then exec scripts/with-postgres.sh "$0" "$@"; fi

database="prepare_$$_$RANDOM"
data=$(mktemp -d "${TMPDIR:-/tmp}/workspaced-sqlx.XXXXXX")
query() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
query "$PGURL" -c "create database $database"
trap 'query "$PGURL" -c "drop database if exists $database with (force)" || true; rm -rf "$data"' EXIT
url=$(sed -E "s#^([a-z]+://[^/]+)/[^?]*#\1/$database#" <<<"$PGURL")
for file in migrations/*.sql; do
  if [ -e "$file" ]; then PGOPTIONS='-c client_min_messages=warning' query "$url" --single-transaction -f "$file"; fi
done

# Without a newer source the compiler would not expand the macros again.
touch src/lib.rs
SQLX_OFFLINE=false DATABASE_URL=$url SQLX_OFFLINE_DIR=$data cargo check --quiet --all-targets --all-features

if [ "$mode" = --check ]; then
  mkdir -p .sqlx
  if ! diff -rq .sqlx "$data"; then
    echo "the query data in .sqlx is not current: run scripts/prepare.sh and commit .sqlx" >&2
    exit 1
  fi
  echo "$(ls "$data" | wc -l) queries checked against the migrations; .sqlx is current"
else
  rm -rf .sqlx
  mkdir .sqlx
  cp -r "$data/." .sqlx
  echo "$(ls .sqlx | wc -l) queries written to .sqlx"
fi
