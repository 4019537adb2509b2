#!/usr/bin/env python3
"""Pastes the README's curl lines into a shell, against a new server, and looks at what they print.

Needs PGURL, curl and terraform.
"""
import re
import subprocess
import sys
import tempfile

from harness import HERE, Checks, Server

# A watch would not end by itself.
PREFACE = 'curl() { command curl --max-time 10 "$@"; }\n'


def main():
    text = (HERE.parent / "README.md").read_text()
    part = text[text.index("## Using it"):text.index("### With Coder's command line")]
    lines = "\n".join(block for block in re.findall(r"```sh\n(.*?)```", part, re.S) if not block.startswith("cargo"))
    checks = Checks()
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        script = PREFACE + lines.replace("http://127.0.0.1:3000", server.url)
        # Waiting for an import that never ends must not take longer than this.
        done = subprocess.run(["timeout", "80", "bash", "-c", script], cwd=folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        for what, pattern in [
            ("the first user is made", r'"organization_id"'),
            ("the session is the administrator's", r'"username":"admin"'),
            ("the workspace is listed", r'"workspaces":\[\{.*"name":"dev"'),
            ("the watch shows the workspace", r"event: data\s+data: \{.*\"name\":\"dev\""),
            ("the stop is queued", r'"transition":"stop"'),
            ("the stream of all shows the workspace", r"id: \d+\s+event: data\s+data: \{.*\"name\":\"dev\""),
            ("a second workspace is made", r'"name":"second"'),
        ]:
            checks.check(what, re.search(pattern, done.stdout), (done.stdout + done.stderr)[-1500:])
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
