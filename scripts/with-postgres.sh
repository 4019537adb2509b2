#!/usr/bin/env bash
# Runs a command beside a throw-away Postgres and hands it PGURL, a URL whose user may create databases.
#   scripts/with-postgres.sh COMMAND [ARGUMENT...]
# Uses the machine's own Postgres binaries. Where PGURL is set already, that server is used and left alone.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT...]" >&2; exit 2; }
if [ -n "${PGURL:-}" ]; then exec "$@"; fi

find_binaries() {
  local folder
  for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -V -r); do
    [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && { echo "$folder"; return; }
  done
  folder=$(command -v initdb) && dirname "$(readlink -f "$folder")"
}
binaries=$(find_binaries || true)
if [ -z "$binaries" ] && [ -n "${CI:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql) >&2
  binaries=$(find_binaries || true)
fi
[ -n "$binaries" ] || { echo "no Postgres binaries (initdb, pg_ctl) found; install the package postgresql" >&2; exit 1; }
# Later commands may need psql.
export PATH="$PATH:$binaries"

# Postgres refuses to run as root.
as_owner=()
folder=$(mktemp -d "${TMPDIR:-/tmp}/workspaced-postgres.XXXXXX")
if [ "$(id -u)" = 0 ]; then
  owner=postgres
  id "$owner" >/dev/null 2>&1 || owner=nobody
  chown "$owner" "$folder"
  as_owner=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups --)
fi
cleanup() {
  cd / && "${as_owner[@]}" "$binaries/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

started_in=$PWD
cd "$folder"
"${as_owner[@]}" "$binaries/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 \
  || { cat "$folder/initdb.log" >&2; exit 1; }
for _ in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 12000))
  if "${as_owner[@]}" "$binaries/pg_ctl" -D "$folder/data" -l "$folder/data/server.log" -w -t 60 -o \
    "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400" \
    start >/dev/null 2>&1; then
    export PGURL="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
    break
  fi
done
[ -n "${PGURL:-}" ] || { cat "$folder/data/server.log" >&2; exit 1; }
cd "$started_in"
"$@"
