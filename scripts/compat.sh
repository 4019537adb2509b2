#!/usr/bin/env bash
# Checks of the built server (`cargo build`) from outside, each on a throw-away Postgres:
#   scripts/compat.sh conform        the recorded answers of the scenarios in tests/conformance.txt
#   scripts/compat.sh peer-suite     the incumbent's own tests of tests/peer-suite.txt
#   scripts/compat.sh cli            the incumbent's command line, from login to logout
#   scripts/compat.sh provider       the Terraform provider in the binary beside the incumbent's
#   scripts/compat.sh readme         the README's curl lines
#   scripts/compat.sh watch-order | watch-bench | kill      watchers; a kill in the middle of a build
#   scripts/compat.sh login-bench    other requests while many sign in
# The first four need the compatibility kit (scripts/kit.sh). What is missing is skipped with a line.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
what=${1:?usage: $0 conform|peer-suite|cli|provider|readme|watch-order|watch-bench|login-bench|kill}
shift
. "$here/kit.sh"

skip() { echo "skipped: $what needs $1"; exit 0; }
entries() { grep -vE '^(#|[[:space:]]*$)' "$1"; }

command -v python3 >/dev/null || skip "python3"
if [ -z "${PGURL:-}" ]; then exec "$here/with-postgres.sh" "$0" "$what" "$@"; fi
command -v psql >/dev/null || skip "psql"
if [ "$what" != peer-suite ] && [ "$what" != login-bench ]; then
  command -v terraform >/dev/null || command -v tofu >/dev/null || skip "terraform or tofu"
fi

if ! find_kit "$root"; then
  case $what in conform | peer-suite | cli | provider) skip "the compatibility kit in $kit" ;; esac
fi

case $what in
  conform)
    # Scenarios named on the command line take the place of the list.
    if [ $# = 0 ]; then mapfile -t scenarios < <(entries "$root/tests/conformance.txt"); else scenarios=("$@"); fi
    export CONFORM_PG=$PGURL CONFORM_AGENT_BIN=$CODER_CLI
    exec python3 "$here/conform.py" "$kit/conformance/conform" "${SERVER_COMMAND:-$here/start-server.sh}" \
      "$root/tests/conformance-differences.tsv" "${scenarios[@]}"
    ;;
  peer-suite) EXTERNAL_PG_ADMIN_URL=$PGURL exec python3 "$here/peer-suite.py" "$kit/peer-suite/run.sh" "$root/tests/peer-suite.txt" ;;
  provider)
    command -v terraform >/dev/null || skip "terraform"
    exec python3 "$here/check-provider.py" "$@"
    ;;
  cli) exec python3 "$here/check-cli.py" ;;
  readme) exec python3 "$here/check-readme.py" ;;
  watch-order) exec python3 "$here/watch-order.py" ;;
  watch-bench) exec python3 "$here/watch-bench.py" "$@" ;;
  login-bench) exec python3 "$here/login-bench.py" "$@" ;;
  kill) exec python3 "$here/check-kill.py" "$@" ;;
  *) echo "$0: there is no check $what" >&2; exit 2 ;;
esac
