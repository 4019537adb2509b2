#!/usr/bin/env python3
"""Drives the server with the incumbent's own command line, step by step.

CODER_CLI names the `coder` binary, TF_CLI_CONFIG_FILE a Terraform configuration that can find the
provider `coder/coder`; PGURL a Postgres whose user may create databases. Each step is checked for its
exit code and for what it prints.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import HERE, PASSWORD, Api, Checks, Server

CLI = os.environ["CODER_CLI"]
NEW_PASSWORD = "AnotherSecurePassword!"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\].*?\x07")


class CommandLine:
    """The real client with a configuration folder of its own."""

    def __init__(self, checks, server, folder):
        self.checks, self.folder = checks, folder
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("CODER_")}
        self.env.update(CODER_CONFIG_DIR=str(folder), NO_COLOR="1", HOME=str(folder), BROWSER="true")
        self.server = server

    def run(self, *arguments, code=0, wants=(), lacks=(), url=False, says="", **extra):
        """One command that is told `says`: its exit code must be `code`, its output hold each of `wants` and
        none of `lacks`."""
        env = {**self.env, **extra}
        if url:
            env["CODER_URL"] = self.server.url
        try:
            done = subprocess.run([CLI, *arguments], env=env, input=says, capture_output=True,
                                  text=True, timeout=180)
            got, out, err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as stuck:
            got, out, err = "no end within 180 s", str(stuck.stdout), str(stuck.stderr)
        everything = ESCAPES.sub("", out + err)
        missing = [text for text in wants if not re.search(text, everything)]
        unwanted = [text for text in lacks if re.search(text, everything)]
        name = "coder " + " ".join(arguments[:4])
        self.checks.check(name, got == code and not missing and not unwanted,
                          f"exit code {got}, missing {missing}, unwanted {unwanted}:\n{everything[-1500:]}")
        return out

    def json(self, *arguments, **options):
        out = self.run(*arguments, "-o", "json", **options)
        try:
            return json.loads(out)
        except ValueError:
            self.checks.check(f"coder {arguments[0]} prints JSON", False, out[:300])
            return []

    def equal(self, what, got, want):
        self.checks.check(what, got == want, f"got {got!r}, want {want!r}")


def sign_in(cli, url):
    cli.run("login", url, "--first-user-username", "admin", "--first-user-email", "admin@example.com",
            "--first-user-password", PASSWORD, "--first-user-full-name", "Ada Admin",
            "--first-user-trial=false", wants=["Welcome to Coder, .*admin.*! You're authenticated"])
    cli.run("whoami", wants=["authenticated as admin", re.escape(url)])


def templates(cli, folder):
    source = folder / "template"
    shutil.copytree(HERE.parent / "tests" / "fixtures" / "cli-template", source)
    cli.run("templates", "push", "box", "-d", str(source), "-m", "First", "-y",
            wants=["template has been created|The box template", "Initializing|Terraform"])
    cli.run("templates", "list", wants=["NAME", "box"])
    rows = cli.json("templates", "list")
    template = rows[0]["Template"] if rows else {}
    cli.equal("templates list: names", [row["Template"]["name"] for row in rows], ["box"])
    cli.equal("templates list: provisioner", template.get("provisioner"), "terraform")
    cli.run("templates", "versions", "list", "box", wants=["admin +Succeeded +Active"])
    return source


def latest(cli, workspace="dev"):
    rows = [row for row in cli.json("list") if row["name"] == workspace]
    return rows[0] if rows else {"latest_build": {"job": {}}}


def workspaces(cli, source):
    cli.run("create", "dev", "-t", "box", "--parameter", "region=far", "--parameter", "disk=20", "-y",
            wants=["dev.* workspace has been created", "terraform_data.machine", "coder_agent.main"])
    cli.run("create", "dev", "-t", "box", "--parameter", "region=far", "--parameter", "disk=20", "-y",
            code=1, wants=["already exists"])
    cli.run("create", "big", "-t", "box", "--parameter", "region=far", "--parameter", "disk=2000", "-y", code=1)
    cli.run("list", wants=["WORKSPACE", "admin/dev", "box", "Started"], lacks=["admin/big"])
    build = latest(cli)["latest_build"]
    cli.equal("list: status", build.get("status"), "running")
    cli.equal("list: transition and number", (build.get("transition"), build.get("build_number")), ("start", 1))
    agents = [a for r in build.get("resources", []) for a in r.get("agents") or []]
    cli.equal("list: the agent and its app", [(a["name"], [x["slug"] for x in a["apps"]]) for a in agents],
              [("main", ["editor"])])
    cli.run("show", "dev", wants=["main", "terraform_data.machine|machine", r"linux, amd64|amd64"])

    cli.run("stop", "dev", "-y", wants=["dev.* workspace has been stopped", "terraform_data.machine"])
    cli.equal("after stop: status", latest(cli)["latest_build"].get("status"), "stopped")
    cli.run("start", "dev", "-y", wants=["dev.* workspace has been started"])
    cli.equal("after start: status", latest(cli)["latest_build"].get("status"), "running")

    with open(source / "main.tf", "a") as file:
        file.write('\nresource "terraform_data" "second" {}\n')
    cli.run("templates", "push", "box", "-d", str(source), "--name", "two", "-y",
            wants=["Updated version at", "terraform_data.second"])
    cli.equal("a newer version makes the workspace outdated", latest(cli).get("outdated"), True)
    cli.run("update", "dev", wants=["terraform_data.second"])
    row = latest(cli)
    cli.equal("after update: version and outdated",
              (row["latest_build"].get("template_version_name"), row.get("outdated")), ("two", False))
    cli.run("update", "dev", wants=["up-to-date"])
    number = row["latest_build"].get("build_number", 0)
    cli.run("restart", "dev", "-y", wants=["dev.* workspace has been restarted"])
    cli.equal("restart makes two builds", latest(cli)["latest_build"].get("build_number"), number + 2)


def state(cli):
    text = cli.run("state", "pull", "dev")
    try:
        pulled = json.loads(text)
    except ValueError:
        pulled = {}
    names = sorted(f"{r['type']}.{r['name']}" for r in pulled.get("resources", []) if r["mode"] == "managed")
    cli.equal("state pull: resources", names, ["coder_agent.main", "coder_app.editor", "coder_metadata.machine",
                                               "terraform_data.machine", "terraform_data.second"])
    machine = [r for r in pulled.get("resources", []) if r["name"] == "machine" and r["type"] == "terraform_data"]
    value = machine[0]["instances"][0]["attributes"]["input"]["value"] if machine else {}
    cli.equal("state pull: the parameters reached Terraform", (value.get("region"), value.get("disk"), value.get("owner")),
              ("far", "20", "admin"))
    old = cli.run("state", "pull", "dev", "--build", "1")
    try:
        names = sorted(r["name"] for r in json.loads(old)["resources"] if r["type"] == "terraform_data")
    except (ValueError, KeyError):
        names = old[:500]
    cli.equal("state pull: an old build's state has no second resource", names, ["machine"])


def tokens(cli, url):
    secret = cli.run("tokens", "create", "--name", "robot", "--lifetime", "24h").strip().splitlines()[-1]
    cli.checks.check("tokens create prints a token", bool(re.fullmatch(r"[A-Za-z0-9]{10}-[A-Za-z0-9]{22}", secret)), secret)
    cli.run("tokens", "ls", wants=["robot", secret.split("-")[0]])
    rows = cli.json("tokens", "ls")
    cli.equal("tokens ls: names", [row["token_name"] for row in rows], ["robot"])
    with tempfile.TemporaryDirectory() as empty:
        cli.run("whoami", url=True, wants=["admin"], CODER_CONFIG_DIR=empty, CODER_SESSION_TOKEN=secret)
    cli.run("tokens", "rm", "robot", wants=["deleted|removed"])
    cli.run("tokens", "ls", wants=["No tokens found"], lacks=["robot"])
    with tempfile.TemporaryDirectory() as empty:
        cli.run("whoami", url=True, code=1, CODER_CONFIG_DIR=empty, CODER_SESSION_TOKEN=secret)


def as_somebody(cli, secret, *arguments, **options):
    """One command of whoever has the token, with a configuration folder of their own."""
    with tempfile.TemporaryDirectory() as empty:
        return cli.run(*arguments, url=True, CODER_CONFIG_DIR=empty, CODER_SESSION_TOKEN=secret, **options)


def users(cli):
    cli.run("users", "create", "--username", "ann", "--email", "ann@example.com", "--full-name", "Ann Other",
            "--password", PASSWORD, wants=["new user has been created", "ann@example.com"])
    cli.run("users", "create", "--username", "ann", "--email", "ann2@example.com", "--full-name", "",
            "--password", PASSWORD, code=1, wants=["taken"])
    cli.run("users", "list", wants=["USERNAME", "ann +ann@example.com .*dormant", "admin .*active"])
    cli.equal("users list: names", [row["username"] for row in cli.json("users", "list")], ["admin", "ann"])
    cli.run("users", "show", "ann", wants=["Full name: +Ann Other", r"Roles: +\(none\)", "Organizations: +coder"])
    cli.run("users", "suspend", "ann", says="yes\n", wants=["ann has been suspended"])
    cli.run("users", "list", "-c", "username,status", wants=["ann +suspended"])
    cli.run("users", "activate", "ann", says="yes\n", wants=["ann has been activated"])
    cli.equal("after activate: status", cli.json("users", "show", "ann").get("status"), "active")


def service_account(cli):
    cli.run("users", "create", "--username", "robot", "--email", "robot@example.com", "--full-name", "",
            "--login-type", "none", wants=["Login has been disabled for this user"])
    made = cli.run("tokens", "create", "--user", "robot", "--name", "ci", "--lifetime", "24h")
    secret = made.strip().splitlines()[-1]
    as_somebody(cli, secret, "whoami", wants=["authenticated as robot"])
    as_somebody(cli, secret, "templates", "list", wants=["box"])
    cli.run("tokens", "ls", "--all", wants=["ci .*robot"])
    cli.run("users", "delete", "robot", wants=["Successfully deleted robot"])
    as_somebody(cli, secret, "whoami", code=1)


def organizations(cli):
    cli.run("organizations", "show", wants=["Current CLI Organization: coder"])
    cli.run("organizations", "create", "second", "-y", wants=["Organization second .* created"])
    cli.run("organizations", "show", "me", wants=[r"coder \(", r"second \("])
    here = ("-O", "second")
    cli.run("organizations", "members", "add", "ann", *here, wants=['added to "second"'])
    cli.run("organizations", "members", "edit-roles", "ann", "organization-auditor", *here,
            wants=["updated to .Organization Auditor"])
    cli.run("organizations", "members", "list", *here, wants=["admin", "ann +.Organization Auditor"])
    cli.run("organizations", "roles", "show", *here, wants=["organization-admin", "organization-template-admin"])
    cli.run("organizations", "members", "remove", "ann", *here, wants=['removed from "second"'])
    cli.run("organizations", "members", "list", *here, wants=["admin"], lacks=["ann "])


def groups(cli):
    cli.run("groups", "create", "crew", "-O", "coder", wants=["created group"])
    cli.run("groups", "edit", "crew", "-O", "coder", "--add-users", "ann@example.com", "--display-name", "The crew",
            wants=["patched group"])
    cli.run("groups", "list", "-O", "coder", wants=["Everyone", r"crew +The crew .*\[ann@example.com\]"])
    cli.run("groups", "edit", "crew", "-O", "coder", "--rm-users", "ann@example.com", wants=["patched group"])
    cli.run("groups", "list", "-O", "coder", wants=["crew +The crew"], lacks=["crew .*ann@example.com"])
    cli.run("groups", "delete", "crew", "-O", "coder", wants=["deleted group"])
    cli.run("groups", "list", "-O", "coder", wants=["Everyone"], lacks=["crew"])


def public_key(cli):
    shown = [re.findall(r"ssh-ed25519 \S+", cli.run("publickey", *more)) for more in ((), (), ("--reset", "-y"))]
    cli.checks.check("publickey: one key, another after a reset",
                     all(len(keys) == 1 for keys in shown) and shown[0] == shown[1] != shown[2], str(shown))


def new_password(cli, server):
    """The server's own command, which takes the place of `coder reset-password`."""
    token = Api(server.url).post("/users/login", {"email": "ann@example.com", "password": PASSWORD})["session_token"]
    as_somebody(cli, token, "whoami", wants=["authenticated as ann"])
    for name, said, code, answer in [
            ("nobody", NEW_PASSWORD, 1, "no such user"),
            ("ann", "short", 1, "too weak"),
            ("ann", "", 1, "no password was given"),
            ("ann", NEW_PASSWORD, 0, "ann has a new password")]:
        command = [*server.command, "reset-password", name]
        done = subprocess.run(command, env=server.env, input=said + "\n", capture_output=True, text=True, timeout=60)
        told = done.stdout + done.stderr
        cli.checks.check(f"workspaced reset-password {name}: {answer}",
                         done.returncode == code and answer in told and (not said or said not in told),
                         f"exit code {done.returncode}: {told}")
    as_somebody(cli, token, "whoami", code=1)
    Api(server.url).post("/users/login", {"email": "ann@example.com", "password": NEW_PASSWORD})
    cli.run("users", "delete", "ann", wants=["Successfully deleted ann"])
    cli.run("users", "show", "ann", code=1)


def the_end(cli):
    cli.run("delete", "dev", "-y", wants=["dev.* has been deleted", "terraform_data.machine"])
    cli.run("list", wants=["No workspaces found"], lacks=["admin/dev"])
    cli.run("logout", "-y", wants=["no longer logged in"])
    cli.run("whoami", code=1, wants=["not logged in|logged out|login"])


def main():
    checks = Checks()
    folder = Path(tempfile.mkdtemp(prefix="workspaced-cli-"))
    try:
        with Server() as server:
            cli = CommandLine(checks, server, folder / "config")
            sign_in(cli, server.url)
            source = templates(cli, folder)
            workspaces(cli, source)
            state(cli)
            tokens(cli, server.url)
            users(cli)
            service_account(cli)
            organizations(cli)
            groups(cli)
            public_key(cli)
            new_password(cli, server)
            the_end(cli)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
