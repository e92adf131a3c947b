"""`countersign proxy`: real clients sign for it, and it passes on to our server and to one of other people (s3rver of npm).

What is right goes through as if it were not there; what is wrong is named, whether it went wrong in the client, between client and
proxy, or between proxy and upstream. Here a test is named by its client, or by what stands in the way.
"""

import io
import os
import subprocess
import tempfile
import urllib.error
import urllib.request

import harness
import pytest
import signing
from harness import ACCESS_KEY_ID, CONFORMANCE, DIFFICULT_KEYS, MIB, REGION, SECRET, WRONG_SECRET, Caddy, Haproxy, Nginx, Process, Server, bucket_name, free_port
from proxied import SigningProxy
from test_boto3 import connect, put, read, refused, said
from test_cli import CLIS
from test_curl import curl, done, message
from test_curl import refused as refused_for_curl
from test_proxies import everyday, signing_more

S3RVER_KEY = "S3RVER"


class S3rver:
    """The S3 server of npm's package `s3rver`, on a scratch folder."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="countersign-conformance-")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = ["node", str(CONFORMANCE / "node_modules/s3rver/bin/s3rver.js"), "-d", self.folder.name, "-a", "127.0.0.1", "-p", str(port), "-s"]
        self.process = Process(command, {"PATH": os.environ["PATH"]}, harness.answers(self.url, lambda status: status < 500))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.folder.cleanup()


@pytest.fixture(scope="module")
def proxy(server):
    with SigningProxy(server.url) as running:
        yield running
        log = running.log()
        assert SECRET not in log and WRONG_SECRET not in log


@pytest.fixture(scope="module")
def bucket(server):
    name = bucket_name("proxy")
    connect(server).create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def silent():
    """A server that says no more than AWS does, and a bucket in it."""
    with Server("--diagnosis", "off") as running:
        connect(running).create_bucket(Bucket="silent")
        yield running


# What is right


def boto3_works_through_the_proxy_as_without_it(server, proxy):
    client, own = everyday(server, proxy.url)
    for object_key in DIFFICULT_KEYS:
        client.put_object(Bucket=own, Key=object_key, Body=object_key.encode(), Metadata={"about": "a key"})
        assert read(client, own, object_key) == object_key.encode()
    listed = [entry["Key"] for entry in client.list_objects_v2(Bucket=own)["Contents"]]
    assert sorted(listed) == sorted([*DIFFICULT_KEYS, "several/parts"])
    # What the proxy passed on is there for whoever asks without it.
    assert read(connect(server), own, "a blank.txt") == b"a blank.txt"
    assert client.head_object(Bucket=own, Key="a blank.txt")["Metadata"] == {"about": "a key"}
    refused("NoSuchKey", 404, client.get_object, Bucket=own, Key="never")


def boto3_streams_chunks_and_trailers_through(server, proxy, bucket):
    client = connect(server, endpoint=proxy.url)
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        body = os.urandom(300_000)
        client.put_object(Bucket=bucket, Key=algorithm, Body=io.BytesIO(body), ChecksumAlgorithm=algorithm)
        kept = client.head_object(Bucket=bucket, Key=algorithm, ChecksumMode="ENABLED")
        assert read(client, bucket, algorithm) == body and kept[f"Checksum{algorithm}"]


def boto3_links_and_forms_go_through(server, proxy, bucket):
    client = connect(server, endpoint=proxy.url)
    link = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "by-link", "ContentType": "text/plain"}, ExpiresIn=60)
    done(curl(link, "-X", "PUT", "-H", "content-type: text/plain", "--data-binary", "linked", signed=False))
    assert read(client, bucket, "by-link") == b"linked"
    form = client.generate_presigned_post(bucket, "form/${filename}", Conditions=[["content-length-range", 1, 100]])
    fields = [word for name, value in form["fields"].items() for word in ("--form-string", f"{name}={value}")]
    done(curl(form["url"], *fields, "-F", "file=in the form;filename=a.txt", signed=False), 204)
    assert read(client, bucket, "form/a.txt") == b"in the form"
    answer = curl(form["url"], *fields, "-F", f"file={'x' * 200};filename=b.txt", signed=False)
    done(answer, 400)
    assert b"<Code>EntityTooLarge</Code>" in answer.body
    changed = [word.replace("form/${filename}", "elsewhere") for word in fields]
    refused_for_curl(curl(form["url"], *changed, "-F", "file=x", signed=False), 403, "AccessDenied")
    # One that has ended is told so before anybody else is asked.
    ended = signing.presign("GET", proxy.host, f"/{bucket}/by-link", at=signing.stamp(-3600), expires=60)
    assert refused_for_curl(curl(f"{proxy.url}{ended}", signed=False), 403, "AccessDenied").ids == ["PRE-EXPIRED"]


@pytest.mark.parametrize("version", CLIS)
def awscli_copies_and_lists_through(server, proxy, bucket, version, tmp_path):
    (tmp_path / "file").write_bytes(os.urandom(9 * MIB))
    aws = [CLIS[version], "--endpoint-url", proxy.url, "--region", REGION]
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
    place = f"s3://{bucket}/{version}/a key+plus"
    harness.Ran(*aws, "s3", "cp", tmp_path / "file", place, **keys).well()
    harness.Ran(*aws, "s3", "cp", place, tmp_path / "back", **keys).well()
    assert (tmp_path / "file").read_bytes() == (tmp_path / "back").read_bytes()
    assert "a key+plus" in harness.Ran(*aws, "s3", "ls", f"s3://{bucket}/{version}/", **keys).well()
    wrong = {**keys, "AWS_SECRET_ACCESS_KEY": f"{SECRET} ", "AWS_MAX_ATTEMPTS": "1"}
    assert "(SEC-SPACE, proven)" in harness.Ran(*aws, "s3", "ls", f"s3://{bucket}/", **wrong).refused()


def curl_names_buckets_in_the_host_or_in_the_path(server, proxy, bucket):
    put(connect(server), bucket, Key="styles")
    port = proxy.host.rpartition(":")[2]
    assert done(curl(f"http://{bucket}.localhost:{port}/styles")).body == b"refused"
    # An upstream with a name keeps the bucket in the host.
    with SigningProxy(f"http://localhost:{server.port}") as named:
        port = named.host.rpartition(":")[2]
        assert done(curl(f"http://{bucket}.localhost:{port}/styles")).body == b"refused"
        assert done(curl(f"{named.url}/{bucket}/styles")).body == b"refused"


def curl_that_waits_to_be_asked_is_asked(server, proxy, bucket, tmp_path):
    (tmp_path / "large").write_bytes(os.urandom(3 * MIB))
    answer = curl(f"{proxy.url}/{bucket}/expected", "-T", str(tmp_path / "large"), "-H", "Expect: 100-continue", "-H", "connection: close")
    assert answer.status in (200, 403), answer
    assert done(curl(f"{proxy.url}/{bucket}/plain", "-T", str(tmp_path / "large"))).exit == 0


def boto3_works_through_to_a_server_of_other_people(server):
    keys = {"access_key_id": S3RVER_KEY, "secret": S3RVER_KEY}
    with S3rver() as other, SigningProxy(other.url, **keys) as proxy:
        everyday(server, proxy.url, **keys)
        error = refused("SignatureDoesNotMatch", 403, connect(server, endpoint=proxy.url, access_key_id=S3RVER_KEY, secret='"S3RVER"').list_buckets)
        assert (said(error).ids, said(error).status) == (["SEC-QUOTES"], "proven")


# What is wrong in the client


@pytest.mark.parametrize(
    "wrong, code, status, cause_id, certainty, part",
    [
        ({"secret": f"{SECRET}\n"}, "SignatureDoesNotMatch", 403, "SEC-NEWLINE", "proven", "line feed"),
        ({"secret": f" {SECRET}"}, "SignatureDoesNotMatch", 403, "SEC-SPACE", "proven", "aws_secret_access_key"),
        ({"secret": WRONG_SECRET}, "SignatureDoesNotMatch", 403, "SEC-WRONG", "unproven", "secret"),
        ({"region": "eu-west-1"}, "AuthorizationHeaderMalformed", 400, "SCP-REGION", "exact", "us-east-1"),
    ],
)
def boto3_is_told_what_is_wrong_with_it(server, proxy, wrong, code, status, cause_id, certainty, part):
    error = refused(code, status, connect(server, endpoint=proxy.url, **wrong).list_buckets)
    diagnosis = said(error)
    assert (diagnosis.ids, diagnosis.status) == ([cause_id], certainty), f"{diagnosis} {error}"
    assert part in str(error), str(error)
    assert error.response["Error"]["Diagnosis"], error.response
    assert f'causes="{cause_id}"' in proxy.log()


def boto3_with_another_key_is_told_which_one_the_proxy_has(server, proxy):
    error = refused("InvalidAccessKeyId", 403, connect(server, endpoint=proxy.url, access_key_id="AKIDOFSOMEBODYELSE01").list_buckets)
    assert ACCESS_KEY_ID in str(error), str(error)


def boto3_needs_the_session_token_of_the_proxy(server):
    with SigningProxy(server.url, session_token="a/token+of/nobody") as proxy:
        error = refused("InvalidAccessKeyId", 403, connect(server, endpoint=proxy.url).list_buckets)
        assert said(error).value and "a/token+of/nobody" not in proxy.log()


@pytest.mark.parametrize("offset, word", [("-20m", "behind"), ("+20m", "ahead")])
def curl_with_a_wrong_clock_is_told_by_how_much(proxy, offset, word):
    answer = curl(proxy.url, faketime=offset)
    diagnosis = refused_for_curl(answer, 403, "RequestTimeTooSkewed")
    assert diagnosis.ids == ["CLK-SKEW"] and word in message(answer), (diagnosis, answer.body)


# What changes requests between client and proxy


@pytest.mark.parametrize(
    "kind, name, cause_id, slot, asked",
    [
        (Nginx, "merges-slashes", "URI-MERGE", "uri", {"Key": "a//b"}),
        (Nginx, "rewrites-host-and-says-so", "HST-PROXY", "host", {}),
        (Nginx, "strips-prefix", "HST-PREFIX", "uri", {"prefix": "/s3"}),
        (Haproxy, "sets-host", "HST-PROXY", "host", {}),
        (Haproxy, "strips-prefix", "HST-PREFIX", "uri", {"prefix": "/s3"}),
        (Haproxy, "deletes-acl", "HDR-MISSING", "header:x-amz-acl", {"ACL": "private"}),
        (Caddy, "sets-host", "HST-PROXY", "host", {}),
        (Caddy, "sets-accept-encoding", "HDR-AE", "header:accept-encoding", {"signed": {"Accept_Encoding": "gzip"}}),
        (Caddy, "deletes-metadata", "HDR-MISSING", "header:x-amz-meta-about", {"Metadata": {"about": "nobody knows"}}),
    ],
)  # fmt: skip
def server_in_front_of_the_proxy_is_named(server, proxy, bucket, kind, name, cause_id, slot, asked):
    asked = dict(asked)
    prefix, signed = asked.pop("prefix", ""), asked.pop("signed", {})
    with kind(name, proxy.host) as front:
        client = signing_more(connect(server, endpoint=f"{front.url}{prefix}"), **signed)
        error = refused("SignatureDoesNotMatch", 403, put, client=client, bucket=bucket, **asked)
        diagnosis = said(error)
        assert (diagnosis.ids, diagnosis.slot) == ([cause_id], slot), f"{diagnosis} {error}"
        assert diagnosis.status in ("proven", "exact") and "between" not in diagnosis.parameters


# What changes requests between proxy and upstream, or is wrong there


@pytest.mark.parametrize(
    "kind, name, cause_id, slot, asked",
    [
        (Nginx, "stock", "HST-PROXY", "host", {}),
        (Nginx, "merges-slashes", "URI-MERGE", "uri", {"Key": "a//b"}),
        (Haproxy, "sets-host", "HST-PROXY", "host", {}),
        (Caddy, "sets-host", "HST-PROXY", "host", {}),
    ],
)
def server_between_proxy_and_upstream_is_named(silent, kind, name, cause_id, slot, asked):
    with kind(name, silent.host) as behind, SigningProxy(behind.url) as proxy:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(silent, endpoint=proxy.url), bucket="silent", **asked)
        diagnosis = said(error)
        assert (diagnosis.ids, diagnosis.status, diagnosis.slot) == ([cause_id], "exact", slot), f"{diagnosis} {error}"
        assert diagnosis.parameters["between"] == "proxy-and-upstream"
        assert "Between this proxy and its upstream" in str(error)
        assert error.response["Error"]["Diagnosis"]["Cause"]["Cure"], error.response


def server_with_another_secret_is_told_apart_from_a_client_that_signs_wrongly(silent):
    with SigningProxy(silent.url, secret=WRONG_SECRET) as proxy:
        error = refused("SignatureDoesNotMatch", 403, connect(silent, endpoint=proxy.url, secret=WRONG_SECRET).list_buckets)
        diagnosis = said(error)
        assert (diagnosis.ids, diagnosis.status, diagnosis.parameters["between"]) == (["SEC-WRONG"], "exact", "proxy-and-upstream"), diagnosis
        assert WRONG_SECRET not in proxy.log()


def server_in_another_region_is_told(silent):
    with SigningProxy(silent.url, region="eu-west-1") as proxy:
        error = refused("AuthorizationHeaderMalformed", 400, connect(silent, endpoint=proxy.url, region="eu-west-1").list_buckets)
        assert said(error).ids == ["SCP-REGION"] and "us-east-1" in str(error), str(error)
    # The upstream may be signed for another region than clients sign for.
    with SigningProxy(silent.url, "--upstream-region", REGION, region="eu-west-1") as proxy:
        client = connect(silent, endpoint=proxy.url, region="eu-west-1")
        assert client.list_buckets()["Buckets"]
        form = client.generate_presigned_post("silent", "k")
        fields = [word for name, value in form["fields"].items() for word in ("--form-string", f"{name}={value}")]
        answer = done(curl(form["url"], *fields, "-F", "file=x", signed=False), 501)
        assert b"<Code>NotImplemented</Code>" in answer.body and b"eu-west-1" in answer.body


def server_that_is_not_there_is_told(server):
    with SigningProxy(f"http://127.0.0.1:{free_port()}") as proxy:
        error = refused("ServiceUnavailable", 503, connect(server, endpoint=proxy.url).list_buckets)
        assert "nothing wrong with the request" in str(error)


def server_gets_nothing_signed_that_came_unsigned(server, proxy, bucket):
    put(connect(server), bucket, Key="private")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{proxy.url}/{bucket}/private")
    assert caught.value.code == 403


def server_is_reached_by_other_machines_only_where_that_was_said():
    binary = os.environ.get("COUNTERSIGN_BIN", str(CONFORMANCE / "../target/release/countersign"))
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
    ran = subprocess.run(
        [binary, "proxy", "--upstream", "http://127.0.0.1:1", "--listen", "0.0.0.0:0"], env=harness.clean_environment(**keys), capture_output=True, timeout=60
    )
    assert ran.returncode == 2 and b"--allow-remote" in ran.stderr, ran
