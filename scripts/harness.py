"""A server under test, its API and its event streams, for the checks beside this file.

Python's own library only. PGURL must name a Postgres whose user may create databases
(`with-postgres.sh` gives one); the server is `start-server.sh` unless SERVER_COMMAND names another.
"""
import contextlib
import io
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
PASSWORD = "SomeSecurePassword!"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def psql(url, sql):
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", url, "-c", sql], check=True)


class Server:
    """One server process on a database of its own; it may be killed and started again."""

    def __init__(self, **settings):
        self.admin = os.environ["PGURL"]
        self.database = "check_" + secrets.token_hex(6)
        psql(self.admin, f"create database {self.database}")
        self.folder = Path(tempfile.mkdtemp(prefix="workspaced-check-"))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        database_url = urllib.parse.urlsplit(self.admin)._replace(path="/" + self.database).geturl()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("CODER_")}
        self.env.update(
            CODER_HTTP_ADDRESS=f"127.0.0.1:{port}",
            CODER_ACCESS_URL=self.url,
            CODER_PG_CONNECTION_URL=database_url,
            CODER_CACHE_DIRECTORY=str(self.folder / "cache"),
            CODER_CONFIG_DIR=str(self.folder / "config"),
            CODER_PROVISIONER_DAEMONS="1",
            CODER_TELEMETRY_ENABLE="false",
            CODER_UPDATE_CHECK="false",
            CODER_DERP_SERVER_STUN_ADDRESSES="disable",
            CODER_DANGEROUS_DISABLE_RATE_LIMITS="true",
        )
        self.env.update(settings)
        self.command = shlex.split(os.environ.get("SERVER_COMMAND", str(HERE / "start-server.sh")))
        self.log = self.folder / "server.log"
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, trace):
        self.stop()
        if kind is not None:
            print("--- the server's last lines:")
            print("\n".join(self.log.read_text(errors="replace").splitlines()[-25:]))
        psql(self.admin, f"drop database if exists {self.database} with (force)")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        wait_for("the server to be healthy", self.healthy, seconds=60, pause=0.05)

    def healthy(self):
        if self.process.poll() is not None:
            lines = self.log.read_text(errors="replace").splitlines()[-15:]
            raise RuntimeError(f"the server ended with {self.process.returncode}:\n" + "\n".join(lines))
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(self.url + "/healthz", timeout=2) as answer:
                return answer.status == 200
        return False

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """`kill -9` of the server alone: what it started lives on, as after a real crash."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def resident_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no resident size for the server's process")


def wait_for(what, condition, seconds=60.0, pause=0.1):
    """Asks until the answer is truthy; returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(pause)


class Api:
    """Calls to /api/v2 with a session token; an answer that is not 2xx is an error."""

    def __init__(self, url, token=None):
        self.url, self.token = url, token

    @classmethod
    def first_user(cls, url):
        """Makes the first user and signs in."""
        api = cls(url)
        api.post("/users/first", {"email": "admin@example.com", "username": "admin", "password": PASSWORD})
        answer = api.post("/users/login", {"email": "admin@example.com", "password": PASSWORD})
        return cls(url, answer["session_token"])

    def request(self, method, path, body=None, content_type="application/json"):
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + "/api/v2" + path, data=data, method=method)
        if body is not None:
            request.add_header("Content-Type", content_type)
        if self.token:
            request.add_header("Coder-Session-Token", self.token)
        return request

    def call(self, method, path, body=None, content_type="application/json"):
        try:
            with urllib.request.urlopen(self.request(method, path, body, content_type), timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read()[:500].decode(errors='replace')}") from None
        try:
            return json.loads(text)
        except ValueError:
            return text.decode(errors="replace")

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None, content_type="application/json"):
        return self.call("POST", path, body, content_type)

    def patch(self, path, body):
        return self.call("PATCH", path, body)

    def template(self, name, files):
        """Uploads a template and waits for its import; returns the template."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for path, text in files.items():
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(text.encode()), 0o644
                tar.addfile(entry, io.BytesIO(text.encode()))
        file_id = self.post("/files", archive.getvalue(), "application/x-tar")["hash"]
        version = self.post("/organizations/default/templateversions",
                            {"storage_method": "file", "file_id": file_id, "provisioner": "terraform"})
        job = wait_for("the import", lambda: finished(self.get(f"/templateversions/{version['id']}")["job"]), 120)
        if job["status"] != "succeeded":
            raise RuntimeError(f"the import of {name} {job['status']}: {job.get('error')}")
        return self.post("/organizations/default/templates", {"name": name, "template_version_id": version["id"]})

    def workspace(self, name, template, **extra):
        """Asks for a workspace; its first build has only been queued."""
        return self.post("/users/me/workspaces", {"name": name, "template_id": template["id"], **extra})

    def build(self, workspace, transition, **extra):
        return self.post(f"/workspaces/{workspace['id']}/builds", {"transition": transition, **extra})

    def built(self, build, seconds=120):
        """Waits for a build's end and wants success; returns the build."""
        path = f"/workspacebuilds/{build['id']}"
        job = wait_for(f"build {build['transition']}", lambda: finished(self.get(path)["job"]), seconds)
        if job["status"] != "succeeded":
            raise RuntimeError(f"build {build['transition']} {job['status']}: {job.get('error')}")
        return self.get(path)


def finished(job):
    return job if job["status"] not in ("pending", "running", "canceling") else None


class Checks:
    """Counts what was checked and prints the closing line."""

    def __init__(self):
        self.passed, self.failed, self.started = 0, 0, time.monotonic()

    def check(self, name, good, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok  ' if good else 'FAIL'} {name}" + (f"\n     {detail}" if detail and not good else ""), flush=True)
        return good

    def close(self):
        """Prints the totals; returns the exit code."""
        print(f"took {time.monotonic() - self.started:.1f} s")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0
