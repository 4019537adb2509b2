#!/usr/bin/env python3
"""Runs the incumbent's tests that a list names, and wants each of them to pass.

  peer-suite.py RUNNER LIST     a line of LIST: package, a tab, test (TestName or TestName/Part)

The server is `start-server.sh` unless SERVER_COMMAND names another executable.
"""
import collections
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def pattern(names):
    return "^(" + "|".join(re.escape(name) for name in sorted(names)) + ")$"


def main(runner, list_file):
    wanted = [tuple(line.split("\t")[:2]) for line in Path(list_file).read_text().splitlines()
              if line and not line.startswith("#")]
    # One run of a test's whole family costs less than one for each part.
    families = collections.defaultdict(set)
    for package, test in wanted:
        top, _, part = test.partition("/")
        families[package, top].add(part)
    selection = []
    for (package, top), parts in sorted(families.items()):
        parts = {part.split("/")[0] for part in parts}
        selection += [package, f"^{top}$" + ("" if "" in parts else "/" + pattern(parts))]
    with tempfile.TemporaryDirectory(prefix="workspaced-peer-suite-") as out:
        server = os.environ.get("SERVER_COMMAND", str(HERE / "start-server.sh"))
        subprocess.run([runner, "-o", out, server, *selection], check=False)
        results = {}
        for line in (Path(out) / "results.tsv").read_text().splitlines():
            status, package, test, *rest = line.split("\t")
            results[package, test] = (status, rest[-1] if rest else "")
        failed = [entry for entry in wanted if results.get(entry, ("", ""))[0] != "PASS"]
        for entry in failed:
            status, reason = results.get(entry, ("not run", ""))
            print(f"FAIL {entry[0]} {entry[1]}: {status} {reason}")
            log = Path(out) / "logs" / entry[0].replace("/", "-") / (entry[1].split("/")[0] + ".log")
            if log.exists():
                print("\n".join("     " + line for line in log.read_text(errors="replace").splitlines()[-15:]))
    print(f"{len(wanted) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
