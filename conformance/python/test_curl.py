"""`curl --aws-sigv4` of Debian (7.88): the signer at hand where there is no SDK, with habits of its own.

curl signs path and query as they are typed and sends no payload hash by itself, so both are the caller's to get right;
what happens when they are not is tested as well.
"""

import base64
import hashlib
import os
import subprocess
import urllib.parse
from types import SimpleNamespace

import harness
import pytest
import signing
from harness import ACCESS_KEY_ID, AWS_TEXT, DIFFICULT_KEYS, MIB, NGINX_LINE, SECRET, WRONG_SECRET, Diagnosis, Nginx, Server, bucket_name

UNSIGNED = "x-amz-content-sha256: UNSIGNED-PAYLOAD"


def curl(url, *arguments, secret=SECRET, access_key_id=ACCESS_KEY_ID, region=harness.REGION, faketime=None, payload=UNSIGNED, timeout=120, signed=True):
    """One request: exit code, status, headers by lower-case name, body."""
    signature = ["--aws-sigv4", f"aws:amz:{region}:s3", "--user", f"{access_key_id}:{secret}", *(("-H", payload) if payload else ())]
    command = ["/usr/bin/curl", "-sS", "--path-as-is", "-g", "-D", "-", *(signature if signed else ()), *arguments, url]
    if faketime:
        command = ["/usr/bin/faketime", "-f", faketime, *command]
    done = subprocess.run(command, env=harness.clean_environment(), capture_output=True, timeout=timeout)
    rest, status, headers = done.stdout, None, {}
    while rest.startswith(b"HTTP/1.") and (status is None or status == 100):
        head, _, rest = rest.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        status = int(lines[0].split()[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return SimpleNamespace(exit=done.returncode, status=status, headers=headers, body=rest, error=done.stderr.decode())


def done(answer, status=200):
    assert (answer.exit, answer.status) == (0, status), (answer.exit, answer.error, answer.status, answer.body)
    return answer


def refused(answer, status, code):
    done(answer, status)
    assert f"<Code>{code}</Code>" in answer.body.decode(), answer.body
    return Diagnosis(answer.headers.get("x-countersign-diagnosis"))


def message(answer):
    return answer.body.decode().partition("<Message>")[2].partition("</Message>")[0]


def target(server, bucket, object_key):
    return f"{server.url}/{bucket}/{urllib.parse.quote(object_key, safe='/-_.~')}"


@pytest.fixture(scope="module")
def bucket(server):
    name = bucket_name("curl")
    done(curl(f"{server.url}/{name}", "-X", "PUT"))
    return name


@pytest.fixture(scope="module")
def there(server, bucket):
    done(curl(target(server, bucket, "there"), "-X", "PUT", "--data-binary", "there"))
    return target(server, bucket, "there")


def curl_uploads_a_file_and_downloads_it(server, bucket, tmp_path):
    body = os.urandom(3 * MIB)
    (tmp_path / "file").write_bytes(body)
    answer = done(curl(target(server, bucket, "file"), "-T", str(tmp_path / "file")))
    assert answer.headers["etag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert done(curl(target(server, bucket, "file"))).body == body
    assert done(curl(target(server, bucket, "file"), "-H", "range: bytes=5-9"), 206).body == body[5:10]


def curl_uploads_with_the_hash_of_its_body(server, bucket):
    payload = "x-amz-content-sha256: " + hashlib.sha256(b"hashed").hexdigest()
    done(curl(target(server, bucket, "hashed"), "-X", "PUT", "--data-binary", "hashed", payload=payload))
    assert done(curl(target(server, bucket, "hashed"))).body == b"hashed"


def curl_overwriting_replaces_the_object(server, bucket):
    for body in ("old", "new"):
        done(curl(target(server, bucket, "overwritten"), "-X", "PUT", "--data-binary", body))
        assert done(curl(target(server, bucket, "overwritten"))).body == body.encode()


@pytest.mark.parametrize("object_key", DIFFICULT_KEYS)
def curl_difficult_key_is_put_read_listed_and_removed_as_itself(server, object_key):
    name = bucket_name("curl-key")
    done(curl(f"{server.url}/{name}", "-X", "PUT"))
    done(curl(target(server, name, object_key), "-X", "PUT", "--data-binary", "body"))
    assert done(curl(target(server, name, object_key))).body == b"body"
    listing = done(curl(f"{server.url}/{name}?encoding-type=url&list-type=2&prefix=")).body.decode()
    assert "<KeyCount>1</KeyCount>" in listing
    assert urllib.parse.unquote_plus(listing.partition("<Key>")[2].partition("</Key>")[0]) == object_key
    done(curl(target(server, name, object_key), "-X", "DELETE"), 204)
    done(curl(f"{server.url}/{name}", "-X", "DELETE"), 204)


def curl_virtual_host_style_works_with_domain():
    with Server("--domain", "localhost") as running:
        name = bucket_name("virtual")
        url = f"http://{name}.localhost:{running.port}"
        resolve = ("--resolve", f"{name}.localhost:{running.port}:127.0.0.1")
        done(curl(f"{url}/", "-X", "PUT", *resolve))
        done(curl(f"{url}/a/b%20c", "-X", "PUT", "--data-binary", "virtual", *resolve))
        assert done(curl(f"{url}/a/b%20c", *resolve)).body == b"virtual"
        assert done(curl(f"{running.url}/{name}/a/b%20c")).body == b"virtual"


def curl_head_and_conditions(there):
    head = done(curl(there, "-I"))
    assert head.headers["content-length"] == "5"
    done(curl(there, "-H", f"if-none-match: {head.headers['etag']}"), 304)
    refused_code = done(curl(there, "-H", 'if-match: "other"'), 412).body.decode()
    assert "<Code>PreconditionFailed</Code>" in refused_code


# Refusals


def curl_wrong_secret_prints_cause_and_cure(server, there):
    answer = curl(there, secret=WRONG_SECRET)
    diagnosis = refused(answer, 403, "SignatureDoesNotMatch")
    assert (diagnosis.ids[0], diagnosis.status, diagnosis.slot) == ("SEC-WRONG", "unproven", "secret")
    assert message(answer).startswith(AWS_TEXT)
    assert "--user ID:SECRET" in message(answer).removeprefix(AWS_TEXT)
    assert signing.refusal(server, answer.headers["x-amz-request-id"])["causes"][0]["id"] == "SEC-WRONG"


def curl_fields_that_the_documentation_names_are_where_it_says(there):
    row = harness.documented("curl")
    answer = curl(there, secret=WRONG_SECRET)
    assert row["AWS code"] == row["sentence"] == row["element"] == "body"
    for part in ("<Code>SignatureDoesNotMatch</Code>", '<Diagnosis version="1" status="unproven">', '<Cause id="SEC-WRONG"', "<Cure>"):
        assert part in answer.body.decode()
    assert row["header"] == row["request id"] == row["status"] == "-i"
    assert {"x-countersign-diagnosis", "x-amz-request-id"} <= set(answer.headers)
    assert row["AWS code on HEAD"] == "no"
    assert curl(there, "-I", secret=WRONG_SECRET).body.strip() == b""


def curl_unknown_key_is_invalid_access_key_id(there):
    assert refused(curl(there, access_key_id="NOBODYSKEYID00000001"), 403, "InvalidAccessKeyId").status == "exact"


def curl_wrong_region_names_the_right_one(there):
    answer = curl(there, region="eu-central-1")
    diagnosis = refused(answer, 400, "AuthorizationHeaderMalformed")
    assert (diagnosis.ids[0], diagnosis.status) == ("SCP-REGION", "exact")
    assert "<Region>us-east-1</Region>" in answer.body.decode()


@pytest.mark.parametrize(("offset", "direction"), [("-20m", "behind"), ("+20m", "ahead")], ids=["behind", "ahead"])
def curl_clock_20_minutes_off_is_told(there, offset, direction):
    answer = curl(there, faketime=offset)
    diagnosis = refused(answer, 403, "RequestTimeTooSkewed")
    assert (diagnosis.ids[0], diagnosis.status) == ("CLK-SKEW", "exact")
    assert direction in message(answer)


def curl_without_a_payload_hash_is_told_to_send_one(there):
    answer = curl(there, payload=None)
    refused(answer, 400, "InvalidRequest")
    assert message(answer).startswith("Missing required header for this request: x-amz-content-sha256")
    assert answer.headers["x-countersign-diagnosis"] == "HDR-SHA-MISSING; status=exact; slot=payload"
    assert "-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'" in message(answer)


def curl_payload_hash_of_another_body_is_told_with_both_hashes(server, bucket):
    other = hashlib.sha256(b"another").hexdigest()
    answer = curl(target(server, bucket, "wrong-hash"), "-X", "PUT", "--data-binary", "the body", payload=f"x-amz-content-sha256: {other}")
    diagnosis = refused(answer, 400, "XAmzContentSHA256Mismatch")
    assert (diagnosis.ids[0], diagnosis.status) == ("PAY-MISMATCH", "exact")
    assert hashlib.sha256(b"the body").hexdigest() in answer.body.decode()
    done(curl(target(server, bucket, "wrong-hash")), 404)


def curl_hash_of_nothing_for_a_body_is_told(server, bucket):
    answer = curl(target(server, bucket, "empty-hash"), "-X", "PUT", "--data-binary", "the body", payload=f"x-amz-content-sha256: {signing.EMPTY}")
    assert refused(answer, 400, "XAmzContentSHA256Mismatch").ids[0] == "PAY-EMPTYHASH"


@pytest.mark.parametrize("object_key", ["with=equals", "with@at", "with(parens)", "with:colon"])
def curl_character_that_it_signs_unencoded_is_proven(server, bucket, object_key):
    answer = curl(f"{server.url}/{bucket}/{object_key}")
    diagnosis = refused(answer, 403, "SignatureDoesNotMatch")
    assert (diagnosis.ids[0], diagnosis.status, diagnosis.slot) == ("URI-RAW", "proven", "uri")


def curl_query_in_another_order_is_proven_to_be_signed_unsorted(server, bucket):
    answer = curl(f"{server.url}/{bucket}?prefix=a&list-type=2")
    diagnosis = refused(answer, 403, "SignatureDoesNotMatch")
    assert (diagnosis.ids[0], diagnosis.status, diagnosis.slot) == ("QRY-SORT", "proven", "query")


def curl_head_has_only_the_header(there):
    answer = done(curl(there, "-I", secret=WRONG_SECRET), 403)
    assert answer.body.strip() == b""
    assert Diagnosis(answer.headers["x-countersign-diagnosis"]).ids == ["SEC-WRONG"]


def curl_through_nginx_that_passes_host_works(server, there):
    with Nginx("passes-host", server.host) as nginx:
        assert done(curl(there.replace(server.url, nginx.url))).body == b"there"


def curl_through_nginx_that_rewrites_host_both_values_and_the_nginx_line_are_named(server, there):
    with Nginx("rewrites-host-and-says-so", server.host) as nginx:
        answer = curl(there.replace(server.url, nginx.url))
        diagnosis = refused(answer, 403, "SignatureDoesNotMatch")
        assert (diagnosis.ids[0], diagnosis.status, diagnosis.slot) == ("HST-PROXY", "proven", "host")
        for part in (nginx.host, server.host, NGINX_LINE):
            assert part in message(answer)


def curl_through_stock_nginx_nothing_is_claimed_as_proven(server, there):
    with Nginx("stock", server.host) as nginx:
        answer = curl(there.replace(server.url, nginx.url))
        diagnosis = refused(answer, 403, "SignatureDoesNotMatch")
        assert diagnosis.status in ("inferred", "unproven")
        assert "HST-PROXY" in diagnosis.ids or "proxy" in message(answer).lower()


def curl_through_stock_nginx_with_public_url_it_is_proven():
    port = harness.free_port()
    with Server("--public-url", f"http://127.0.0.1:{port}") as named, Nginx("stock", named.host, port) as nginx:
        answer = curl(f"{nginx.url}/")
        diagnosis = refused(answer, 403, "SignatureDoesNotMatch")
        assert (diagnosis.ids[0], diagnosis.status) == ("HST-PROXY", "proven")
        assert nginx.host in message(answer)
        assert NGINX_LINE in message(answer)


def curl_presigned_link_expired_while_it_waited_is_refused(server, bucket):
    path = f"/{bucket}/there"
    late = signing.presign("GET", server.host, path, expires=60, at=signing.stamp(-3600))
    answer = subprocess.run(["/usr/bin/curl", "-sS", "-i", server.url + late], env=harness.clean_environment(), capture_output=True, timeout=60)
    printed = answer.stdout.decode().lower()
    assert "http/1.1 403" in printed
    assert "x-countersign-diagnosis: pre-expired; status=exact" in printed
    assert "request has expired" in printed


CORS = (
    b"<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>"
    b"<AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader></CORSRule></CORSConfiguration>"
)


@pytest.fixture(scope="module")
def open_to_pages(server):
    name = bucket_name("curl-cors")
    done(curl(f"{server.url}/{name}", "-X", "PUT"))
    md5 = base64.b64encode(hashlib.md5(CORS).digest()).decode()
    done(curl(f"{server.url}/{name}?cors=", "-X", "PUT", "-H", f"Content-MD5: {md5}", "--data-binary", CORS.decode()))
    return name


def preflight(url, *, origin=None, method=None, headers=None):
    """What a browser asks ahead of a page's request, unsigned."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    lines = [part for name, value in asked.items() if value for part in ("-H", f"{name}: {value}")]
    return curl(url, "-X", "OPTIONS", *lines, signed=False)


def curl_preflight_is_answered_by_the_rules_of_the_bucket(server, open_to_pages):
    answer = done(preflight(target(server, open_to_pages, "k"), origin="https://app.example", method="PUT", headers="X-Amz-Date,x-amz-acl"))
    shared = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
    assert shared == {
        "access-control-allow-origin": "https://app.example", "access-control-allow-credentials": "true", "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "x-amz-date, x-amz-acl", "access-control-expose-headers": "ETag",
    }  # fmt: skip
    assert answer.headers["vary"] == "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        ({"origin": "https://app.example:444", "method": "PUT"}, "CORS-ORIGIN"),
        ({"origin": "https://app.example", "method": "GET"}, "CORS-METHOD"),
        ({"origin": "https://app.example", "method": "PUT", "headers": "content-type"}, "CORS-HEADER"),
    ],
)
def curl_preflight_that_no_rule_allows_says_which_part_failed(server, open_to_pages, asked, cause):
    answer = preflight(target(server, open_to_pages, "k"), **asked)
    diagnosis = refused(answer, 403, "AccessForbidden")
    assert (diagnosis.ids, diagnosis.status) == ([cause], "exact")
    assert message(answer).startswith("CORSResponse: This CORS request is not allowed.")
    assert f"({cause}, exact)" in message(answer)


def curl_preflight_without_rules_or_origin_is_refused_as_aws_does(server, bucket):
    answer = preflight(target(server, bucket, "k"), origin="https://app.example", method="PUT")
    assert refused(answer, 403, "AccessForbidden").ids == ["CORS-NONE"]
    assert message(answer).startswith("CORSResponse: CORS is not enabled for this bucket.")
    answer = preflight(target(server, bucket, "k"), method="PUT")
    done(answer, 400)
    assert message(answer) == "Insufficient information. Origin request header needed."


def curl_page_reads_the_refusal_of_its_signature(server, open_to_pages):
    answer = curl(target(server, open_to_pages, "k"), "-X", "PUT", "-H", "Origin: https://app.example", "--data-binary", "x", secret=WRONG_SECRET)
    assert refused(answer, 403, "SignatureDoesNotMatch").status
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "date", "x-amz-request-id", "x-countersign-diagnosis"} <= set(exposed)
