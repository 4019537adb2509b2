#!/usr/bin/env python3
"""Writes docs/performance.md from the figures of one run of scripts/bench.sh.

  performance.py RESULTS.json RESULTS.md DOCUMENT [ARGUMENT OF THE RUN...]

Computes and formats only: every number comes from the results. What stands between the marks for notes in
the document is written by people and kept.
"""
import json
import os
import subprocess
import sys

THEIRS, OURS = "coder", "workspaced"
NOTES = ("<!-- notes: written by hand, kept by scripts/performance.py -->", "<!-- end of notes -->")
NOT_MEASURED = "not measured"


class Figures:
    """The medians of one run."""

    def __init__(self, results):
        self.servers = results["servers"]
        # Of the throughput workloads; the others have one.
        self.connections = results["meta"]["conns"]

    def of(self, server, group, entry, *keys):
        """The sum of the medians of some keys; None where one was not measured."""
        runs = self.servers.get(server, {}).get(group, {}).get(entry, [])
        medians = [median([run[key] for run in runs if run.get(key) is not None]) for key in keys]
        return None if None in medians else sum(medians)

    def ratio(self, group, entry, *keys):
        ours, theirs = (self.of(server, group, entry, *keys) for server in (OURS, THEIRS))
        return None if ours is None or not theirs else ours / theirs


def median(values):
    values = sorted(values)
    if not values:
        return None
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


CPU = ("cpu_ms", "pg_cpu_ms")
EVENT = ("cpu_ms_per_event", "pg_cpu_ms_per_event")
# Workload of the harness, the goal for CPU a request and for the p99 on one connection: one part in so many.
REQUESTS = [
    ("GET users/me (auth only)", 20, None),
    ("GET workspaces/{id}", 40, 20),
    ("GET users/me/workspace/{name}", 40, 20),
    ("list all (admin)", 100, 50),
    ("list status:running (admin)", 100, 50),
    ("list template:x (admin)", 30, 50),
    ("list offset N-50 (admin)", 100, 50),
    ("list owner:me", 25, None),
    ("list name:y (admin)", 25, None),
    ("PUT ttl", 6, None),
    ("PUT autostart", 6, None),
    ("PATCH rename", 6, None),
    ("POST workspace (queued)", 15, None),
    ("POST build (queued)", 15, None),
]
FLAT_LISTS = ["list all (admin)", "list status:running (admin)", "list template:x (admin)", "list offset N-50 (admin)"]
# What the harness does not send.
ELSEWHERE = ["GET with a matching If-None-Match: a fifth of our full answer", "POST usage: CPU 1/6"]
WATCHERS = 2000


def goals(figures):
    """Rows: what, the goal in words, theirs, ours, ratio in words, whether it is reached (None: not measured)."""
    for name, cpu, tail in REQUESTS:
        for connections in (1, figures.connections):
            entry = f"{name}|{connections}"
            yield part(figures, f"{name}, {connections} at once: CPU ms", cpu, "http", entry, *CPU)
        if tail:
            yield part(figures, f"{name}, one at a time: p99 ms", tail, "http", f"{name}|1", "p99_ms")
    for name in FLAT_LISTS:
        yield flat(figures, name)
    one, spread = f"one workspace|{WATCHERS}", f"spread|{WATCHERS}"
    yield limit(figures, f"{WATCHERS} watchers of one workspace: last served, ms", 50, "watch", one, "last_ms")
    yield limit(figures, f"{WATCHERS} watchers of one workspace: KiB each", 10, "watch", one, "kib_per_watcher_after")
    yield limit(figures, f"{WATCHERS} watchers of as many: KiB each", 10, "watch", spread, "kib_per_watcher_after")
    yield part(figures, f"{WATCHERS} watchers of as many: CPU ms an event", 20, "watch", spread, *EVENT)
    yield limit(figures, f"{WATCHERS} watchers of as many: idle CPU %", 1, "watch", spread, "idle_cpu_pct")
    yield part(figures, "memory idle, MiB", 8, "startup", "startup", "idle_rss_mib")
    yield part(figures, "memory under list load, MiB", 8, "http", f"list all (admin)|{figures.connections}", "rss_mib")
    yield part(figures, "start on a migrated database, s", 7, "startup", "startup", "migrated_s")
    end_to_end = next((e for e in figures.servers.get(OURS, {}).get("e2e", {}) if e.startswith("1 daemon")), "")
    yield part(figures, "create to succeeded, s", 2, "e2e", end_to_end, "wall_s")
    for text in ELSEWHERE:
        name, goal = text.rsplit(": ", 1)
        yield name, goal, None, None, "-", None


def part(figures, name, denominator, group, entry, *keys):
    ratio = figures.ratio(group, entry, *keys)
    theirs, ours = (figures.of(server, group, entry, *keys) for server in (THEIRS, OURS))
    shown = "-" if ratio is None else f"1/{1 / ratio:.0f}" if 0 < ratio < 0.2 else f"{ratio:.2f}"
    return name, f"1/{denominator}", theirs, ours, shown, None if ratio is None else ratio <= 1 / denominator


def limit(figures, name, most, group, entry, key):
    theirs, ours = (figures.of(server, group, entry, key) for server in (THEIRS, OURS))
    return name, f"at most {most}", theirs, ours, "-", None if ours is None else ours <= most


def flat(figures, name):
    entries = figures.servers.get(OURS, {}).get("growth", {})
    sizes = sorted(int(entry.rsplit("|", 1)[1]) for entry in entries if entry.rsplit("|", 1)[0] == name)
    title, goal = f"{name}: CPU ms, largest to smallest", "at most 1.3"
    if len(sizes) < 2:
        return title, goal, None, None, "-", None
    growth = {}
    for server in (THEIRS, OURS):
        small, large = (figures.of(server, "growth", f"{name}|{size}", *CPU) for size in (sizes[0], sizes[-1]))
        growth[server] = large / small if small and large is not None else None
    ours = growth[OURS]
    title = f"{name}: CPU at {sizes[-1]:,} to that at {sizes[0]:,}"
    return title, goal, growth[THEIRS], ours, "-", None if ours is None else ours <= 1.3


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def goal_table(figures):
    words = {True: "yes", False: "**no**", None: NOT_MEASURED}
    rows = [(name, goal, number(theirs), number(ours), shown, words[reached])
            for name, goal, theirs, ours, shown, reached in goals(figures)]
    return table(["workload", "goal", "incumbent", OURS, "ratio", "reached"], rows)


def kept_notes(document):
    if os.path.exists(document):
        with open(document, encoding="utf-8") as file:
            text = file.read()
        if NOTES[0] in text and NOTES[1] in text:
            return text.split(NOTES[0], 1)[1].split(NOTES[1], 1)[0].strip("\n")
    return "Nothing yet."


def commit():
    run = subprocess.run(["git", "describe", "--always", "--dirty", "--exclude=*"], capture_output=True, text=True,
                         cwd=os.path.dirname(os.path.abspath(__file__)))
    return run.stdout.strip() or "unknown"


def render(results, report, document, arguments):
    meta, figures = results["meta"], Figures(results)
    command = " ".join(["scripts/bench.sh", *arguments])
    # The harness' own first line repeats the machine.
    tables = report.split("\n", 1)[1].strip("\n")
    return f"""# Performance

What this server and the incumbent (Coder v2.19.3) cost side by side: measured in turn in one run on the same machine,
Postgres and data, and written here by `scripts/performance.py`. Do not edit the page; only the notes are kept. This
makes it again:

```sh
{command}
```

- Date: {meta["date"]}. Commit: {commit()}.
- Machine: {meta["machine"]}, Linux {meta["kernel"]}, Postgres {meta["postgres"]}.
- Data: {meta["workspaces"]:,} workspaces of {meta["users"]} users on {meta["templates"]} templates, three builds each,
  the same shape for both servers; ours is written by `bench-seed` (feature `bench`).
- Each workload {meta["reps"]} times for {meta["seconds"]:g} s.

## Method

The server runs on core {meta["server_cores"]}; Postgres and the load generator share core {meta["load_cores"]}. Each server starts on a
fresh copy of its seeded database. A closed loop sends requests over one kept connection (latency) and over
{meta["conns"]} (throughput). CPU is what the server's process and all of Postgres used, divided by the requests. Servers
take turns within a repetition, so that what changes on the machine meets both. Figures are medians over the
repetitions; the tables below give the range as well. Postgres runs without fsync and autovacuum for both.

## Goals

CPU is that of server and Postgres together. The ratio is ours to the incumbent's.

{goal_table(figures)}

## Notes

{NOTES[0]}
{kept_notes(document)}
{NOTES[1]}

## All figures

{tables}
"""


def main():
    results_file, report_file, document, *arguments = sys.argv[1:]
    with open(results_file, encoding="utf-8") as file:
        results = json.load(file)
    with open(report_file, encoding="utf-8") as file:
        report = file.read()
    missing = [server for server in (THEIRS, OURS) if server not in results["servers"]]
    if missing:
        sys.exit(f"{results_file} has no figures of {' and '.join(missing)}")
    text = render(results, report, document, arguments)
    with open(document, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"wrote {document}")


if __name__ == "__main__":
    main()
