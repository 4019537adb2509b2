#!/usr/bin/env python3
"""One watcher sits through create, start, stop and delete: each state is seen once and in order.

Needs PGURL and terraform. The template is built of nothing but terraform_data.
"""
import json
import sys
import threading
import urllib.request

from harness import Api, Checks, Server, wait_for

TEMPLATE = 'resource "terraform_data" "machine" {\n  input = "there"\n}\n'
ORDER = ["pending", "running", "succeeded"]


class Watcher:
    """Reads a workspace's events in a thread of its own and keeps each new state."""

    def __init__(self, api, workspace):
        self.seen, self.events, self.fault = [], 0, None
        self.answer = urllib.request.urlopen(api.request("GET", f"/workspaces/{workspace['id']}/watch"), timeout=60)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            event, data = None, []
            for line in self.answer:
                line = line.decode().rstrip("\r\n")
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: "):
                    data.append(line[6:])
                elif not line:
                    if event == "data" and data:
                        self.take(json.loads("\n".join(data)))
                    event, data = None, []
        except (OSError, ValueError) as error:
            self.fault = error

    def take(self, workspace):
        self.events += 1
        build = workspace["latest_build"]
        state = (build["build_number"], build["transition"], build["job"]["status"])
        if not self.seen or self.seen[-1] != state:
            self.seen.append(state)

    def saw(self, number, status):
        return any(s[0] == number and s[2] == status for s in self.seen)


def main():
    checks = Checks()
    with Server() as server:
        api = Api.first_user(server.url)
        template = api.template("plain", {"main.tf": TEMPLATE})
        workspace = api.workspace("watched", template)
        watcher = Watcher(api, workspace)
        wants = [(1, "start")]
        api.built(workspace["latest_build"])
        for number, transition in enumerate(["stop", "start", "stop", "delete"], start=2):
            wait_for(f"build {number - 1} to be seen", lambda: watcher.saw(number - 1, "succeeded"), 20)
            wants.append((number, transition))
            api.built(api.build(workspace, transition))
        try:
            wait_for("the last state", lambda: watcher.saw(len(wants), "succeeded"), 20)
        except RuntimeError as error:
            checks.check(str(error), False, str(watcher.seen))
        checks.check(f"the stream stays up ({watcher.events} events)", watcher.fault is None, str(watcher.fault))
        checks.check("builds are seen in order", [s[:2] for s in watcher.seen if s[2] == "succeeded"] == wants, str(watcher.seen))
        checks.check("no state is seen twice", len(set(watcher.seen)) == len(watcher.seen), str(watcher.seen))
        # A daemon may take a job before `pending` could be told, and the stream may open when build 1 is under way.
        for number, transition in wants:
            states = [s[2] for s in watcher.seen if s[0] == number]
            good = states in (ORDER, ORDER[1:]) or (number == 1 and states == ORDER[2:])
            checks.check(f"build {number} ({transition}): {', '.join(states)}", good)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
