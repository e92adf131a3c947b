"""`countersign doctor`: against our server it finds nothing, against servers of other people what is true of them, and behind nginx,
HAProxy and Caddy that are configured wrong it names what they change.

Which cause is expected stands in a table; what a server really does is asked of it again, with another client.
"""

import json
import os
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

import harness
import pytest
from botocore.exceptions import ClientError
from harness import ACCESS_KEY_ID, CONFORMANCE, SECRET, WRONG_SECRET, Caddy, Haproxy, Nginx, Process, bucket_name, clean_environment, free_port
from test_boto3 import connect
from test_proxy import S3RVER_KEY, S3rver

BINARY = Path(os.environ.get("COUNTERSIGN_BIN", CONFORMANCE / "../target/release/countersign")).resolve()
KINDS = {"nginx": Nginx, "haproxy": Haproxy, "caddy": Caddy}

# Proxy, its configuration, the path of the endpoint, and: what is changed, by which id, and a word of the setting to change.
WRONG = [
    ("nginx", "stock", "", "HST-PROXY", "proxy_set_header Host $http_host"),
    ("nginx", "drops-port", "", "HST-PORT-MISSING", "$http_host"),
    ("nginx", "merges-slashes", "", "URI-MERGE", "no path after proxy_pass"),
    ("nginx", "cuts-the-last-slash", "", "URI-TRAILSLASH", "slash"),
    ("nginx", "adds-a-parameter", "", "QRY-EXTRA", "edge=frankfurt"),
    ("nginx", "caches", "", "MTH-PROXY", "proxy_cache_convert_head off"),
    ("nginx", "drops-accept-encoding", "", "HDR-AE", "proxy_set_header Accept-Encoding"),
    ("nginx", "appends-to-user-agent", "", "HDR-UA", "edge/1.0"),
    ("haproxy", "sets-host", "", "HST-PROXY", "http-request set-header Host"),
    ("haproxy", "strips-prefix", "/s3", "HST-PREFIX", "replace-path"),
    ("haproxy", "cleans-paths", "", "URI-MERGE", "normalize-uri path-merge-slashes"),
    ("haproxy", "deletes-acl", "", "HDR-MISSING", "x-amz-acl"),
    ("haproxy", "turns-head-into-get", "", "MTH-PROXY", "http-request set-method"),
    ("haproxy", "deletes-content-encoding", "", "PAY-CE", "content-encoding"),
    ("caddy", "sets-host", "", "HST-PROXY", "header_up Host"),
    ("caddy", "strips-prefix", "/s3", "HST-PREFIX", "handle_path"),
    ("caddy", "sets-accept-encoding", "", "HDR-AE", "header_up Accept-Encoding"),
    ("caddy", "deletes-metadata", "", "HDR-MISSING", "x-amz-meta-about"),
]
RIGHT = [("nginx", "passes-host"), ("haproxy", "passes-on"), ("caddy", "passes-on")]


class Examined:
    """What the doctor found, as JSON and by its exit code."""

    def __init__(self, endpoint, bucket, *flags, access_key_id=ACCESS_KEY_ID, secret=SECRET, **more):
        environment = clean_environment(AWS_ACCESS_KEY_ID=access_key_id, AWS_SECRET_ACCESS_KEY=secret, **more)
        command = [str(BINARY), "doctor", "--endpoint-url", endpoint, "--no-ntp", "--json", *flags]
        command += ["--bucket", bucket] if bucket else []
        # Its own folder: no data directory of anybody is found there.
        with tempfile.TemporaryDirectory(prefix="countersign-conformance-") as folder:
            ended = subprocess.run(command, env=environment, cwd=folder, capture_output=True, timeout=120, text=True)
        assert ended.stdout, ended.stderr
        self.code, self.text = ended.returncode, ended.stdout
        self.report = json.loads(ended.stdout)
        if len(secret) > 10:
            assert secret not in ended.stdout + ended.stderr

    @property
    def changes(self):
        return {change["cause"]: change for change in self.report["changes"]}

    def found(self, *verdicts):
        return [finding for finding in self.report["findings"] if finding["verdict"] in verdicts]

    def trouble(self):
        return self.found("warning", "failed")

    def causes(self):
        return {finding["cause"]: finding for finding in self.trouble() if finding["cause"]}


@pytest.fixture(scope="module")
def bucket(server):
    name = bucket_name("doctor")
    connect(server).create_bucket(Bucket=name)
    return name


def is_empty(client, bucket):
    return client.list_objects_v2(Bucket=bucket).get("Contents", []) == []


def doctor_finds_nothing_to_mend_at_our_server_and_leaves_nothing_in_it(server, bucket):
    examined = Examined(server.url, bucket)
    assert (examined.code, examined.trouble(), examined.report["changes"]) == (0, [], [])
    assert is_empty(connect(server), bucket)
    ids = {finding["id"] for finding in examined.found("ok")}
    assert {"signed.plain", "probe.keys", "probe.headers", "probe.bodies", "probe.links", "probe.refusals", "cleanup"} <= ids


def doctor_tells_a_person_what_the_path_changes_first(server, bucket):
    with Nginx("merges-slashes", server.host) as front:
        environment = clean_environment(AWS_ACCESS_KEY_ID=ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET)
        command = [str(BINARY), "doctor", "--endpoint-url", front.url, "--no-ntp", "--bucket", bucket]
        ended = subprocess.run(command, env=environment, cwd="/", capture_output=True, timeout=120, text=True)
    lines = ended.stdout.splitlines()
    assert ended.returncode == 7 and lines[2] == "What the path in between changes", ended.stdout
    assert "URI-MERGE" in lines[3] and "a//b` arrives as" in lines[3], ended.stdout
    assert "URI-MERGE" in subprocess.run([str(BINARY), "explain", "URI-MERGE"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("kind", "name"), RIGHT, ids=[kind for kind, _ in RIGHT])
def doctor_has_no_trouble_with_a_proxy_that_is_configured_right(server, bucket, kind, name):
    with KINDS[kind](name, server.host) as front:
        examined = Examined(front.url, bucket)
    assert (examined.code, examined.trouble()) == (0, []), examined.text
    # nginx swallows Expect, as a proxy may.
    assert set(examined.changes) <= {"HDR-EXPECT"}


@pytest.mark.parametrize(("kind", "name", "path", "cause", "word"), WRONG, ids=[f"{kind}-{name}" for kind, name, *_ in WRONG])
def doctor_names_what_a_proxy_that_is_configured_wrong_changes(server, bucket, kind, name, path, cause, word):
    with KINDS[kind](name, server.host) as front:
        examined = Examined(front.url + path, bucket)
    assert examined.code == 7 and cause in examined.changes, examined.text
    assert examined.changes[cause]["proof"] == "proven by experiment", examined.text
    finding = examined.causes()[cause]
    assert word.lower() in json.dumps(finding).lower().replace('\\"', '"'), finding
    assert is_empty(connect(server), bucket)


def doctor_tells_a_wrong_key_and_a_wrong_region(server, bucket):
    wrong = Examined(server.url, bucket, secret=WRONG_SECRET)
    assert wrong.code == 7 and set(wrong.causes()) == {"SEC-WRONG"}, wrong.text
    far = Examined(server.url, bucket, AWS_REGION="eu-west-1")
    assert far.code == 7 and set(far.causes()) == {"SCP-REGION"} and far.report["region"] == "us-east-1", far.text
    spoilt = Examined(server.url, bucket, secret=f"{SECRET}\n")
    assert "SEC-NEWLINE" in spoilt.causes(), spoilt.text


class Tls:
    """Ends TLS in front of a server with a certificate made for the occasion, and passes bytes on."""

    def __init__(self, upstream, name, days, is_authority=False):
        self.folder = tempfile.TemporaryDirectory(prefix="countersign-conformance-")
        self.certificate, key = (str(Path(self.folder.name, name)) for name in ("certificate.pem", "key.pem"))
        config = Path(self.folder.name, "config")
        kind = "TRUE" if is_authority else "FALSE"
        config.write_text(f"[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\nbasicConstraints=CA:{kind}\nsubjectAltName={name}\n")
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-config", str(config), "-days", str(days)]
        subprocess.run([*command, "-keyout", key, "-out", self.certificate, "-subj", "/O=Countersign/CN=conformance"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        host, port = upstream.split(":")

        class Relay(socketserver.BaseRequestHandler):
            def handle(relay):
                try:
                    with context.wrap_socket(relay.request, server_side=True) as front, socket.create_connection((host, int(port))) as back:
                        back_to_front = threading.Thread(target=pipe, args=(back, front), daemon=True)
                        back_to_front.start()
                        pipe(front, back)
                        back_to_front.join(10)
                except OSError:
                    self.failed += 1

        self.failed = 0
        self.listener = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay)
        self.listener.daemon_threads = True
        self.url = f"https://127.0.0.1:{self.listener.server_address[1]}"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.listener.server_close()
        self.folder.cleanup()


def pipe(source, sink):
    try:
        while block := source.recv(65536):
            sink.sendall(block)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.mark.parametrize(
    ("made", "is_named", "says"),
    [
        (("IP:127.0.0.1", 300), True, None),
        (("IP:127.0.0.1", 3), True, "ends in"),
        (("IP:127.0.0.1", 300), False, "nknown"),
        (("DNS:other.example", 300), True, "not valid for"),
        (("IP:127.0.0.1", 300, True), True, "CaUsedAsEndEntity"),
    ],
    ids=["fine", "ends soon", "unknown", "another name", "an authority"],
)
def doctor_says_of_a_certificate_what_is_wrong_with_it(server, bucket, made, is_named, says):
    with Tls(server.host, *made) as front:
        named = {"AWS_CA_BUNDLE": front.certificate} if is_named else {}
        examined = Examined(front.url, bucket, **named)
    trouble = examined.trouble()
    if says is None:
        assert (examined.code, trouble) == (0, []), examined.text
        return
    assert [finding["id"] for finding in trouble] == ["network.tls"], examined.text
    assert says in trouble[0]["seen"] and "CN=conformance" in trouble[0]["seen"], trouble
    # Nothing is sent to a server that is not trusted.
    assert any(finding["id"] == "signed.plain" for finding in examined.report["findings"]) == (trouble[0]["verdict"] == "warning")


class Rclone:
    """rclone's S3 server, which verifies signatures and does not say what it compared with."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="countersign-conformance-")
        Path(self.folder.name, "bucket").mkdir()
        self.host = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.host}"
        rclone = CONFORMANCE / ".venv-boto3/bin/rclone"
        command = [str(rclone), "serve", "s3", self.folder.name, "--addr", self.host, "--auth-key", f"{ACCESS_KEY_ID},{SECRET}", "--config", "/dev/null"]
        self.process = Process(command, {"PATH": os.environ["PATH"]}, harness.answers(self.url, lambda status: status < 500))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.folder.cleanup()


def accepts(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return False if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403) else pytest.fail(str(error))
    return True


def doctor_tells_of_s3rver_what_is_true():
    with S3rver() as other:
        client = connect(None, endpoint=other.url, access_key_id=S3RVER_KEY, secret=S3RVER_KEY)
        client.create_bucket(Bucket="bucket")
        examined = Examined(other.url, "bucket", access_key_id=S3RVER_KEY, secret=S3RVER_KEY)
        assert examined.code == 7 and examined.report["changes"] == [], examined.text
        assert is_empty(client, "bucket")
        told = examined.causes()
        # What is said to be accepted is accepted from another client, too.
        client.put_object(Bucket="bucket", Key="k", Body=b"b")
        stranger = connect(None, endpoint=other.url, access_key_id=S3RVER_KEY, secret=WRONG_SECRET)
        is_accepted = accepts(stranger.get_object, Bucket="bucket", Key="k")
        assert is_accepted == ("a wrong signature" in told["SRV-ACCEPTS"]["probes"]), examined.text
        # And what is said of keys.
        client.put_object(Bucket="bucket", Key="a/./b", Body=b"b")
        keys = {entry["Key"] for entry in client.list_objects_v2(Bucket="bucket")["Contents"]}
        listed = next(finding for finding in examined.trouble() if finding["id"] == "probe.listed")
        assert "a/b" in keys and "a/b" in listed["received"], (keys, listed)


def doctor_tells_of_rclone_what_is_true():
    with Rclone() as other:
        client = connect(None, endpoint=other.url)
        examined = Examined(other.url, "bucket")
        assert examined.code == 7 and examined.report["changes"] == [], examined.text
        assert "another body than the one signed" in examined.causes()["SRV-ACCEPTS"]["probes"], examined.text
        assert "a wrong signature" not in examined.causes()["SRV-ACCEPTS"]["probes"], examined.text
        refused = connect(None, endpoint=other.url, secret=WRONG_SECRET)
        assert not accepts(refused.list_objects_v2, Bucket="bucket")
        listed = next(finding for finding in examined.trouble() if finding["id"] == "probe.listed")
        assert listed["received"] == "folder", listed
        assert is_empty(client, "bucket")


@pytest.mark.parametrize(
    ("kind", "name", "path", "cause"),
    [
        ("nginx", "stock", "", "HST-PROXY"),
        ("nginx", "drops-port", "", "HST-PORT-MISSING"),
        ("haproxy", "strips-prefix", "/s3", "HST-PREFIX"),
        ("haproxy", "turns-head-into-get", "", "MTH-PROXY"),
        ("caddy", "sets-accept-encoding", "", "HDR-AE"),
    ],
)
def doctor_examines_a_server_that_says_nothing_by_experiment(kind, name, path, cause):
    with Rclone() as other, KINDS[kind](name, other.host) as front:
        examined = Examined(front.url + path, "bucket", "--upstream-host", other.host)
        change = examined.changes.get(cause)
        assert change and change["proof"] == "proven by experiment", examined.text
