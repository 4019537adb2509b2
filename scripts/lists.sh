#!/usr/bin/env bash
# The lists of outside checks that pass may only grow: no line that the last commits held may be missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
lost=0
for list in tests/conformance.txt tests/peer-suite.txt; do
  for commit in $(git log --format=%H -- "$list"); do
    while IFS= read -r entry; do
      case $entry in "#"* | "") continue ;; esac
      if ! grep -qxF -- "$entry" "$list"; then
        echo "$list no longer has '$entry', which ${commit:0:10} had" >&2
        lost=1
      fi
    done < <(git show "$commit:$list" 2>/dev/null || true)
  done
done
exit $lost
