# Sourced by the checks that use the compatibility kit (recordings, the incumbent's binaries, its benchmark),
# which is others' work and no part of this project: a folder named by COMPAT_KIT, else ../shared.
# find_kit ROOT: sets kit, and where it is there also CODER_CLI and TF_CLI_CONFIG_FILE; fails where it is not.
find_kit() {
  kit=${COMPAT_KIT:-$1/../shared}
  [ -d "$kit/peer" ] || return 1
  kit=$(cd "$kit" && pwd)
  local unpacked="${XDG_CACHE_HOME:-$HOME/.cache}/workspaced-compat-kit"
  if [ "$kit/peer/peer-linux-amd64.tar.xz" -nt "$unpacked/.unpacked" ]; then
    "$kit/peer/unpack.sh" "$unpacked" >/dev/null
    touch "$unpacked/.unpacked"
  fi
  export TF_CLI_CONFIG_FILE="$unpacked/terraformrc" CODER_CLI="$unpacked/coder"
}
