#!/usr/bin/env bash
# The lists of what must pass may only grow, the list of what is not served may only shrink:
# each is compared with its own past, as far as this clone has it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
entries() { grep -vE '^(#|[[:space:]]*$)' | sort -u || true; }
past() {
  git log --format=%H -- "$1" | while read -r commit; do git show "$commit:$1" 2>/dev/null || true; done | entries
}
wrong=0
for list in tests/conformance.txt tests/peer-suite.txt; do
  lost=$(comm -13 <(entries <"$list") <(past "$list"))
  [ -z "$lost" ] || { printf '%s lost:\n%s\n' "$list" "$lost" >&2; wrong=1; }
done
list=tests/golden/unimplemented.txt
first=$(git log --diff-filter=A --format=%H -- "$list" | tail -n 1)
if [ -n "$first" ]; then
  more=$(comm -23 <(entries <"$list") <(git show "$first:$list" | entries))
  [ -z "$more" ] || { printf '%s may only shrink, and has gained:\n%s\n' "$list" "$more" >&2; wrong=1; }
fi
exit $wrong
