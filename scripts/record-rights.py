#!/usr/bin/env python3
"""Asks a running server of the incumbent, with nothing in it yet, who may do what, and prints its answers.

  record-rights.py URL > tests/golden/rights.tsv

Each subject is asked about every action on every kind of thing in every situation. Kinds and actions are those of
`tests/fixtures/permissions.json`.
"""
import json
import sys
import urllib.request
from pathlib import Path

FACTS = json.loads((Path(__file__).resolve().parent.parent / "tests/fixtures/permissions.json").read_text())
PASSWORD = "SomeSecurePassword!"
SOMEBODY, ELSEWHERE = "5a5a5a5a-0000-4000-8000-000000000001", "5a5a5a5a-0000-4000-8000-000000000002"
# Name, roles of the site, roles of the organization, whether the subject belongs to the organization, scope of its key.
SUBJECTS = [
    ("owner", ["owner"], [], True, "all"),
    ("auditor", ["auditor"], [], True, "all"),
    ("template-admin", ["template-admin"], [], True, "all"),
    ("user-admin", ["user-admin"], [], True, "all"),
    ("member", [], [], True, "all"),
    ("organization-admin", [], ["organization-admin"], True, "all"),
    ("organization-auditor", [], ["organization-auditor"], True, "all"),
    ("organization-template-admin", [], ["organization-template-admin"], True, "all"),
    ("organization-user-admin", [], ["organization-user-admin"], True, "all"),
    ("nowhere", [], [], False, "all"),
    ("owner-nowhere", ["owner"], [], False, "all"),
    ("owner-apps-only", ["owner"], [], True, "application_connect"),
    ("member-apps-only", [], [], True, "application_connect"),
]
HEAD = """\
# Who may do what, as the incumbent answers POST /authcheck (recorded by scripts/record-rights.py; never written by
# this server). A line: subject, kind of thing, where the answer is yes, the actions (`*` for all), with tabs between.
# What is on no line is no. A subject has the role that its name says and belongs to one organization, except
# where the name says `nowhere`; `apps-only` means a token of scope application_connect. The places, one letter each:
#   without an organization: e nobody's, o the subject's own, s somebody else's
#   in the subject's organization: E nobody's, O its own, S somebody else's
#   in an organization that it does not belong to: x nobody's, y its own, z somebody else's
#   asked about any organization at all: X nobody's, Y its own, Z somebody else's
"""


def call(url, method, path, body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Coder-Session-Token"] = token
    request = urllib.request.Request(url + "/api/v2" + path, method=method, headers=headers,
                                     data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


def places(here):
    organizations = [("eos", {}), ("EOS", {"organization_id": here}), ("xyz", {"organization_id": ELSEWHERE}),
                     ("XYZ", {"any_org": True})]
    owners = [{}, {"owner_id": "me"}, {"owner_id": SOMEBODY}]
    return {letter: {**place, **owner} for letters, place in organizations for letter, owner in zip(letters, owners)}


def main(url):
    call(url, "POST", "/users/first", {"email": "admin@example.com", "username": "admin", "password": PASSWORD})

    def log_in(address):
        return call(url, "POST", "/users/login", {"email": address, "password": PASSWORD})["session_token"]
    admin = log_in("admin@example.com")
    here = call(url, "GET", "/organizations", token=admin)[0]["id"]
    print(HEAD, end="")
    for name, site, organization, belongs, scope in SUBJECTS:
        address = f"{name}@example.com"
        call(url, "POST", "/users", {"email": address, "username": name, "password": PASSWORD,
                                     "login_type": "password", "organization_ids": [here]}, admin)
        if site:
            call(url, "PUT", f"/users/{name}/roles", {"roles": site}, admin)
        if organization:
            call(url, "PUT", f"/organizations/{here}/members/{name}/roles", {"roles": organization}, admin)
        token = log_in(address)
        if not belongs:
            call(url, "DELETE", f"/organizations/{here}/members/{name}", token=admin)
        if scope != "all":
            token = call(url, "POST", "/users/me/keys/tokens", {"scope": scope}, token)["key"]
        for kind in FACTS["resources"]:
            checks = {f"{action} {letter}": {"action": action, "object": {"resource_type": kind, **place}}
                      for action in FACTS["actions"] for letter, place in places(here).items()}
            answers = call(url, "POST", "/authcheck", {"checks": checks}, token)
            actions = {}
            for action in FACTS["actions"]:
                where = "".join(letter for letter in places(here) if answers[f"{action} {letter}"])
                if where:
                    actions.setdefault(where, []).append(action)
            for where, which in actions.items():
                print(name, kind, where, "*" if which == FACTS["actions"] else " ".join(which), sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
