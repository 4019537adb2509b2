#!/usr/bin/env bash
# Measures this server and the incumbent side by side, on one machine and in one run, with the harness of the
# compatibility kit, and writes docs/performance.md from what it saw:
#   scripts/bench.sh [OPTION OF THE HARNESS...]      e.g. --reps 2 --phases startup,http
# Seeds stay in BENCH_WORK (default ~/.cache/workspaced-bench), so that a second run only measures; the figures
# are left there as results.json. BENCH_DOCUMENT names another document, BENCH_BIN another binary than the
# release build. Without the kit it says so and does nothing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
. "$here/kit.sh"

find_kit "$root" && [ -x "$kit/bench/bench" ] || { echo "skipped: bench needs the compatibility kit in $kit"; exit 0; }
for program in python3 rustc taskset terraform; do
  command -v "$program" >/dev/null || { echo "$0: $program is missing" >&2; exit 1; }
done

work=${BENCH_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/workspaced-bench}
document=${BENCH_DOCUMENT:-$root/docs/performance.md}
binary=${BENCH_BIN:-}
if [ -z "$binary" ]; then
  # The feature adds the command that seeds and nothing to the server.
  (cd "$root" && cargo build --release --locked --features bench)
  binary=${CARGO_TARGET_DIR:-$root/target}/release/workspaced
fi

mkdir -p "$work"
# The harness keeps seeds by their size only: ours are stale when the tables or what fills them changed.
filled_by=$(cat "$root"/migrations/*.sql "$root"/src/bench_seed/* | sha256sum)
if [ "$(cat "$work/filled-by" 2>/dev/null)" != "$filled_by" ]; then rm -rf "$work"/seed_workspaced_*; fi
echo "$filled_by" >"$work/filled-by"

python3 "$kit/bench/bench" run --work "$work" --out "$work/results" \
  --server coder="'$CODER_CLI' server" --server workspaced="'$binary' server" --seed-b "'$binary' bench-seed" \
  --phases startup,http,queries,growth,watch,e2e --growth 1000,10000,100000 --watchers 200,2000 "$@"
python3 "$kit/bench/bench" report "$work/results.json" >"$work/results.md"
python3 "$here/performance.py" "$work/results.json" "$work/results.md" "$document" "$@"
