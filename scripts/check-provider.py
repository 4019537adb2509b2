#!/usr/bin/env python3
"""The provider in the binary beside the incumbent's, on the templates of tests/fixtures/provider.

Schema, plans, states, refreshes and replacements must be equal but for drawn ids; refusals must be the
same ones at the same places; each must go on from the other's state. Texts of messages and descriptions are not compared: they are our own.
Needs terraform, the built server, and TF_CLI_CONFIG_FILE with a way to the incumbent's provider.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import Checks

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests/fixtures/provider"
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/workspaced"
ADDRESS = "registry.terraform.io/coder/coder"
VERSION = "1.0.4"
ENGINE = shutil.which("terraform")
DRAWN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
KNOWN = json.loads((FIXTURES / "environment.json").read_text())


def own_configuration(folder):
    """A mirror with this binary's provider, as the server makes it."""
    place = folder / ADDRESS / VERSION / "linux_amd64"
    place.mkdir(parents=True)
    program = place / f"terraform-provider-coder_v{VERSION}"
    program.write_text(f"#!/bin/sh\nexec '{BINARY}' terraform-provider\n")
    program.chmod(0o755)
    file = folder / "terraformrc"
    file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{folder}"\n  }}\n}}\n')
    return file


class Terraform:
    """Terraform in a copy of one template."""

    def __init__(self, folder, template, configuration, environment):
        self.folder = folder
        shutil.copytree(FIXTURES / template, folder)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CODER_", "TF_"))}
        self.env = {**kept, "TF_CLI_CONFIG_FILE": str(configuration), **environment}
        self.run("init", "-no-color")

    def run(self, *arguments, fails=False, **environment):
        done = subprocess.run([ENGINE, *arguments], cwd=self.folder, env={**self.env, **environment},
                              capture_output=True, text=True, check=False)
        if done.returncode != 0 and not fails:
            raise RuntimeError(f"terraform {arguments[0]} in {self.folder}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def state(self):
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        return {"resources": state["resources"], "outputs": state["outputs"]}

    def plan(self, **environment):
        said = events(self.run("plan", "-json", "-out=plan", **environment))
        plan = json.loads(self.run("show", "-json", "plan"))
        del plan["timestamp"]
        return {"plan": plan, "said": said}


def events(output):
    """The warnings and errors in machine-readable output, without their texts."""
    found = []
    for line in output.splitlines():
        diagnostic = json.loads(line).get("diagnostic") if line.startswith("{") else None
        if diagnostic:
            place = diagnostic.get("range") or {}
            found.append([diagnostic.get("address"), diagnostic["severity"], place.get("start", {}).get("line")])
    return sorted(found, key=str)


def validated(output):
    found = [[None, one["severity"], (one.get("range") or {}).get("start", {}).get("line")]
             for one in json.loads(output)["diagnostics"]]
    return sorted(found, key=str)


def without_texts(value):
    """A schema without descriptions."""
    if isinstance(value, dict):
        return {k: without_texts(v) for k, v in value.items() if k not in ("description", "description_kind")}
    return [without_texts(v) for v in value] if isinstance(value, list) else value


def ids_numbered(value):
    """Drawn ids become numbers in the order in which they come; those from the environment stay."""
    numbers = {}

    def number(match):
        drawn = match.group()
        return drawn if drawn in KNOWN.values() else f"id-{numbers.setdefault(drawn, len(numbers))}"

    return json.loads(DRAWN.sub(number, json.dumps(value, sort_keys=True)))


def accepted(terraform):
    """What comes of a template that is all right: made, refreshed, replaced, stopped, destroyed."""
    seen = {"first plan": terraform.plan()}
    seen["first apply"] = events(terraform.run("apply", "-json", "plan"))
    seen["first state"] = terraform.state()
    seen["refresh"] = terraform.plan()
    terraform.run("apply", "plan")
    seen["refreshed state"] = terraform.state()
    other = {"TF_VAR_dir": "other", "CODER_WORKSPACE_TRANSITION": "stop"}
    seen["replacement"] = terraform.plan(**other)
    terraform.run("apply", "plan", **other)
    seen["replaced state"] = terraform.state()
    terraform.run("apply", "-destroy", "-auto-approve", **other)
    seen["destroyed state"] = terraform.state()
    return seen


def refused(terraform):
    """What is said about a template with faults."""
    return {
        "validate": validated(terraform.run("validate", "-json", fails=True)),
        "plan": events(terraform.run("plan", "-json", "-out=plan", fails=True)),
        "apply": events(terraform.run("apply", "-json", "-auto-approve", fails=True)),
    }


def differences(ours, theirs, path=""):
    if path.split(".")[-1] in ("said", "validate", "plan", "apply", "first apply", "relevant_attributes", "replace_paths") \
            and isinstance(ours, list):
        # In no order, and short: what only one has.
        for side, mine, others in (("ours", ours, theirs), ("theirs", theirs, ours)):
            alone = [one for one in mine if one not in others]
            if alone or len(mine) > len(others):
                yield f"{path}: only {side}: {json.dumps(alone)[:3000]} ({len(mine)})"
        return
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key, "absent"), theirs.get(key, "absent"), f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs)):
            yield from differences(one, other, f"{path}[{index}]")
    elif ours != theirs:
        yield f"{path}: {json.dumps(ours)[:300]}, the incumbent's {json.dumps(theirs)[:300]}"


def cases():
    for template in sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()):
        look = refused if template.startswith("refused") else accepted
        yield template, template, look, KNOWN
    # As a template is imported by hand: with nothing from a server.
    yield "identity without an environment", "identity", lambda terraform: terraform.plan(), {}


def handed_over(folder, template, first, second):
    """What another provider plans on the state that one left, and which it must not: changes."""
    terraform = Terraform(folder, template, first, KNOWN)
    terraform.run("apply", "-auto-approve")
    (terraform.folder / ".terraform.lock.hcl").unlink()
    shutil.rmtree(terraform.folder / ".terraform")
    terraform.env["TF_CLI_CONFIG_FILE"] = str(second)
    terraform.run("init")
    changes = terraform.plan()["plan"]["resource_changes"]
    return [[one["address"], one["change"]["actions"]] for one in changes if one["change"]["actions"] != ["no-op"]]


def start_time(folder, configuration, name):
    """How long a command takes that starts the provider once, at best of five, in milliseconds."""
    terraform = Terraform(folder / f"start-{name}", "identity", configuration, KNOWN)
    times = []
    for _ in range(5):
        began = time.monotonic()
        terraform.run("providers", "schema", "-json")
        times.append(time.monotonic() - began)
    return min(times) * 1000


def main():
    checks = Checks()
    folder = Path(tempfile.mkdtemp(prefix="workspaced-provider-"))
    configurations = {"ours": own_configuration(folder / "mirror"), "theirs": os.environ["TF_CLI_CONFIG_FILE"]}

    def one(name, template, look, environment, side):
        place = folder / side / name.replace(" ", "-")
        return ids_numbered(look(Terraform(place, template, configurations[side], environment)))

    def schema(terraform):
        return without_texts(json.loads(terraform.run("providers", "schema", "-json")))

    wanted = [("schema", "identity", schema, KNOWN), *cases()]
    only = sys.argv[1:]
    wanted = [case for case in wanted if not only or case[0] in only]
    with ThreadPoolExecutor(2) as pool:
        seen = {side: list(pool.map(lambda case, side=side: one(*case, side), wanted)) for side in configurations}
    for case, ours, theirs in zip(wanted, seen["ours"], seen["theirs"]):
        found = list(differences(ours, theirs))
        checks.check(f"{case[0]}: as the incumbent's", not found, "\n     ".join(found[:20]))
    for template in ("agents", "apps", "edges") if not only else ():
        for first, second in (("ours", "theirs"), ("theirs", "ours")):
            place = folder / f"{template}-from-{first}"
            found = handed_over(place, template, configurations[first], configurations[second])
            checks.check(f"{template}: a state is handed over from {first} to {second}", not found, json.dumps(found))
    ours, theirs = (start_time(folder, configurations[side], side) for side in configurations)
    print(f"a command with one start of the provider: {ours:.0f} ms (this build), {theirs:.0f} ms (the incumbent's)")
    shutil.rmtree(folder)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
