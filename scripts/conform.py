#!/usr/bin/env python3
"""Runs the recorded scenarios and takes the differences that are on purpose out of the count.

  conform.py CONFORM SERVER DIFFERENCES SCENARIO...

A line of DIFFERENCES: scenario, a tab, step, a tab, the reason. Only the answers of steps of that name may
differ; a listed step that agrees with its recording fails, so that the list cannot grow stale. A line whose scenario
is `*` names a header that the recordings lack in many steps and that is not compared.
"""
import re
import subprocess
import sys
from pathlib import Path

SCENARIO = re.compile(r"^(ok  |FAIL) (\S+): (\d+) passed, (\d+) failed")
STEP = re.compile(r"^ {4} *\d+ (.+): (?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|http|sse|event|ws|note)\b")


def main(conform, server, differences, *scenarios):
    purpose, ignored = {}, []
    for line in Path(differences).read_text().splitlines():
        if line and not line.startswith("#"):
            scenario, step, reason = line.split("\t")
            if scenario == "*":
                ignored += ["--ignore-header", step]
            elif scenario in scenarios:
                purpose[scenario, step] = reason
    run = subprocess.Popen([conform, "check", "--spawn", server, "--jobs", "2", *ignored, *scenarios],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    passed = failed = wanted = 0
    scenario, seen, played = None, set(), set()
    for line in run.stdout:
        if found := SCENARIO.match(line):
            scenario = found[2]
            played.add(scenario)
            passed += int(found[3])
            failed += int(found[4])
        elif (found := STEP.match(line)) and (scenario, found[1]) in purpose:
            seen.add((scenario, found[1]))
            wanted += 1
            line = line.rstrip("\n") + "   [on purpose: " + purpose[scenario, found[1]] + "]\n"
        if not re.fullmatch(r"\d+ passed, \d+ failed\n?", line):
            print(line, end="", flush=True)
    run.wait()
    failed -= wanted
    for scenario, step in purpose.keys() - seen:
        print(f"FAIL {scenario}: '{step}' is listed as different and does not differ")
        failed += 1
    if missing := set(scenarios) - played:
        print("not played: " + ", ".join(sorted(missing)))
        failed += len(missing)
    print(f"{passed} passed, {failed} failed, {wanted} different on purpose")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
