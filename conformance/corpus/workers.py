"""Keeps one process of each client and signer, and asks it again and again: starting them is what takes the time.

A client's clock stands at a second of this corpus, by faketime, so that the same rows come out every time. Clients that faketime does not
reach go by the machine's; a row is judged at the time that its request says, either way.
"""

import json
import os
import subprocess
from pathlib import Path

import clients
import fixture
from case import Place
from harness import CONFORMANCE, clean_environment, first_free_port
from raw import Raw, link
from recorder import Recorder

HERE = Path(__file__).resolve().parent

KEY, SECRET, REGION = clients.KEY, clients.SECRET, clients.REGION
# 2026-11-22T04:00:00Z
NOON = 1795320000
PUBLIC = "s3.example.com"
PYTHON = {"boto3": clients.PYTHON, "minio-py": clients.MINIO_PYTHON}
NODE = {"js-v3": clients.NODE_V3, "js-v2": clients.NODE_V2, "minio-js": clients.NODE_MINIO}
PACKAGES = {"js-v3": "@aws-sdk/client-s3", "js-v2": "aws-sdk", "minio-js": "minio", "smithy": "@smithy/signature-v4", "boto3": "boto3", "minio-py": "minio", "botocore": "botocore"}


def faked(seconds):
    """The words in front of a command whose clock stands at `seconds`."""
    moment = subprocess.run(["date", "-u", "-d", f"@{seconds}", "+%Y-%m-%d %H:%M:%S"], capture_output=True, text=True, check=True).stdout.strip()
    return ["/usr/bin/faketime", "-f", moment]


STANDING = {"TZ": "UTC", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1"}


class Worker:
    def __init__(self, command, **environment):
        self.child = subprocess.Popen(
            [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CONFORMANCE, env=clean_environment(**STANDING, **environment)
        )

    def ask(self, order):
        self.child.stdin.write(json.dumps(order) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.child.args} ended over {order}")
        return json.loads(line)

    def end(self):
        self.child.stdin.close()
        self.child.wait(timeout=20)


class Workshop:
    """All of them, and the recorder that they send to."""

    def __init__(self):
        self.recorder = Recorder(first_free_port(9000, 8333, 9010, 9020))
        self.at = Place(f"127.0.0.1:{self.recorder.port}", f"127.0.0.1:{self.recorder.port}")
        self.workers, self.trouble = {}, ""

    def close(self):
        for worker in self.workers.values():
            worker.end()

    def worker(self, name, offset=0):
        if (name, offset) not in self.workers:
            self.workers[name, offset] = self.start(name, offset)
        return self.workers[name, offset]

    def start(self, name, offset):
        ahead, port = faked(NOON + offset), str(self.recorder.port)
        python = CONFORMANCE / ".venv-boto3/bin/python"
        if name in PYTHON:
            return Worker([*ahead, python, HERE / "drivers/client.py"], PRELUDE=PYTHON[name], RECORDER_PORT=port)
        if name == "botocore":
            return Worker([python, HERE / "drivers/botocore_signer.py"])
        if name == "smithy":
            return Worker(["node", "--input-type=module", "-e", (HERE / "drivers/smithy_signer.mjs").read_text()])
        if name == "aws-sigv4":
            return Worker([rust_signer()])
        lines = NODE[name].splitlines()
        imports = "\n".join(line for line in lines if line.startswith("import "))
        script = (HERE / "drivers/client.mjs").read_text().replace("/* IMPORTS */", imports)
        script = script.replace("/* PRELUDE */", "\n".join(line for line in lines if not line.startswith("import ")))
        return Worker([*ahead, "node", "--require", CONFORMANCE / "capture/release.cjs", "--input-type=module", "-e", script], RECORDER_PORT=port)

    # What clients send.

    def recorded(self, pick=None):
        """The first request that arrived, with this method if one is named."""
        found = [Raw.of(fixture.without_kernel(head), body) for head, body in self.recorder.requests]
        found = [raw for raw in found if pick is None or raw.method == pick]
        if not found:
            raise RuntimeError(f"nothing arrived: {self.trouble} {clients.ran.__dict__.get('complaint', '')}")
        return found[0]

    def client(self, name, code, at=None, offset=0, pick=None, **settings):
        """What an SDK sends for this code."""
        self.recorder.clear()
        answer = self.worker(name, offset).ask({"settings": clients.settings(at or self.at, **settings), "code": code})
        self.trouble = answer["trouble"]
        return self.recorded(pick)

    def printed(self, name, code, at=None, offset=0, **settings):
        """What it prints: a link, or a form."""
        answer = self.worker(name, offset).ask({"settings": clients.settings(at or self.at, **settings), "code": code})
        if not answer["printed"]:
            raise RuntimeError(f"{name} printed nothing: {answer['trouble']}")
        return answer["printed"]

    def tool(self, run, *arguments, at=None, offset=0, pick=None, **more):
        """What a command-line tool sends."""
        self.recorder.clear()
        clients.ahead_of_all[:] = faked(NOON + offset)
        clients.beside.update(STANDING)
        run(at or self.at, *arguments, **more)
        self.trouble = ""
        return self.recorded(pick)

    # What signers sign.

    def sign(self, name, **job):
        """The headers and the query that a signer adds."""
        job = {"key": KEY, "secret": SECRET, "region": REGION, "service": "s3", "time": NOON, "method": "GET", "url": f"http://{PUBLIC}/photos/cat.jpg", **job}
        return self.worker(name).ask(job)

    def signed(self, name, agent=True, **job):
        """A request that one of the signers signed, as a plain client sends it."""
        job = {"method": "GET", "url": f"http://{PUBLIC}/photos/cat.jpg", "headers": [], "body": "", **job}
        _, _, rest = job["url"].partition("//")
        authority, slash, target = rest.partition("/")
        given = list(job["headers"])
        told = [*given, ["host", authority]] if name == "aws-sigv4" else given
        answer = self.sign(name, **job | {"headers": told})
        raw = Raw(job["method"], slash + target, "HTTP/1.1", [("Host", f" {authority}")])
        if agent:
            raw.add("User-Agent", f"{name}-signer/1.0")
        seen = {"host", *(each.lower() for each, _ in given)}
        for each, value in [*given, *([each, value] for each, value in answer["headers"] if each.lower() not in seen)]:
            raw.add(each, value)
        if job["body"] or job["method"] in ("PUT", "POST"):
            raw.body = job["body"].encode("latin-1")
            if not raw.has("content-length"):
                raw.add("Content-Length", str(len(raw.body)))
        return raw


def rust_signer():
    target = Path(os.environ.get("CARGO_TARGET_DIR", CONFORMANCE.parent / "target")) / "clients"
    subprocess.run(
        [os.environ.get("CARGO", "cargo"), "build", "-q", "--locked", "--manifest-path", CONFORMANCE / "rust/Cargo.toml", "--target-dir", target, "--example", "sign"], check=True
    )
    return target / "debug/examples/sign"


def version(signer):
    """The signer with its version, as the rows name it."""
    if signer in ("boto3", "minio-py", "botocore"):
        text = (CONFORMANCE / "python/requirements-boto3.txt").read_text().splitlines()
        return next(line.replace("==", " ") for line in text if line.startswith(f"{PACKAGES[signer]}=="))
    if signer in PACKAGES:
        package = json.loads((CONFORMANCE / "node_modules" / PACKAGES[signer] / "package.json").read_text())
        return f"{PACKAGES[signer]} {package['version']}"
    if signer == "aws-sigv4":
        lines = (CONFORMANCE / "rust/Cargo.lock").read_text().splitlines()
        place = lines.index('name = "aws-sigv4"')
        return f"aws-sigv4 {lines[place + 1].split(chr(34))[1]}"
    commands = {"curl": ["curl", "--version"], "s3cmd": ["s3cmd", "--version"], "rclone": ["rclone", "--version"], "aws-cli": ["/usr/bin/aws", "--version"], "restic": ["restic", "version"], "chromium": ["chromium", "--version"]}
    words = clients.ran(commands[signer]).split()
    return f"{signer} {next(word.strip('v').partition('/')[2] or word.strip('v') for word in words if any(c.isdigit() for c in word))}"


__all__ = ["KEY", "NOON", "PUBLIC", "REGION", "SECRET", "Workshop", "link", "version"]
