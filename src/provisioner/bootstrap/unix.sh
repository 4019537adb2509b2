#!/usr/bin/env sh
# Fetches the agent of this workspace from the server and becomes it.
set -eu

# A failed start would take its output with it when the machine's main process ends, so the
# script stays for a day to let it be read.
keep_output() {
	status=$?
	if [ "$status" -ne 0 ]; then
		echo "The agent did not start (status $status). This output stays for 24 hours."
		sleep 86400
	fi
}
trap keep_output EXIT

directory=${BINARY_DIR:-}
if [ -z "$directory" ]; then
	directory=$(mktemp -d -t coder.XXXXXX)
fi
binary=$directory/coder
address=${ACCESS_URL}bin/coder-{{system}}-{{processor}}

fetch() {
	if command -v curl >/dev/null 2>&1; then
		curl --fail --silent --show-error --location --compressed --output "$binary" "$address"
	elif command -v wget >/dev/null 2>&1; then
		wget -q -O "$binary" "$address"
	elif command -v busybox >/dev/null 2>&1; then
		busybox wget -q -O "$binary" "$address"
	else
		echo "Fetching the agent needs curl, wget or busybox; none of them is installed."
		exit 127
	fi
}

until fetch; do
	echo "Cannot fetch $address yet; next try in 30 seconds."
	sleep 30
done
chmod +x "$binary"

if [ -n "${USE_CAP_NET_ADMIN:-}" ]; then
	# The agent works without it, only slower.
	if command -v sudo >/dev/null 2>&1 && [ "$(id -u)" -ne 0 ]; then
		sudo -n setcap CAP_NET_ADMIN=+ep "$binary" || echo "Cannot grant CAP_NET_ADMIN; going on without it."
	else
		setcap CAP_NET_ADMIN=+ep "$binary" || echo "Cannot grant CAP_NET_ADMIN; going on without it."
	fi
fi

export CODER_AGENT_AUTH="${AUTH_TYPE}"
export CODER_AGENT_URL="${ACCESS_URL}"

version=$("$binary" --version | head -n 1)
case $version in
*Coder*) ;;
*)
	echo "What came from $address is not an agent; it calls itself: $version"
	exit 2
	;;
esac

exec "$binary" agent
