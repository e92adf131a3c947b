"""Requests that no client sends, over bare sockets: what an attacker tries, and what a broken proxy makes.

Each is signed as far as it has to be by `signing.py`. Not here: mistakes that clients make, they are in the clients' files.
"""

import base64
import datetime
import email.utils
import hashlib
import re
import socket
import urllib.parse
import zlib
from types import SimpleNamespace

import pytest
import signing
from harness import ACCESS_KEY_ID, REGION, SECRET, Diagnosis, bucket_name
from signing import EMPTY, request, sign

UNSIGNED = "UNSIGNED-PAYLOAD"


@pytest.fixture(scope="module")
def bucket(server):
    name = bucket_name("raw")
    assert request(server, "PUT", f"/{name}")[0] == 200
    assert request(server, "PUT", f"/{name}/there", body=b"there")[0] == 200
    return name


def wire(server, method, target, headers, body=b""):
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def exchange(server, data, *, half_close=False):
    """Sends these bytes and reads until the server closes: every answer that came, as one text."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        received = b""
        while True:
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            received += piece
    return received.decode("utf-8", "replace")


def answer(server, method, target, headers, body=b"", **how):
    """One request on a connection that it asks to be closed."""
    text = exchange(server, wire(server, method, target, headers | {"connection": "close"}, body), **how)
    assert text.startswith("HTTP/1.1 "), f"no answer: {text!r}"
    head, _, rest = text.partition("\r\n\r\n")
    pairs = (line.partition(":") for line in head.split("\r\n")[1:])
    return SimpleNamespace(status=int(text[9:12]), headers={name.lower(): value.strip() for name, _, value in pairs}, body=rest, text=text)


def refused(answered, status, code):
    assert answered.status == status, answered.text
    assert f"<Code>{code}</Code>" in answered.body, answered.text
    return answered


def code_of(body):
    found = re.search(r"<Code>(\w+)</Code>", body if isinstance(body, str) else body.decode())
    return found and found[1]


def absent(server, bucket, object_key):
    status, _, body = request(server, "GET", f"/{bucket}/{object_key}")
    assert (status, code_of(body)) == (404, "NoSuchKey")


def intact(server, bucket):
    status, _, body = request(server, "GET", f"/{bucket}/there")
    assert (status, body) == (200, b"there")


# What is not signed is not believed


def raw_x_amz_header_added_after_signing_is_refused(server, bucket):
    path = f"/{bucket}/added"
    headers = sign("PUT", server.host, path, payload=UNSIGNED) | {"x-amz-meta-added": "1", "content-length": "1"}
    said = refused(answer(server, "PUT", path, headers, b"x"), 403, "AccessDenied")
    assert "<HeadersNotSigned>x-amz-meta-added</HeadersNotSigned>" in said.body
    assert Diagnosis(said.headers["x-countersign-diagnosis"]).ids == ["HDR-UNSIGNED"]
    absent(server, bucket, "added")


def raw_copy_source_added_to_a_signed_put_is_refused(server, bucket):
    path = f"/{bucket}/copied"
    headers = sign("PUT", server.host, path) | {"x-amz-copy-source": f"/{bucket}/there", "content-length": "0"}
    refused(answer(server, "PUT", path, headers), 403, "AccessDenied")
    absent(server, bucket, "copied")


def raw_host_has_to_be_signed(server, bucket):
    path = f"/{bucket}/there"
    headers = sign("GET", server.host, path, unsigned=("host",))
    assert answer(server, "GET", path, headers).status in (400, 403)


@pytest.mark.parametrize("changed", ["path", "query", "payload", "date", "signature"])
def raw_changed_after_signing_is_refused(server, bucket, changed):
    path, target = f"/{bucket}/there", f"/{bucket}/there"
    headers = sign("GET", server.host, path)
    if changed == "path":
        target = f"/{bucket}/There"
    elif changed == "query":
        target = f"/{bucket}/there?response-content-type=text%2Fhtml"
    elif changed == "payload":
        headers["x-amz-content-sha256"] = UNSIGNED
    elif changed == "date":
        headers["x-amz-date"] = signing.stamp(60)
    else:
        headers["authorization"] = headers["authorization"][:-1] + ("0" if headers["authorization"][-1] != "0" else "1")
    refused(answer(server, "GET", target, headers), 403, "SignatureDoesNotMatch")


def raw_replay_after_15_minutes_is_refused(server, bucket):
    path = f"/{bucket}/there"
    assert answer(server, "GET", path, sign("GET", server.host, path, at=signing.stamp(-800))).status == 200
    refused(answer(server, "GET", path, sign("GET", server.host, path, at=signing.stamp(-960))), 403, "RequestTimeTooSkewed")


def raw_presigned_link_is_refused_when_expired_or_prolonged(server, bucket):
    path, host = f"/{bucket}/there", {"host": server.host}
    late = signing.presign("GET", server.host, path, expires=60, at=signing.stamp(-120))
    refused(answer(server, "GET", late, host), 403, "AccessDenied")
    refused(answer(server, "GET", late.replace("X-Amz-Expires=60", "X-Amz-Expires=86400"), host), 403, "SignatureDoesNotMatch")
    eternal = signing.presign("GET", server.host, path, expires=604801)
    refused(answer(server, "GET", eternal, host), 400, "AuthorizationQueryParametersError")
    fresh = signing.presign("GET", server.host, path)
    assert answer(server, "GET", fresh, host).status == 200
    assert answer(server, "GET", fresh.replace("?", "?X-Amz-Signature=" + "0" * 64 + "&"), host).status in (400, 403)
    for again in ("X-Amz-Expires=86400", f"X-Amz-Date={signing.stamp()}"):
        assert answer(server, "GET", f"{late}&{again}", host).status in (400, 403)
        assert answer(server, "GET", late.replace("?", f"?{again}&"), host).status in (400, 403)
    assert answer(server, "GET", re.sub(r"Signature=.*", "Signature=", fresh), host).status in (400, 403)


def raw_key_derived_for_another_service_is_refused(server, bucket):
    path = f"/{bucket}/there"
    refused(answer(server, "GET", path, sign("GET", server.host, path, service="iam")), 400, "AuthorizationHeaderMalformed")


@pytest.mark.parametrize(("method", "target"), [("GET", "/"), ("GET", "/{}"), ("GET", "/{}/there"), ("PUT", "/{}/anonymous"), ("DELETE", "/{}/there"), ("DELETE", "/{}"), ("PUT", "/anonymous-bucket")])
def raw_anonymous_is_access_denied(server, bucket, method, target):
    said = refused(answer(server, method, target.format(bucket), {"host": server.host, "content-length": "0"}), 403, "AccessDenied")
    assert "x-amz-request-id" in said.headers
    intact(server, bucket)


def raw_anonymous_is_told_which_bucket_there_is_not(server):
    refused(answer(server, "GET", "/absent-bucket/x", {"host": server.host}), 404, "NoSuchBucket")


def raw_admin_api_is_not_on_the_s3_port(server):
    path = "/api/v1/refusals"
    assert answer(server, "GET", path, sign("GET", server.host, path, service="countersign")).status in (400, 403, 404)


# Bodies


def raw_body_cut_short_is_incomplete_and_nothing_is_visible(server, bucket):
    path = f"/{bucket}/cut"
    headers = sign("PUT", server.host, path, payload=UNSIGNED) | {"content-length": "100000"}
    said = refused(answer(server, "PUT", path, headers, b"x" * 50_000, half_close=True), 400, "IncompleteBody")
    assert Diagnosis(said.headers["x-countersign-diagnosis"]).value == "STR-LENGTH; status=exact; slot=body"
    assert "100000 bytes of data were announced, 50000 arrived" in said.body
    absent(server, bucket, "cut")


def raw_body_whose_connection_breaks_leaves_nothing_visible(server, bucket):
    path = f"/{bucket}/broken"
    headers = sign("PUT", server.host, path, payload=UNSIGNED) | {"content-length": "100000"}
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(wire(server, "PUT", path, headers, b"x" * 50_000))
        # A reset, not an orderly close.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    absent(server, bucket, "broken")
    intact(server, bucket)


def chunked(server, path, chunks, *, declared=None, spoil=None, last=True):
    """Headers and body of a signed aws-chunked upload; `spoil` is the number of the chunk whose signature is wrong."""
    at = signing.stamp()
    scope = f"{at[:8]}/{REGION}/s3/aws4_request"
    size = sum(map(len, chunks)) if declared is None else declared
    headers = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(size)}
    headers = sign("PUT", server.host, path, headers=headers, payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD", at=at)
    previous, body = headers["authorization"].rpartition("=")[2], b""
    for number, chunk in enumerate([*chunks, b""] if last else chunks):
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{at}\n{scope}\n{previous}\n{EMPTY}\n{hashlib.sha256(chunk).hexdigest()}"
        previous = signing.digest(SECRET, at[:8], REGION, "s3", text)
        sent = "0" * 64 if number == spoil else previous
        body += f"{len(chunk):x};chunk-signature={sent}\r\n".encode() + chunk + b"\r\n"
    return headers | {"content-length": str(len(body))}, body


CHUNKS = [b"a" * 65536, b"b" * 65536, b"c" * 100]


def raw_signed_chunks_are_stored_without_their_frames(server, bucket):
    headers, body = chunked(server, f"/{bucket}/chunks", CHUNKS)
    assert answer(server, "PUT", f"/{bucket}/chunks", headers, body).status == 200
    assert request(server, "GET", f"/{bucket}/chunks")[2] == b"".join(CHUNKS)


@pytest.mark.parametrize("spoil", range(len(CHUNKS) + 1), ids=["first", "second", "third", "closing"])
def raw_chunk_with_a_wrong_signature_is_refused_and_nothing_is_visible(server, bucket, spoil):
    headers, body = chunked(server, f"/{bucket}/bad-chunk", CHUNKS, spoil=spoil)
    said = refused(answer(server, "PUT", f"/{bucket}/bad-chunk", headers, body), 403, "SignatureDoesNotMatch")
    assert Diagnosis(said.headers["x-countersign-diagnosis"]).value == f"STR-CHUNK; status=unproven; slot=chunk:{spoil + 1}"
    assert f"from byte {sum(map(len, CHUNKS[:spoil]))} of the data on" in said.body
    absent(server, bucket, "bad-chunk")


def raw_chunks_that_end_early_or_count_wrong_leave_nothing_visible(server, bucket):
    path = f"/{bucket}/bad-length"
    for how in ({"last": False}, {"declared": 5}, {"declared": 10_000_000}):
        headers, body = chunked(server, path, CHUNKS, **how)
        assert answer(server, "PUT", path, headers, body).status == 400
        absent(server, bucket, "bad-length")


def raw_chunk_header_without_end_is_refused(server, bucket):
    path = f"/{bucket}/bad-frame"
    headers, body = chunked(server, path, [b"a" * 70000])
    endless = b"1" * len(body)
    assert answer(server, "PUT", path, headers, endless).status in (400, 403)
    absent(server, bucket, "bad-frame")


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def raw_checksum_in_a_trailer_decides_whether_the_object_is_stored(server, bucket, right):
    body, path = b"trailer" * 20_000, f"/{bucket}/trailer-{right}"
    value = base64.b64encode(zlib.crc32(body if right else b"another").to_bytes(4)).decode()
    headers = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(body)), "x-amz-trailer": "x-amz-checksum-crc32"}
    headers = sign("PUT", server.host, path, headers=headers, payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    framed = f"{len(body):x}\r\n".encode() + body + f"\r\n0\r\nx-amz-checksum-crc32:{value}\r\n\r\n".encode()
    said = answer(server, "PUT", path, headers | {"content-length": str(len(framed))}, framed)
    if right:
        assert said.status == 200, said.text
        assert request(server, "GET", path)[2] == body
    else:
        refused(said, 400, "BadDigest")
        assert Diagnosis(said.headers["x-countersign-diagnosis"]).value == "PAY-SDK2025; status=exact; slot=trailer"
        absent(server, bucket, f"trailer-{right}")


def raw_signature_version_4a_is_told(server, bucket):
    path = f"/{bucket}/there"
    headers = sign("GET", server.host, path, headers={"x-amz-region-set": "*"})
    headers["authorization"] = headers["authorization"].replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256").replace(f"/{REGION}", "")
    said = refused(answer(server, "GET", path, headers), 400, "InvalidRequest")
    assert Diagnosis(said.headers["x-countersign-diagnosis"]).value == "ALG-V4A; status=exact; slot=mechanism"


def raw_stripped_content_encoding_of_a_stream_is_proven(server, bucket):
    headers, body = chunked(server, f"/{bucket}/stripped", CHUNKS)
    headers = {name: value for name, value in headers.items() if name != "content-encoding"} | {"via": "1.1 cdn"}
    said = refused(answer(server, "PUT", f"/{bucket}/stripped", headers, body), 403, "SignatureDoesNotMatch")
    assert Diagnosis(said.headers["x-countersign-diagnosis"]).value == "PAY-CE; status=proven; slot=header:content-encoding"


# HTTP that two readers would read in two ways


@pytest.mark.parametrize(
    "ambiguous",
    [
        "content-length: 5\r\ncontent-length: 50", "content-length: 5\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\ncontent-length: 5",
        "content-length: +5", "content-length: 5, 50", "content-length : 5", " content-length: 5",
    ],
)  # fmt: skip
def raw_ambiguous_request_runs_nothing_behind_it(server, bucket, ambiguous):
    path = f"/{bucket}/there"
    behind = wire(server, "DELETE", path, sign("DELETE", server.host, path))
    head = wire(server, "PUT", f"/{bucket}/ambiguous", sign("PUT", server.host, f"/{bucket}/ambiguous", payload=UNSIGNED))[:-2]
    text = exchange(server, head + ambiguous.encode() + b"\r\n\r\n0\r\n\r\n" + behind, half_close=True)
    assert not text.startswith("HTTP/1.1 5"), text
    assert "HTTP/1.1 204" not in text, text
    intact(server, bucket)


def raw_two_hosts_are_refused(server, bucket):
    path = f"/{bucket}/there"
    head = wire(server, "GET", path, sign("GET", server.host, path) | {"connection": "close"})[:-2]
    for other in ("other.example", server.host):
        text = exchange(server, head + f"host: {other}\r\n\r\n".encode())
        assert text.startswith(("HTTP/1.1 400", "HTTP/1.1 403")), text


def raw_body_of_a_refused_upload_is_never_read_as_a_request(server, bucket):
    path = f"/{bucket}/there"
    hidden = wire(server, "DELETE", path, sign("DELETE", server.host, path)) * 20
    headers = sign("PUT", server.host, f"/{bucket}/x", payload=UNSIGNED, secret="wrong" * 8) | {"content-length": str(len(hidden))}
    text = exchange(server, wire(server, "PUT", f"/{bucket}/x", headers, hidden), half_close=True)
    assert text.startswith("HTTP/1.1 403")
    assert text.count("HTTP/1.1 ") == 1
    intact(server, bucket)


def raw_absolute_form_is_no_side_door(server, bucket):
    for authority in ("other.example", server.host):
        target = f"http://{authority}/{bucket}/there"
        assert answer(server, "GET", target, {"host": server.host}).status in (400, 403)
    signed = answer(server, "GET", f"http://{server.host}/{bucket}/there", sign("GET", server.host, f"/{bucket}/there"))
    assert signed.status in (200, 400), signed.text
    # RFC 9112: the authority of the target is the one that counts, and this one was not signed.
    assert answer(server, "GET", f"http://other.example/{bucket}/there", sign("GET", server.host, f"/{bucket}/there")).status in (400, 403)


def raw_oversized_headers_are_refused_and_the_server_lives(server, bucket):
    for headers in ({"x-amz-meta-large": "x" * 200_000}, {f"x-amz-meta-{number}": "x" * 50 for number in range(5000)}):
        text = exchange(server, wire(server, "GET", f"/{bucket}/there", {"host": server.host} | headers), half_close=True)
        assert text[9:12] in ("400", "403", "413", "431", ""), text[:200]
        intact(server, bucket)


def raw_user_metadata_over_two_kib_is_refused(server, bucket):
    status, _, body = request(server, "PUT", f"/{bucket}/fat", headers={"x-amz-meta-fat": "x" * 3000}, body=b"x")
    assert (status, code_of(body)) == (400, "MetadataTooLarge")


@pytest.mark.parametrize("garbage", [b"\0" * 100, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET /" + b"x" * 300_000 + b" HTTP/1.1\r\n\r\n"], ids=["zeros", "http2", "tls", "short", "long-target"])
def raw_garbage_is_refused_and_the_server_lives(server, bucket, garbage):
    text = exchange(server, garbage, half_close=True)
    assert text == "" or text.startswith("HTTP/1.1 4"), text[:200]
    intact(server, bucket)


# Operations that are not meant


@pytest.mark.parametrize("name", ["acl", "policy", "versioning", "lifecycle", "tagging", "cors", "website", "replication", "encryption", "never-heard-of"])
def raw_delete_of_a_bucket_sub_resource_does_not_delete_the_bucket(server, name):
    bucket = bucket_name("sub")
    assert request(server, "PUT", f"/{bucket}")[0] == 200
    status, _, body = request(server, "DELETE", f"/{bucket}", query={name: ""})
    # 204: what was never set is removed without a change.
    assert status == 204 or (status, code_of(body)) in ((501, "NotImplemented"), (405, "MethodNotAllowed"), (400, "InvalidArgument")), body
    assert request(server, "HEAD", f"/{bucket}")[0] == 200


@pytest.mark.parametrize("name", ["acl", "tagging", "retention", "legal-hold", "torrent", "restore", "attributes", "never-heard-of"])
def raw_unknown_object_sub_resource_touches_no_object(server, bucket, name):
    for method, body in (("PUT", b"overwritten"), ("DELETE", b""), ("POST", b"")):
        status, _, text = request(server, method, f"/{bucket}/there", query={name: ""}, body=body)
        if (method, name, status) == ("DELETE", "tagging", 204):
            continue
        assert status in (501, 405, 400), (method, status, text)
        assert code_of(text) in ("NotImplemented", "MethodNotAllowed", "InvalidArgument", "InvalidRequest", "AccessControlListNotSupported", "MalformedACLError"), text
    intact(server, bucket)


def raw_unknown_methods_are_refused(server, bucket):
    for method in ("PATCH", "PROPFIND", "TRACE", "get"):
        path = f"/{bucket}/there"
        assert answer(server, method, path, sign(method, server.host, path) | {"content-length": "0"}).status in (400, 403, 405, 501), method
    intact(server, bucket)


def raw_dot_segments_are_part_of_the_key_and_lead_nowhere(server, bucket):
    other = bucket_name("other")
    assert request(server, "PUT", f"/{other}")[0] == 200
    assert request(server, "PUT", f"/{other}/secret", body=b"secret")[0] == 200
    for path in (f"/{bucket}/../{other}/secret", f"/{bucket}/%2e%2e/{other}/secret", f"/{bucket}/..%2f{other}%2fsecret"):
        status, _, body = answer(server, "GET", path, sign("GET", server.host, path)).status, None, None
        # The encoded ones are not the canonical form, so their signature says something else.
        assert status in (403, 404), path
    for object_key in ("../../x", "../../../../../../tmp/countersign-escaped", "./.", "..", "a/../../b"):
        path = f"/{bucket}/{object_key}"
        assert request(server, "PUT", path, body=object_key.encode())[0] == 200
        assert request(server, "GET", path)[2] == object_key.encode()
    listing = request(server, "GET", f"/{bucket}", query={"list-type": "2", "prefix": "."})[2].decode()
    assert "<Key>../../x</Key>" in listing
    assert "<Key>..</Key>" in listing


@pytest.mark.parametrize(("path", "codes"), [("%00", (200, 400)), ("a%00b", (200, 400)), ("%FF%FE", (400,)), ("x" * 1025, (400,)), ("x" * 1024, (200,)), ("%01", (200, 400))], ids=["nul", "nul-inside", "not-utf-8", "1025-bytes", "1024-bytes", "control"])
def raw_odd_key_is_stored_or_refused_and_never_an_internal_error(server, bucket, path, codes):
    status, _, body = request(server, "PUT", f"/{bucket}/{path}", body=b"odd")
    assert status in codes, body
    if status == 200:
        assert request(server, "GET", f"/{bucket}/{path}")[2] == b"odd"
        listing = request(server, "GET", f"/{bucket}", query={"list-type": "2", "encoding-type": "url", "prefix": urllib.parse.unquote(path)})[2].decode()
        assert f"<Key>{path}</Key>" in listing
        assert request(server, "DELETE", f"/{bucket}/{path}")[0] == 204


@pytest.mark.parametrize("name", ["ab", "Upper", "a..b", "-a", "192.168.0.1", "a_b", "x" * 64, "minio"])
def raw_bucket_name_that_is_none_is_refused(server, name):
    status, _, body = request(server, "PUT", f"/{name}")
    assert status == 400 or (name == "minio" and status in (400, 403, 409)), body


# Documents


def md5(body):
    return {"content-md5": base64.b64encode(hashlib.md5(body).digest()).decode()}


def bomb(root):
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY e0 "boom">{entities}]><{root}><Object><Key>&e11;</Key></Object></{root}>'.encode()


DOCUMENTS = {
    "bomb": bomb, "external": lambda root: f'<!DOCTYPE {root} [<!ENTITY x SYSTEM "file:///etc/passwd">]><{root}><Object><Key>&x;</Key></Object></{root}>'.encode(),
    "deep": lambda root: f"<{root}>".encode() + b"<a>" * 100_000, "cut": lambda root: f"<{root}><Object><Key>".encode(), "empty": lambda root: b"",
    "other": lambda root: b"<Other/>", "not-xml": lambda root: b"{}", "not-utf-8": lambda root: f"<{root}>".encode() + b"\xff\xfe</",
}  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS)
def raw_hostile_delete_objects_document_is_malformed_xml(server, bucket, document):
    body = DOCUMENTS[document]("Delete")
    status, _, answered = request(server, "POST", f"/{bucket}", query={"delete": ""}, body=body, headers=md5(body))
    assert (status, code_of(answered)) == (400, "MalformedXML"), answered
    assert b"root:" not in answered
    intact(server, bucket)


@pytest.mark.parametrize("document", DOCUMENTS)
def raw_hostile_complete_document_is_malformed_xml(server, bucket, document):
    upload = request(server, "POST", f"/{bucket}/hostile", query={"uploads": ""})[2].decode().partition("<UploadId>")[2].partition("<")[0]
    body = DOCUMENTS[document]("CompleteMultipartUpload")
    status, _, answered = request(server, "POST", f"/{bucket}/hostile", query={"uploadId": upload}, body=body)
    assert (status, code_of(answered)) in ((400, "MalformedXML"), (400, "InvalidRequest")), answered
    absent(server, bucket, "hostile")


def raw_document_beyond_its_limit_is_refused(server, bucket):
    body = b"<Delete>" + b"<Object><Key>x</Key></Object>" * 1001 + b"</Delete>"
    status, _, answered = request(server, "POST", f"/{bucket}", query={"delete": ""}, body=body, headers=md5(body))
    assert (status, code_of(answered)) == (400, "MalformedXML"), answered
    huge = b"<Delete><Object><Key>" + b"x" * (20 * 1024 * 1024) + b"</Key></Object></Delete>"
    status, _, answered = request(server, "POST", f"/{bucket}", query={"delete": ""}, body=huge, headers=md5(huge))
    assert status in (400, 413), answered


# Answers


def raw_response_override_cannot_add_a_header(server, bucket):
    query = {"response-content-disposition": "a\r\nset-cookie: stolen=1"}
    status, headers, _ = request(server, "GET", f"/{bucket}/there", query=query)
    assert "set-cookie" not in headers
    assert status in (200, 400)


def raw_value_from_the_request_is_escaped_in_the_answer(server, bucket):
    target = f"/{bucket}/there"
    headers = sign("GET", server.host, target, secret="x" * 40) | {"user-agent": "</Diagnosis><script>"}
    headers["authorization"] = headers["authorization"].replace(ACCESS_KEY_ID, "<script>alert(1)&amp;")
    said = answer(server, "GET", target, headers)
    assert said.status in (400, 403)
    assert "<script>" not in said.body


def raw_date_and_request_id_are_on_every_answer(server, bucket):
    there = f"/{bucket}/there"
    etag = request(server, "HEAD", there)[1]["etag"]
    cases = [
        (200, "GET", there, {}, {}), (206, "GET", there, {}, {"range": "bytes=0-0"}), (304, "GET", there, {}, {"if-none-match": etag}), (416, "GET", there, {}, {"range": "bytes=99-"}),
        (412, "GET", there, {}, {"if-match": '"x"'}), (404, "GET", f"/{bucket}/absent", {}, {}), (404, "HEAD", f"/{bucket}/absent", {}, {}), (404, "GET", "/absent-bucket", {}, {}),
        (204, "DELETE", f"/{bucket}/absent", {}, {}), (409, "DELETE", f"/{bucket}", {}, {}), (200, "GET", "/", {}, {}), (501, "PUT", f"/{bucket}", {"website": ""}, {}),
    ]  # fmt: skip
    seen = []
    for expected, method, path, query, headers in cases:
        status, received, body = request(server, method, path, query=query, headers=headers)
        assert status == expected, (method, path, query, headers, status, body)
        seen.append(received)
        if status >= 400 and method != "HEAD":
            assert f"<RequestId>{received['x-amz-request-id']}</RequestId>" in body.decode()
    for method in ("GET", "HEAD", "PUT"):
        refusal = answer(server, method, there, sign(method, server.host, there, secret="x" * 40) | {"content-length": "0"})
        assert refusal.status == 403
        assert "x-countersign-diagnosis" in refusal.headers
        seen.append(refusal.headers)
    ids = [headers["x-amz-request-id"] for headers in seen]
    assert len(set(ids)) == len(ids)
    now = datetime.datetime.now(datetime.timezone.utc)
    for headers in seen:
        assert abs((email.utils.parsedate_to_datetime(headers["date"]) - now).total_seconds()) < 120


def raw_errors_are_xml_that_no_browser_sniffs(server):
    said = answer(server, "GET", "/", {"host": server.host})
    assert said.headers["content-type"] == "application/xml"
    assert said.headers.get("x-content-type-options") == "nosniff"


def raw_server_is_ready_and_alive_on_both_ports(server):
    for url in ("/-/livez", "/-/readyz", "/minio/health/live", "/minio/health/ready"):
        assert answer(server, "GET", url, {"host": server.host}).status == 200, url
    for url in ("/livez", "/readyz", "/healthz"):
        assert signing.send(f"127.0.0.1:{server.admin_port}", "GET", url, {})[0] == 200, url
