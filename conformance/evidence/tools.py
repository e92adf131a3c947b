"""The tools whose output people paste, each run for real with the settings it is given; a function returns what it printed.

Not here: faults, and what a server answers (`cases.py`, `front.py`). Keeps true: nothing of the machine that it runs on stays in a text.
"""

import dataclasses
import functools
import json
import os
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from clients import NODE_V2, NODE_V3, PYTHON
from harness import CONFORMANCE, clean_environment

HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", CONFORMANCE / "../target")).resolve()
BUILT = TARGET / "evidence"
# The SDK for Java with all that it needs but its logging. Maven's registry is not among those that are used here; this package of PyPI has it.
JAVA_PACKAGE, JAVA_BUNDLE = "sagemaker-pyspark==1.4.5", BUILT / "aws-java-sdk-bundle-1.11.901.jar"
JAVA_LOGGING = ["/usr/share/java/commons-logging.jar", "/usr/share/java/log4j-1.2.jar"]


@dataclasses.dataclass
class Client:
    """What a client is told."""

    key: str
    secret: str
    region: str = "us-east-1"
    token: str | None = None
    # What stands behind the authority in its endpoint.
    base: str = ""
    object: str = "cats/tom.jpg"
    operation: str = "put"

    def settings(self, at, **more):
        return {
            "endpoint": at.url + self.base, "key": self.key, "secret": self.secret, "region": self.region, "token": self.token, "config": {},
            "object": self.object, "operation": self.operation, **more,
        }  # fmt: skip


def run(command, *, cwd=CONFORMANCE, both=True, **environment):
    """What a program printed, on both streams as a terminal shows them or on the first alone."""
    done = subprocess.run(
        [str(word) for word in command], env=clean_environment(**environment), cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if both else subprocess.DEVNULL, timeout=120, check=False,
    )  # fmt: skip
    return scrubbed(done.stdout.decode(errors="replace"))


def scrubbed(text):
    """The text with the names of this machine's folders and kernel replaced by anybody's."""
    kernel = os.uname().release
    packages = str((CONFORMANCE / "node_modules").resolve().parent)
    for here, there in ((str(CONFORMANCE), "/app"), (packages, "/app"), (str(TARGET), "/app/target"), (kernel, "6.1.0-39-amd64"), (os.uname().nodename, "host"), (os.environ.get("HOME", "/root"), "~")):
        text = text.replace(here, there)
    # What Python writes of places in memory says nothing, nor does the number of a process.
    text = re.sub(r"\(node:\d+\)", "(node:1)", text)
    return re.sub(r"0x[0-9a-f]{9,}", "0x7f0000000000", text)


@functools.cache
def version(tool):
    node = {"js-v3": "@aws-sdk/client-s3", "js-v2": "aws-sdk", "smithy": "@smithy/signature-v4", "playwright": "playwright-core"}
    if tool in node:
        return json.loads((CONFORMANCE / "node_modules" / node[tool] / "package.json").read_text())["version"]
    commands = {
        "aws-cli-2": ["/usr/bin/aws", "--version"], "aws-cli-1": [CONFORMANCE / ".venv-awscli/bin/aws", "--version"], "curl": ["curl", "--version"],
        "boto3": [CONFORMANCE / ".venv-boto3/bin/python", "-c", "import boto3; print('boto3/' + boto3.__version__)"], "chromium": ["chromium", "--version"],
        "go-v1": ["dpkg-query", "-Wf", "${Version}", "golang-github-aws-aws-sdk-go-dev"], "go-v2": ["dpkg-query", "-Wf", "${Version}", "golang-github-aws-aws-sdk-go-v2-dev"],
    }  # fmt: skip
    if tool == "rust":
        lines = (CONFORMANCE / "rust/Cargo.lock").read_text().splitlines()
        return lines[lines.index('name = "aws-sdk-s3"') + 1].split('"')[1]
    if tool == "java-v2":
        return "2.42"
    if tool == "java-v1":
        return re.search(r"-([\d.]+)\.jar", JAVA_BUNDLE.name).group(1)
    return re.search(r"\d+[\d.]+\d", run(commands[tool])).group(0)


@functools.cache
def built(tool):
    """Builds a program of this folder, once in a run; the tools themselves know when nothing changed."""
    BUILT.mkdir(parents=True, exist_ok=True)
    if tool == "rust":
        manifest = CONFORMANCE / "rust/Cargo.toml"
        command = [os.environ.get("CARGO", "cargo"), "build", "-q", "--locked", "--manifest-path", manifest, "--target-dir", TARGET / "clients", "--example", "log"]
        subprocess.run(command, check=True)
        return TARGET / "clients/debug/examples/log"
    if tool == "java":
        if not JAVA_BUNDLE.exists():
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run(["pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", folder, JAVA_PACKAGE], check=True)
                with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as package:
                    member = next(member for member in package.getmembers() if member.name.endswith(JAVA_BUNDLE.name))
                    JAVA_BUNDLE.write_bytes(package.extractfile(member).read())
        (BUILT / "java").mkdir(exist_ok=True)
        subprocess.run(["javac", "-cp", JAVA_BUNDLE, "-d", BUILT / "java", HERE / "java/Capture.java"], check=True)
        return BUILT / "java"
    # Debian lays the SDKs where Go looked before it had modules.
    environment = os.environ | {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode"}
    subprocess.run(["go", "build", "-o", BUILT / tool, "."], cwd=HERE / tool, env=environment, check=True)
    return BUILT / tool


def aws_cli(at, client, major=2):
    binary = "/usr/bin/aws" if major == 2 else CONFORMANCE / ".venv-awscli/bin/aws"
    verbs = {
        "put": ["s3api", "put-object", "--bucket", "photos", "--key", client.object, "--body", HERE / "meow.txt", "--content-type", "image/jpeg", "--metadata", "taken=2026"],
        "get": ["s3api", "get-object", "--bucket", "photos", "--key", client.object, "/dev/null"],
        "head": ["s3api", "head-object", "--bucket", "photos", "--key", client.object],
        "list": ["s3api", "list-objects-v2", "--bucket", "photos", "--prefix", client.object],
        "cp": ["s3", "cp", HERE / "meow.txt", f"s3://photos/{client.object}"],
        "who": ["sts", "get-caller-identity"],
    }  # fmt: skip
    more = {"AWS_SESSION_TOKEN": client.token} if client.token else {}
    return run(
        [binary, "--debug", "--endpoint-url", at.url + client.base, "--region", client.region, *verbs[client.operation]],
        AWS_ACCESS_KEY_ID=client.key, AWS_SECRET_ACCESS_KEY=client.secret, AWS_MAX_ATTEMPTS="1", **more,
    )  # fmt: skip


def aws_presign(at, client, expires=300):
    more = {"AWS_SESSION_TOKEN": client.token} if client.token else {}
    words = ["/usr/bin/aws", "--endpoint-url", at.url + client.base, "--region", client.region, "s3", "presign", f"s3://photos/{client.object}", "--expires-in", expires]
    return run(words, both=False, AWS_ACCESS_KEY_ID=client.key, AWS_SECRET_ACCESS_KEY=client.secret, **more).strip()


BOTO3 = {
    "put": 's3.put_object(Bucket="photos", Key={key}, Body=b"meow", ContentType="image/jpeg", Metadata={{"taken": "2026"}})',
    "get": 's3.get_object(Bucket="photos", Key={key})',
    "head": 's3.head_object(Bucket="photos", Key={key})',
    "list": 's3.list_objects_v2(Bucket="photos", Prefix={key})',
    # One that works and one that does not.
    "two": 's3.list_objects_v2(Bucket="photos")\ns3.get_object(Bucket="photos", Key={key})',
}


def boto3(at, client, config=None, logs=True):
    code = BOTO3[client.operation].format(key=repr(client.object))
    log = "import logging\nboto3.set_stream_logger('', logging.DEBUG)\n" if logs else ""
    return run([CONFORMANCE / ".venv-boto3/bin/python", "-c", f"{PYTHON}{log}{code}"], CAPTURE=json.dumps(client.settings(at, config=config or {})))


def boto3_link(at, client, operation="get_object", expires=300, **parameters):
    code = f"link({operation!r}, expires={expires}, **{ {'Key': client.object, **parameters}!r})"
    return run([CONFORMANCE / ".venv-boto3/bin/python", "-c", PYTHON + code], both=False, CAPTURE=json.dumps(client.settings(at))).strip()


V3 = {
    "put": 'await s3.send(new S3.PutObjectCommand({ ...cat, Key: settings.object, Body: "meow", ContentType: "image/jpeg", Metadata: { taken: "2026" } }));',
    "get": "await s3.send(new S3.GetObjectCommand({ ...cat, Key: settings.object }));",
    "head": "await s3.send(new S3.HeadObjectCommand({ ...cat, Key: settings.object }));",
    "list": 'await s3.send(new S3.ListObjectsV2Command({ Bucket: "photos", Prefix: settings.object }));',
}
V3_SHOWS = {
    "error": "console.log(error);",
    "json": "console.log(JSON.stringify(error, null, 2));",
    "line": "console.error(`${error.name}: ${error.message}`);",
}
MIDDLEWARE = 's3.middlewareStack.add((next) => (args) => { console.log(args.request); return next(args); }, { step: "finalizeRequest", priority: "low" });\n'


def js_v3(at, client, shows="error", middleware=False, config=None):
    code = f"{MIDDLEWARE if middleware else ''}try {{ {V3[client.operation]} }} catch (error) {{ {V3_SHOWS[shows]} }}"
    return node(NODE_V3 + code, client.settings(at, config=config or {}))


def js_v3_link(at, client, operation="get", **options):
    call = {"get": f"get({json.dumps(options)}, {{ Key: settings.object }})", "put": f"upload({json.dumps(options)}, {{ Key: settings.object }})"}[operation]
    return node(f"{NODE_V3}console.log(await {call});", client.settings(at), both=False).strip()


V2 = {
    "put": 's3.putObject({ Bucket: "photos", Key: settings.object, Body: "meow", ContentType: "image/jpeg", Metadata: { taken: "2026" } })',
    "get": 's3.getObject({ Bucket: "photos", Key: settings.object })',
    "list": 's3.listObjectsV2({ Bucket: "photos", Prefix: settings.object })',
}
V2_SHOWS = {
    "error": "console.log(error);",
    "json": "console.log(JSON.stringify(error));",
    "request": "console.log(this.request.httpRequest); console.log(error);",
    "body": "console.log(error, this.httpResponse.body.toString());",
    "logger": "console.log(error);",
}


def js_v2(at, client, shows="error", config=None):
    logger = "AWS.config.logger = console;\n" if shows == "logger" else ""
    prelude = NODE_V2.replace("const s3 =", f"{logger}const s3 =")
    code = f"await new Promise((done) => {V2[client.operation]}.send(function (error) {{ {V2_SHOWS[shows]} done(); }}));"
    return node(prelude + code, client.settings(at, config=config or {}))


def js_v2_link(at, client, operation="getObject", **parameters):
    given = json.dumps({"Bucket": "photos", "Key": client.object, "Expires": 300, **parameters})
    return node(f"{NODE_V2}console.log(s3.getSignedUrl({operation!r}, {given}));", client.settings(at), both=False).strip()


def node(code, settings, both=True):
    command = ["node", "--require", CONFORMANCE / "capture/release.cjs", "--input-type=module", "-e", code]
    return run(command, both=both, CAPTURE=json.dumps(settings), AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1")


def go(at, client, major):
    return run([built(f"go-v{major}")], CAPTURE=json.dumps(client.settings(at, Metadata={"taken": "2026"})))


def java(at, client, wire=True):
    given = {"ENDPOINT": at.url + client.base, "KEY": client.key, "SECRET": client.secret, "REGION": client.region, "OBJECT": client.object, "OPERATION": client.operation}
    environment = {f"CAPTURE_{name}": value for name, value in given.items()} | ({"CAPTURE_TOKEN": client.token} if client.token else {})
    command = ["java", "-Dos.version=6.1.0", f"-Dwire={'DEBUG' if wire else 'WARN'}", f"-Dlog4j.configuration=file:{HERE}/java/log4j.properties", "-cp", ":".join([str(built("java")), str(JAVA_BUNDLE), *JAVA_LOGGING]), "Capture"]
    return run(command, AWS_CONFIG_FILE=str(HERE / "java/empty"), **environment)


def rust(at, client, ansi=False, filter="aws_sigv4=trace,aws_smithy_runtime=trace"):
    return run([built("rust")], CAPTURE=json.dumps(client.settings(at, ansi=ansi)), RUST_LOG=filter)


def curl(url, *arguments):
    """What `curl -v` prints. No proxy of the caller's stands in the environment."""
    return run(["curl", "-sS", "-v", "-g", *arguments, url])


def signing_curl(at, client, target, *arguments, service="s3", payload="UNSIGNED-PAYLOAD"):
    given = ["-H", f"x-amz-content-sha256: {payload}"] if payload else []
    return curl(f"{at.url}{client.base}{target}", "--aws-sigv4", f"aws:amz:{client.region}:{service}", "--user", f"{client.key}:{client.secret}", *given, *arguments)


def shell(command):
    """A command as it is typed into a shell, and what came of it."""
    return run(["/bin/sh", "-c", command], cwd=HERE)


def browser(*steps):
    """The archive of a page in Chromium that fetches these: `{"url", "options"}` of `fetch` each."""
    return run(["node", "--input-type=module", "-e", (HERE / "har.mjs").read_text()], both=False, CAPTURE=json.dumps({"steps": steps}))
