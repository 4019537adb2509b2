#!/usr/bin/env python3
"""Many watchers on one workspace: a change must reach all, at a bounded cost in memory.

  watch-bench.py [--watchers 1000] [--changes 5] [--kib 20] [--milliseconds 1000]

Prints the time until the last watcher has a change, and the growth of the server's resident size for
each watcher. Fails when a watcher misses a change or a limit is passed. Needs PGURL and terraform.
"""
import argparse
import asyncio
import sys
import time
import urllib.parse

from harness import Api, Checks, Server

TEMPLATE = 'resource "terraform_data" "machine" {\n  input = "there"\n}\n'


# Watchers that come and go before anything is measured.
REHEARSAL = 200
# Seconds until the allocator has given back what is free.
SETTLE = 2


class Crowd:
    """All watchers; each keeps only when it last saw an event and the end of what it read."""

    def __init__(self, api, workspace):
        self.host = urllib.parse.urlsplit(api.url)
        self.head = (f"GET /api/v2/workspaces/{workspace['id']}/watch HTTP/1.1\r\nHost: {self.host.netloc}\r\n"
                     f"Coder-Session-Token: {api.token}\r\nAccept: text/event-stream\r\n\r\n").encode()
        self.wanted, self.reached, self.times, self.opened, self.closed = None, set(), [], set(), set()

    async def watch(self, index):
        reader, writer = await asyncio.open_connection(self.host.hostname, self.host.port)
        writer.write(self.head)
        try:
            await self.read(index, reader)
        finally:
            writer.close()

    async def read(self, index, reader):
        tail = b""
        while chunk := await reader.read(65536):
            text = tail + chunk
            if b"event: data" in text:
                self.opened.add(index)
            if self.wanted and index not in self.reached and self.wanted in text:
                self.reached.add(index)
                self.times.append(time.perf_counter())
            tail = text[-64:]
        self.closed.add(index)

    async def until(self, condition, seconds):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            await asyncio.sleep(0.01)
        return condition()


async def rehearse(api, workspace):
    crowd = Crowd(api, workspace)
    tasks = [asyncio.create_task(crowd.watch(index)) for index in range(REHEARSAL)]
    await crowd.until(lambda: len(crowd.opened) == REHEARSAL, 60)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(SETTLE)


async def run(options, checks, server, api, workspace):
    # A crowd that comes and goes first: what is made once (connections to the database, caches) and what
    # sign-in left behind is not the price of a watcher.
    await rehearse(api, workspace)
    crowd = Crowd(api, workspace)
    tasks = []
    # One watcher first: what the first stream alone costs is not the price of one more.
    before = None
    for index in range(options.watchers):
        tasks.append(asyncio.create_task(crowd.watch(index)))
        if index == 0:
            await crowd.until(lambda: crowd.opened, 30)
            before = server.resident_bytes()
        elif index % 50 == 0:
            await crowd.until(lambda: len(crowd.opened) > index - 25, 60)
    everyone = await crowd.until(lambda: len(crowd.opened) == options.watchers, 120)
    checks.check(f"{options.watchers} watchers have the present state", everyone, f"{len(crowd.opened)} of them")
    # What the requests themselves took is given back a little later.
    await asyncio.sleep(SETTLE)
    opened = server.resident_bytes()

    latencies = []
    for change in range(options.changes):
        name = f"renamed-{change}-{int(time.time())}"
        crowd.reached, crowd.times = set(), []
        crowd.wanted = f'"name":"{name}"'.encode()
        started = time.perf_counter()
        await asyncio.to_thread(api.patch, f"/workspaces/{workspace['id']}", {"name": name})
        everyone = await crowd.until(lambda: len(crowd.reached) == options.watchers, 60)
        if not checks.check(f"change {change + 1} reaches all", everyone, f"{len(crowd.reached)} of {options.watchers}"):
            break
        latencies.append((crowd.times[-1] - started) * 1000)
    after = server.resident_bytes()
    checks.check("no stream was closed", not crowd.closed, f"{len(crowd.closed)} closed")
    for task in tasks:
        task.cancel()

    kib = [(size - before) / 1024 / options.watchers for size in (opened, after)]
    checks.check(f"memory: {kib[0]:.1f} KiB a watcher when open, {kib[1]:.1f} after {options.changes} changes "
                 f"(limit {options.kib:.0f})", max(kib) <= options.kib)
    if latencies:
        middle = sorted(latencies)[len(latencies) // 2]
        checks.check(f"last watcher served after {middle:.0f} ms (median of {len(latencies)}; best {min(latencies):.0f}, "
                     f"worst {max(latencies):.0f}; limit {options.milliseconds:.0f})", middle <= options.milliseconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=5)
    parser.add_argument("--kib", type=float, default=20)
    parser.add_argument("--milliseconds", type=float, default=1000)
    options = parser.parse_args()
    checks = Checks()
    with Server(CODER_ALLOW_WORKSPACE_RENAMES="true") as server:
        api = Api.first_user(server.url)
        workspace = api.workspace("crowded", api.template("plain", {"main.tf": TEMPLATE}))
        api.built(workspace["latest_build"])
        asyncio.run(run(options, checks, server, api, workspace))
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
