"""The clients that captures are made with, each as people run it: settings in, one request out.

What a client answers does not matter here, only what it sends: every call ends in the refusal of the recorder. A function returns what
the client printed; `seen` collects the names and versions that the fixture tells.
"""

import functools
import json
import subprocess
import tempfile
from pathlib import Path

from harness import CONFORMANCE, clean_environment

KEY = "AKIDEXAMPLE000000001"
SECRET = "wJalr/XUtnFEMI+K7MDENG/bPxRfiCY+SECRETKEY"
REGION = "us-east-1"
# The host that is sent where the signer was given another spelling of it.
SENT_HOST = "s3.example.com"
seen = []
# Words in front of every command, such as those of faketime, and what its environment has beside the usual.
ahead_of_all, beside = [], {}

PYTHON = """
import io, json, os
settings = json.loads(os.environ["CAPTURE"])
import boto3
from botocore.config import Config
config = {"retries": {"total_max_attempts": 1}, "s3": {"addressing_style": "path"}, "signature_version": "s3v4", **settings["config"]}
s3 = boto3.session.Session().client("s3", endpoint_url=settings["endpoint"], region_name=settings["region"], aws_access_key_id=settings["key"],
    aws_secret_access_key=settings["secret"], aws_session_token=settings["token"], config=Config(**config))
def link(operation, method=None, expires=300, **parameters):
    print(s3.generate_presigned_url(operation, Params={"Bucket": "photos", "Key": "cat.jpg", **parameters}, ExpiresIn=expires, HttpMethod=method))
def post(fields={}, conditions=[], expires=300):
    signed = [{name: value} for name, value in fields.items()] + conditions
    print(json.dumps(s3.generate_presigned_post("photos", "cat.jpg", Fields=dict(fields), Conditions=signed, ExpiresIn=expires)))
"""

MINIO_PYTHON = """
import io, json, os
settings = json.loads(os.environ["CAPTURE"])
import minio
client = minio.Minio(endpoint=settings["endpoint"].partition("//")[2], access_key=settings["key"], secret_key=settings["secret"],
    session_token=settings["token"], region=settings["region"], secure=False)
"""

NODE = """
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
const settings = JSON.parse(process.env.CAPTURE);
const credentials = { accessKeyId: settings.key, secretAccessKey: settings.secret, sessionToken: settings.token ?? undefined };
"""
NODE_V3 = NODE + """
import { Readable } from "node:stream";
import * as S3 from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
const s3 = new S3.S3Client({ endpoint: settings.endpoint, region: settings.region, forcePathStyle: true, maxAttempts: 1, credentials, ...settings.config });
const cat = { Bucket: "photos", Key: "cat.jpg" };
const put = (more = {}) => s3.send(new S3.PutObjectCommand({ ...cat, Body: "meow", ...more }));
const get = (options = {}, more = {}) => getSignedUrl(s3, new S3.GetObjectCommand({ ...cat, ...more }), { expiresIn: 300, ...options });
const upload = (options = {}, more = {}) => getSignedUrl(s3, new S3.PutObjectCommand({ ...cat, ...more }), { expiresIn: 300, ...options });
"""
NODE_V2 = NODE + """
import AWS from "aws-sdk";
const s3 = new AWS.S3({ endpoint: settings.endpoint, region: settings.region, s3ForcePathStyle: true, signatureVersion: "v4", maxRetries: 0, ...credentials, ...settings.config });
"""
NODE_MINIO = NODE + """
import { Client } from "minio";
const { hostname, port } = new URL(settings.endpoint);
const client = new Client({ endPoint: hostname, port: Number(port || 80), useSSL: false, accessKey: settings.key, secretKey: settings.secret,
  sessionToken: settings.token ?? undefined, region: settings.region, ...settings.config });
"""

SIGNER = NODE + """
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { HttpRequest } from "@smithy/protocol-http";
class Sha256 {
  constructor(secret) { this.hash = secret ? createHmac("sha256", secret) : createHash("sha256"); }
  update(data) { this.hash.update(data); }
  async digest() { return this.hash.digest(); }
}
const signer = new SignatureV4({ service: "s3", region: settings.region, credentials, sha256: Sha256, ...settings.config });
const { headers } = await signer.sign(new HttpRequest({ method: "GET", protocol: "http:", ...settings.request }));
delete headers.host;
console.log(JSON.stringify(headers));
"""

PAGE = """
import { startBrowser } from "./browser/chromium.js";
const browser = await startBrowser();
const page = await browser.open();
await page.evaluate(`(async () => {${process.env.CODE}})()`).catch(() => {});
await browser.stop();
"""


def ran(command, *, clock=None, cwd=CONFORMANCE, stdin=None, **environment):
    """What a program printed. `clock` is what faketime calls an offset, such as `-20m`."""
    ahead = ["/usr/bin/faketime", "-f", clock] if clock else ahead_of_all
    done = subprocess.run(
        [*ahead, *map(str, command)], env=clean_environment(**beside, **environment), cwd=cwd, input=stdin or b"", capture_output=True, timeout=60, check=False
    )  # fmt: skip
    ran.complaint = done.stderr.decode(errors="replace")
    return done.stdout.decode(errors="replace").strip()


@functools.cache
def told(*command):
    """What a program says of itself, asked once."""
    return ran(command)


def settings(at, *, key=KEY, secret=SECRET, region=REGION, token=None, endpoint=None, config=None):
    return {"endpoint": endpoint or at.url, "key": key, "secret": secret, "region": region, "token": token, "config": config or {}}


def python(name, prelude, at, code, clock=None, **more):
    binary = CONFORMANCE / ".venv-boto3/bin/python"
    seen.append(f"{name} {told(binary, '-c', f'import importlib.metadata; print(importlib.metadata.version({name!r}))')}")
    return ran([binary, "-c", prelude + code], clock=clock, CAPTURE=json.dumps(settings(at, **more)))


def boto3(at, code='s3.put_object(Bucket="photos", Key="cat.jpg", Body=b"meow")', **more):
    return python("boto3", PYTHON, at, code, **more)


def minio_py(at, code='client.put_object("photos", "cat.jpg", io.BytesIO(b"meow"), 4)', **more):
    return python("minio", MINIO_PYTHON, at, code, **more)


def node(package, prelude, at, code, clock=None, **more):
    version = json.loads((CONFORMANCE / "node_modules" / package / "package.json").read_text())["version"]
    seen.append(f"{package} {version}")
    return ran(["node", "--require", CONFORMANCE / "capture/release.cjs", "--input-type=module", "-e", prelude + code], clock=clock, CAPTURE=json.dumps(settings(at, **more)))


def js_v3(at, code="await put();", **more):
    return node("@aws-sdk/client-s3", NODE_V3, at, code, **more)


def js_v2(at, code='await s3.putObject({ Bucket: "photos", Key: "cat.jpg", Body: "meow" }).promise();', **more):
    return node("aws-sdk", NODE_V2, at, code, **more)


def minio_js(at, code='await client.putObject("photos", "cat.jpg", "meow");', **more):
    return node("minio", NODE_MINIO, at, code, **more)


def page(code):
    """Code in a page of another origin, in Debian's Chromium."""
    version = told("/usr/bin/chromium", "--version").split()[1]
    seen.append(f"chromium {version}")
    return ran(["node", "--input-type=module", "-e", PAGE], CODE=code)


def aws(at, *arguments, key=KEY, secret=SECRET, region=REGION, token=None, version=2, clock=None):
    binary = "/usr/bin/aws" if version == 2 else CONFORMANCE / ".venv-awscli/bin/aws"
    seen.append(told(binary, "--version").split()[0].replace("/", " "))
    more = {"AWS_SESSION_TOKEN": token} if token else {}
    command = [binary, "--endpoint-url", at.url, "--region", region, *(arguments or ("s3api", "list-objects-v2", "--bucket", "photos"))]
    return ran(command, clock=clock, AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret, AWS_MAX_ATTEMPTS="1", **more)


def s3cmd(at, *arguments, secret=SECRET, key=KEY, region=REGION, clock=None, more=""):
    seen.append(told("/usr/bin/s3cmd", "--version").replace(" version", ""))
    with tempfile.TemporaryDirectory() as folder:
        host = at.url.partition("//")[2]
        Path(folder, "s3cmd.ini").write_text(
            f"[default]\nmax_retries = 1\naccess_key = {key}\nhost_base = {host}\nhost_bucket = {host}\nbucket_location = {region}\nuse_https = False\n{more}"
        )
        command = ["/usr/bin/s3cmd", "-c", f"{folder}/s3cmd.ini", f"--secret_key={secret}", *(arguments or ("ls", "s3://photos"))]
        return ran(command, clock=clock)


def rclone(at, *arguments, secret=SECRET, key=KEY, region=REGION, clock=None):
    seen.append(told("/usr/bin/rclone", "--version").splitlines()[0].replace(" v", " "))
    given = {"TYPE": "s3", "PROVIDER": "Other", "ACCESS_KEY_ID": key, "SECRET_ACCESS_KEY": secret, "REGION": region, "ENDPOINT": at.url}
    environment = {f"RCLONE_CONFIG_STORE_{name}": value for name, value in given.items()}
    command = ["/usr/bin/rclone", "--config", "/dev/null", "--retries", "1", "--low-level-retries", "1", *(arguments or ("lsf", "store:photos"))]
    return ran(command, clock=clock, **environment)


def restic(at, *, secret=SECRET, key=KEY, region=REGION, clock=None):
    seen.append(" ".join(told("/usr/bin/restic", "version").split()[:2]))
    with tempfile.TemporaryDirectory() as cache:
        given = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": region, "RESTIC_PASSWORD": "x", "RESTIC_CACHE_DIR": cache}
        return ran(["timeout", "5", "/usr/bin/restic", "-r", f"s3:{at.url}/photos", "snapshots"], clock=clock, **given)


def curl(url, *arguments, stdin=None):
    """curl without a signature: it sends links and forms."""
    version = told("/usr/bin/curl", "--version").split()[1]
    if f"curl {version}" not in seen:
        seen.append(f"curl {version}")
    # No proxy of the caller's stands in the environment; a globbing URL would not be the one that was signed.
    return ran(["/usr/bin/curl", "-sS", "-g", *arguments, url], stdin=stdin)


def signing_curl(at, target, *arguments, region=REGION, service="s3", secret=SECRET, sha=True, host=None):
    """curl with --aws-sigv4. It sends the hash of the body only if it is told to."""
    given = ["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"] if sha else []
    url = f"http://{host}{target}" if host else at.url + target
    connect = ["--connect-to", f"::127.0.0.1:{at.port}"] if host else []
    return curl(url, "--aws-sigv4", f"aws:amz:{region}:{service}", "--user", f"{KEY}:{secret}", *given, *connect, *arguments)


def posted(form, *file, last=(), without=(), more=()):
    """A form that is sent by curl, the fields named in `last` behind the file."""
    form = json.loads(form)
    fields = [*form["fields"].items(), *more]
    sent = [(name, value) for name, value in fields if name not in (*last, *without)]
    words = [word for name, value in sent for word in ("--form-string", f"{name}={value}")]
    words += [word for part in file for word in ("-F", part)]
    words += [word for name, value in fields if name in last for word in ("--form-string", f"{name}={value}")]
    return curl(form["url"], *words)


def signer(at, request, *arguments, target="/photos/cat.jpg", host=None, config=None):
    """The signer of the SDK for JavaScript used alone, its headers sent by curl."""
    request = {"hostname": host or at.host, "headers": {"host": host or at.host}, "path": target, **request}
    given = json.dumps(settings(at, config={"uriEscapePath": False, **(config or {})}) | {"request": request})
    version = json.loads((CONFORMANCE / "node_modules/@smithy/signature-v4/package.json").read_text())["version"]
    seen.append(f"@smithy/signature-v4 {version}")
    signed = json.loads(ran(["node", "--input-type=module", "-e", SIGNER], CAPTURE=given))
    words = [word for name, value in signed.items() for word in ("-H", f"{name}: {value}")]
    return curl(f"http://{SENT_HOST if host else at.host}{target}", *words, "--connect-to", f"::127.0.0.1:{at.port}", *arguments)


def shell(command):
    """A command as it is typed into a shell."""
    curl_version = told("/usr/bin/curl", "--version").split()[1]
    seen.append(f"sh and curl {curl_version}")
    return ran(["/bin/sh", "-c", command])
