#!/usr/bin/env python3
"""`kill -9` of the server in the middle of a build, then a restart.

The job must end, as failed or as done, and what had been made before the kill must be in the
Terraform state afterwards or be unmade by what is run next. Needs PGURL and terraform.
"""
import json
import sys
import time

from harness import Api, Checks, Server, finished, wait_for

# The first resource is there at once; the second holds the build open for the kill.
TEMPLATE = """
resource "terraform_data" "early" {
  input = "made before the kill"
}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.early]
  provisioner "local-exec" {
    command = "sleep ${var.seconds}"
  }
}
variable "seconds" {
  default = "20"
}
"""
# The longest that a job may stay running after the restart, in seconds.
BOUND = float(sys.argv[1]) if len(sys.argv) > 1 else 400.0


def resources(state):
    if isinstance(state, str):
        state = json.loads(state or "{}")
    return sorted(r["type"] + "." + r["name"] for r in (state or {}).get("resources", []))


def logs(api, build):
    return " ".join(line["output"] for line in api.get(f"/workspacebuilds/{build['id']}/logs") or [])


def main():
    checks = Checks()
    with Server(CODER_JOB_HANG_DETECTOR_INTERVAL="5s") as server:
        api = Api.first_user(server.url)
        template = api.template("slow", {"main.tf": TEMPLATE})
        workspace = api.workspace("crash", template)
        build = workspace["latest_build"]
        wait_for("the first resource to be made", lambda: "terraform_data.early: Creation complete" in logs(api, build), 60)
        status = api.get(f"/workspacebuilds/{build['id']}")["job"]["status"]
        checks.check("the build is running at the kill", status == "running", status)
        server.kill()
        killed = time.monotonic()
        server.start()
        path = f"/workspacebuilds/{build['id']}"
        try:
            job = wait_for("the job's end", lambda: finished(api.get(path)["job"]), BOUND, 0.5)
        except RuntimeError as error:
            job = {"status": "running", "error": str(error)}
        took = time.monotonic() - killed
        if not checks.check(f"the job ends within {BOUND:.0f} s ({job['status']} after {took:.0f} s)",
                            job["status"] in ("failed", "succeeded"), job.get("error")):
            return checks.close()
        if job["status"] == "failed":
            checks.check("its failure has a reason", bool(job.get("error")))
        state = resources(api.get(f"{path}/state"))
        checks.check("the state knows what was made before the kill", "terraform_data.early" in state, str(state))
        stop = api.built(api.build(workspace, "stop"))
        checks.check("the workspace can be stopped afterwards", stop["job"]["status"] == "succeeded")
        gone = api.build(workspace, "delete")
        api.built(gone)
        checks.check("and deleted, with the state emptied",
                     resources(api.get(f"/workspacebuilds/{gone['id']}/state")) == [])
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
