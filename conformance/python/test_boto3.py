"""boto3: its everyday work, and its refusals as they stand in the exception that people print."""

import base64
import datetime
import hashlib
import io
import os
import subprocess
import urllib.error
import urllib.request
import zlib

import boto3
import botocore.auth
import botocore.credentials
import harness
import pytest
import signing
from botocore.config import Config
from botocore.exceptions import ClientError
from harness import AWS_TEXT, DIFFICULT_KEYS, MIB, NGINX_LINE, REGION, WRONG_SECRET, Diagnosis, Nginx, Server, bucket_name


def connect(server, *, secret=harness.SECRET, access_key_id=harness.ACCESS_KEY_ID, endpoint=None, region=REGION, **config):
    config = {"s3": {"addressing_style": "path"}, "signature_version": "s3v4", "retries": {"total_max_attempts": 1}} | config
    return boto3.session.Session().client(
        "s3", endpoint_url=endpoint or server.url, region_name=region, aws_access_key_id=access_key_id, aws_secret_access_key=secret,
        config=Config(**config),
    )  # fmt: skip


@pytest.fixture(scope="module")
def s3(server):
    return connect(server)


@pytest.fixture(scope="module")
def bucket(s3):
    name = bucket_name("boto3")
    s3.create_bucket(Bucket=name)
    return name


def read(s3, bucket, object_key, **more):
    return s3.get_object(Bucket=bucket, Key=object_key, **more)["Body"].read()


def refused(code, status, call, **arguments):
    """The exception of a call that has to be refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), str(caught.value)
    return caught.value


def said(error):
    return Diagnosis(error.response["ResponseMetadata"]["HTTPHeaders"].get("x-countersign-diagnosis"))


def diagnosed(error, cause_id, status, slot=None):
    diagnosis = said(error)
    assert (diagnosis.ids[0], diagnosis.status) == (cause_id, status), f"{diagnosis} {error}"
    assert slot is None or diagnosis.slot == slot
    element = error.response["Error"]["Diagnosis"]
    cause = element["Cause"][0] if isinstance(element["Cause"], list) else element["Cause"]
    assert cause["Cure"]
    return cause


def put(client, bucket, **more):
    return client.put_object(**{"Bucket": bucket, "Key": "refused", "Body": b"refused"} | more)


# Everyday work


def boto3_put_object_of_bytes_string_and_file_is_stored(s3, bucket, tmp_path):
    body = os.urandom(2 * MIB + 5)
    file = tmp_path / "file"
    file.write_bytes(body)
    with file.open("rb") as stream:
        answer = s3.put_object(Bucket=bucket, Key="file", Body=stream)
    assert answer["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert read(s3, bucket, "file") == body
    s3.put_object(Bucket=bucket, Key="string", Body="grüße")
    assert read(s3, bucket, "string").decode() == "grüße"
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert read(s3, bucket, "empty") == b""


def boto3_overwriting_replaces_the_object(s3, bucket):
    for body in (b"old", b"new"):
        s3.put_object(Bucket=bucket, Key="overwritten", Body=body)
        assert read(s3, bucket, "overwritten") == body


def boto3_upload_fileobj_sends_a_large_file_in_parts(s3, bucket):
    body, progress = os.urandom(20 * MIB + 1), []
    s3.upload_fileobj(io.BytesIO(body), bucket, "large", ExtraArgs={"Metadata": {"a": "1"}}, Callback=progress.append)
    assert sum(progress) == len(body)
    head = s3.head_object(Bucket=bucket, Key="large")
    assert head["ETag"].endswith('-3"')
    assert head["Metadata"] == {"a": "1"}
    target = io.BytesIO()
    s3.download_fileobj(bucket, "large", target)
    assert target.getvalue() == body
    assert read(s3, bucket, "large", PartNumber=3) == body[16 * MIB :]


def boto3_metadata_and_content_headers_come_back_as_sent(s3, bucket):
    sent = {
        "ContentType": "text/plain", "CacheControl": "no-cache", "ContentDisposition": 'attachment; filename="a b"', "ContentLanguage": "de",
        "ContentEncoding": "gzip", "Metadata": {"colour": "blue  green", "x": ""},
    }  # fmt: skip
    s3.put_object(Bucket=bucket, Key="metadata", Body=b"x", **sent)
    head = s3.head_object(Bucket=bucket, Key="metadata")
    assert {name: head[name] for name in sent if name != "Metadata"} == {name: sent[name] for name in sent if name != "Metadata"}
    assert head["Metadata"] == {"colour": "blue  green", "x": ""}


def boto3_response_overrides_replace_the_headers_of_one_answer(s3, bucket):
    s3.put_object(Bucket=bucket, Key="overrides", Body=b"x", ContentType="text/plain")
    answer = s3.get_object(Bucket=bucket, Key="overrides", ResponseContentType="image/png", ResponseExpires=datetime.datetime(2030, 1, 1))
    assert answer["ContentType"] == "image/png"
    assert "2030" in answer["ResponseMetadata"]["HTTPHeaders"]["expires"]


def boto3_ranges_and_conditions_are_kept(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="range", Body=b"0123456789")["ETag"]
    assert read(s3, bucket, "range", Range="bytes=-4") == b"6789"
    refused("InvalidRange", 416, s3.get_object, Bucket=bucket, Key="range", Range="bytes=99-")
    refused("304", 304, s3.get_object, Bucket=bucket, Key="range", IfNoneMatch=etag)
    refused("PreconditionFailed", 412, s3.get_object, Bucket=bucket, Key="range", IfMatch='"other"')
    refused("PreconditionFailed", 412, s3.put_object, Bucket=bucket, Key="range", Body=b"x", IfNoneMatch="*")
    refused("PreconditionFailed", 412, s3.put_object, Bucket=bucket, Key="range", Body=b"x", IfMatch='"other"')
    assert read(s3, bucket, "range") == b"0123456789"


def boto3_a_condition_on_complete_multipart_upload_is_kept(s3, bucket):
    s3.put_object(Bucket=bucket, Key="complete-once", Body=b"first")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="complete-once")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="complete-once", UploadId=upload, PartNumber=1, Body=b"second")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    target = {"Bucket": bucket, "Key": "complete-once", "UploadId": upload, "MultipartUpload": parts}
    refused("PreconditionFailed", 412, s3.complete_multipart_upload, IfNoneMatch="*", **target)
    assert read(s3, bucket, "complete-once") == b"first"


def boto3_lists_by_prefix_and_delimiter_page_by_page(s3):
    name = bucket_name("boto3-list")
    s3.create_bucket(Bucket=name)
    names = [f"folder {number:02}/file" for number in range(7)] + ["z&z", "ü"]
    for each in names:
        s3.put_object(Bucket=name, Key=each, Body=each.encode())
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=name, PaginationConfig={"PageSize": 2}))
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == sorted(names, key=str.encode)
    assert len(pages) == 5
    folders = [p["Prefix"] for page in s3.get_paginator("list_objects").paginate(Bucket=name, Delimiter="/", PaginationConfig={"PageSize": 3}) for p in page.get("CommonPrefixes", [])]
    assert folders == [f"folder {number:02}/" for number in range(7)]
    answer = s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": each} for each in names]})
    assert sorted(entry["Key"] for entry in answer["Deleted"]) == sorted(names)
    s3.delete_bucket(Bucket=name)


def boto3_copy_object_copies_a_difficult_key(s3, bucket):
    s3.put_object(Bucket=bucket, Key="from/é +?#.txt", Body=b"copied", Metadata={"a": "1"})
    s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from/é +?#.txt"})
    assert read(s3, bucket, "to") == b"copied"
    assert s3.head_object(Bucket=bucket, Key="to")["Metadata"] == {"a": "1"}


def boto3_crc32_by_default_and_the_others_when_asked_are_verified_and_kept(s3, bucket):
    crc32 = base64.b64encode(zlib.crc32(b"hello world").to_bytes(4)).decode()
    answer = s3.put_object(Bucket=bucket, Key="crc32", Body=b"hello world")
    assert answer["ChecksumCRC32"] == crc32
    head = s3.head_object(Bucket=bucket, Key="crc32", ChecksumMode="ENABLED")
    assert (head["ChecksumCRC32"], head["ChecksumType"]) == (crc32, "FULL_OBJECT")
    refused("BadDigest", 400, s3.put_object, Bucket=bucket, Key="wrong", Body=b"hello w0rld", ChecksumCRC32=crc32)
    for algorithm, hasher in (("SHA1", hashlib.sha1), ("SHA256", hashlib.sha256)):
        value = base64.b64encode(hasher(b"hello world").digest()).decode()
        s3.put_object(Bucket=bucket, Key=algorithm, Body=b"hello world", ChecksumAlgorithm=algorithm)
        assert s3.head_object(Bucket=bucket, Key=algorithm, ChecksumMode="ENABLED")[f"Checksum{algorithm}"] == value
        refused("BadDigest", 400, s3.put_object, Bucket=bucket, Key="wrong", Body=b"hello w0rld", **{f"Checksum{algorithm}": value})
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="wrong")


@pytest.mark.parametrize("object_key", DIFFICULT_KEYS)
def boto3_difficult_key_is_put_read_listed_and_removed_as_itself(s3, object_key):
    name = bucket_name("boto3-key")
    s3.create_bucket(Bucket=name)
    body = f"body of {object_key}".encode()
    s3.put_object(Bucket=name, Key=object_key, Body=body)
    assert read(s3, name, object_key) == body
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=name)["Contents"]] == [object_key]
    link = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": object_key}, ExpiresIn=60)
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == body
    s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": object_key}]})
    s3.delete_bucket(Bucket=name)


def boto3_presigned_put_uploads_and_presigned_get_downloads(s3, bucket):
    link = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "by link", "ContentType": "text/plain"}, ExpiresIn=60)
    upload = urllib.request.Request(link, data=b"by link", method="PUT", headers={"Content-Type": "text/plain"})
    assert urllib.request.urlopen(upload).status == 200
    link = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "by link", "ResponseContentType": "image/png"}, ExpiresIn=60)
    with urllib.request.urlopen(link) as answer:
        assert (answer.read(), answer.headers["content-type"]) == (b"by link", "image/png")


def boto3_virtual_host_style_works_with_domain(monkeypatch):
    import socket

    real = socket.getaddrinfo
    # *.localhost is this machine by RFC 6761, but not for every resolver.
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: real("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **named))
    with Server("--domain", "localhost") as running:
        client = connect(running, endpoint=f"http://localhost:{running.port}", s3={"addressing_style": "virtual"})
        name = bucket_name("virtual")
        client.create_bucket(Bucket=name)
        answer = client.put_object(Bucket=name, Key="folder/é =", Body=b"virtual")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert read(client, name, "folder/é =") == b"virtual"
        assert f"{name}.localhost" in client.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "x"})


# Refusals


def boto3_wrong_secret_prints_cause_and_cure(server, bucket):
    error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, secret=WRONG_SECRET), bucket=bucket)
    diagnosed(error, "SEC-WRONG", "unproven", "secret")
    assert AWS_TEXT in str(error)
    assert "aws_secret_access_key" in error.response["Error"]["Message"].removeprefix(AWS_TEXT)
    assert harness.SECRET not in str(error.response)
    assert signing.refusal(server, error.response["ResponseMetadata"]["RequestId"])["causes"][0]["id"] == "SEC-WRONG"


@pytest.mark.parametrize(
    ("secret", "cause_id"),
    [(harness.SECRET + "\n", "SEC-NEWLINE"), (harness.SECRET + "\r\n", "SEC-NEWLINE"), (" " + harness.SECRET, "SEC-SPACE"), (f'"{harness.SECRET}"', "SEC-QUOTES"), ("minioadmin", "SEC-DEFAULT")],
    ids=["line-break", "crlf", "blank", "quotes", "default"],
)
def boto3_altered_secret_is_proven_to_be_the_cause(server, bucket, secret, cause_id):
    error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, secret=secret), bucket=bucket)
    diagnosed(error, cause_id, "proven", "secret")


def boto3_unknown_key_is_invalid_access_key_id(server, bucket):
    error = refused("InvalidAccessKeyId", 403, put, client=connect(server, access_key_id="NOBODYSKEYID00000001"), bucket=bucket)
    assert error.response["Error"]["AWSAccessKeyId"] == "NOBODYSKEYID00000001"
    assert said(error).status == "exact"


def boto3_temporary_id_without_its_token_is_told(server, bucket):
    error = refused("InvalidAccessKeyId", 403, put, client=connect(server, access_key_id="ASIAQWERTYUIOPASDF12"), bucket=bucket)
    diagnosed(error, "TOK-MISSING", "exact", "session-token")


def boto3_token_left_over_from_other_credentials_is_told(server, bucket):
    client = connect(server)
    credentials = client._request_signer._credentials
    client._request_signer._credentials = botocore.credentials.Credentials(credentials.access_key, credentials.secret_key, "made+up/token==")
    error = refused("InvalidToken", 400, put, client=client, bucket=bucket)
    diagnosed(error, "TOK-INVALID", "exact", "session-token")
    assert "Apart from that the signature is valid" in str(error)


def boto3_wrong_region_names_the_right_one(server):
    error = refused("AuthorizationHeaderMalformed", 400, connect(server, region="eu-central-1").list_buckets)
    diagnosed(error, "SCP-REGION", "exact")
    assert error.response["Error"]["Region"] == REGION
    assert "the region 'eu-central-1' is wrong; expecting 'us-east-1'" in str(error)


def boto3_wrong_region_is_corrected_for_a_bucket_and_the_refusal_is_on_record(server, s3, bucket):
    client, ids = connect(server, region="eu-central-1"), []
    client.meta.events.register("response-received.s3.PutObject", lambda response_dict, **_: ids.append(response_dict["headers"]["x-amz-request-id"]))
    client.put_object(Bucket=bucket, Key="region-corrected", Body=b"corrected")
    assert read(s3, bucket, "region-corrected") == b"corrected"
    assert signing.refusal(server, ids[0])["causes"][0]["id"] == "SCP-REGION"
    assert len(ids) == 2


def boto3_clock_20_minutes_behind_is_seen(server, bucket, monkeypatch):
    real = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *named: real(*named) - datetime.timedelta(minutes=20))
    error = refused("RequestTimeTooSkewed", 403, put, client=connect(server), bucket=bucket)
    diagnosed(error, "CLK-SKEW", "exact")
    assert "20 minutes behind" in str(error)


def boto3_body_changed_after_signing_is_told_with_both_hashes(server, s3, bucket):
    client = connect(server, request_checksum_calculation="when_required")

    def change(request, **_):
        request.body = b"THE BODY"

    client.meta.events.register("before-send.s3.PutObject", change)
    error = refused("XAmzContentSHA256Mismatch", 400, put, client=client, bucket=bucket, Key="changed", Body=b"the body")
    diagnosed(error, "PAY-MISMATCH", "exact")
    assert error.response["Error"]["ClientComputedContentSHA256"] == hashlib.sha256(b"the body").hexdigest()
    assert error.response["Error"]["S3ComputedContentSHA256"] == hashlib.sha256(b"THE BODY").hexdigest()
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="changed")


def boto3_head_has_only_the_header_and_the_header_is_enough(server, bucket):
    error = refused("403", 403, connect(server, secret=WRONG_SECRET).head_object, Bucket=bucket, Key="there")
    assert "Diagnosis" not in error.response["Error"]
    assert (said(error).ids, said(error).status, said(error).slot) == (["SEC-WRONG"], "unproven", "secret")


def boto3_refusal_is_told_again_by_countersign_explain(server, bucket):
    error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, secret=WRONG_SECRET), bucket=bucket)
    command = [os.environ.get("COUNTERSIGN_BIN", harness.CONFORMANCE / "../target/release/countersign"), "explain", error.response["ResponseMetadata"]["RequestId"], "--admin-url", server.admin_url]
    keys = {"AWS_ACCESS_KEY_ID": harness.ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": harness.SECRET, "COUNTERSIGN_DATA_DIR": "/nonexistent"}
    done = subprocess.run(command, env=harness.clean_environment(**keys), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "SEC-WRONG" in done.stdout
    assert "Copy the secret" in done.stdout


def boto3_fields_that_the_documentation_names_are_where_it_says(server, bucket):
    row = harness.documented("boto3")
    e = refused("SignatureDoesNotMatch", 403, put, client=connect(server, secret=WRONG_SECRET), bucket=bucket)
    look = lambda title, e=e: eval(row[title], {"e": e})  # noqa: S307 -- our own documentation
    assert look("AWS code") == "SignatureDoesNotMatch"
    assert look("status") == 403
    assert "secret" in look("sentence")
    assert look("element")["Cause"]["Cure"]
    assert look("header").startswith("SEC-WRONG; status=unproven")
    assert look("request id")
    head = refused(row["AWS code on HEAD"], 403, connect(server, secret=WRONG_SECRET).head_object, Bucket=bucket, Key="there")
    assert look("header", head).startswith("SEC-WRONG")


def boto3_signature_version_2_gets_the_one_line_cure(server, bucket):
    error = refused("InvalidRequest", 400, put, client=connect(server, signature_version="s3"), bucket=bucket)
    diagnosed(error, "ALG-V2", said(error).status)
    assert "AWS4-HMAC-SHA256" in str(error)


def boto3_through_nginx_that_passes_host_works(server, s3, bucket):
    with Nginx("passes-host", server.host) as nginx:
        client, body = connect(server, endpoint=nginx.url), os.urandom(9 * MIB)
        client.upload_fileobj(io.BytesIO(body), bucket, "nginx/a b+c=é (1)")
        assert read(client, bucket, "nginx/a b+c=é (1)") == body


def boto3_through_nginx_that_rewrites_host_both_values_and_the_nginx_line_are_named(server, bucket):
    with Nginx("rewrites-host-and-says-so", server.host) as nginx:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, endpoint=nginx.url), bucket=bucket)
        cause = diagnosed(error, "HST-PROXY", "proven", "host")
        for part in (nginx.host, server.host, NGINX_LINE):
            assert part in str(error)
        assert (cause["Signed"], cause["Received"]) == (nginx.host, server.host)


def boto3_through_nginx_that_drops_the_port_the_port_is_named(server, bucket):
    with Nginx("drops-port", server.host, harness.first_free_port(8443, 7480)) as nginx:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, endpoint=nginx.url), bucket=bucket)
        diagnosed(error, "HST-PORT-MISSING", "proven", "host")
        assert "$http_host" in str(error)


def boto3_through_stock_nginx_nothing_is_claimed_as_proven(server, bucket):
    with Nginx("stock", server.host) as nginx:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(server, endpoint=nginx.url), bucket=bucket)
        assert said(error).status in ("inferred", "unproven")
        assert "HST-PROXY" in said(error).ids or "proxy" in str(error).lower()


def boto3_through_stock_nginx_with_public_url_it_is_proven():
    port = harness.free_port()
    with Server("--public-url", f"http://127.0.0.1:{port}") as named, Nginx("stock", named.host, port) as nginx:
        error = refused("SignatureDoesNotMatch", 403, put, client=connect(named, endpoint=nginx.url), bucket="any")
        diagnosed(error, "HST-PROXY", "proven", "host")
        for part in (nginx.host, named.host, NGINX_LINE):
            assert part in str(error)


def boto3_host_that_this_key_verified_with_before_is_proven_behind_stock_nginx():
    """Nothing was configured, and still it can be known: the same key has been used under that name."""
    with Server() as running, Nginx("stock", running.host) as stock:
        port = int(stock.host.rpartition(":")[2])
        path = "/"
        signed = signing.sign("GET", stock.host, path)
        # Straight to the server, with the public name in Host as a well-behaved proxy would pass it on.
        status, _, body = signing.send(running.host, "GET", path, signed)
        assert status == 200, body
        error = refused("SignatureDoesNotMatch", 403, connect(running, endpoint=f"http://127.0.0.1:{port}").list_buckets)
        diagnosed(error, "HST-PROXY", "proven", "host")
        assert stock.host in str(error)


def refused_link(link, **request):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(link, **request))
    return caught.value.code, Diagnosis(caught.value.headers["x-countersign-diagnosis"]), caught.value.read().decode()


def boto3_expired_link_says_so(server, bucket, monkeypatch):
    real = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *named: real(*named) - datetime.timedelta(hours=2))
    link = connect(server).generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "late"}, ExpiresIn=60)
    status, diagnosis, xml = refused_link(link, data=b"x", method="PUT")
    assert (status, diagnosis.ids[0], diagnosis.status) == (403, "PRE-EXPIRED", "exact")
    assert "<Code>AccessDenied</Code><Message>Request has expired" in xml


def boto3_link_with_another_content_type_proves_the_signed_one(s3, bucket):
    link = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "photo.png", "ContentType": "image/png"}, ExpiresIn=60)
    status, diagnosis, xml = refused_link(link, data=b"x", method="PUT", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (status, diagnosis.ids[0], diagnosis.status) == (403, "HDR-CT-CHANGED", "proven")
    assert "<Signed>image/png</Signed>" in xml


def boto3_link_with_an_unsigned_header_names_it(s3, bucket):
    link = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "x"}, ExpiresIn=60)
    status, diagnosis, xml = refused_link(link, data=b"x", method="PUT", headers={"x-amz-acl": "public-read"})
    assert (status, diagnosis.ids[0], diagnosis.status) == (403, "HDR-UNSIGNED", "exact")
    assert "<HeadersNotSigned>x-amz-acl</HeadersNotSigned>" in xml


def boto3_link_used_with_another_method_is_refused(s3, bucket):
    link = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "overwritten"}, ExpiresIn=60)
    status, _, xml = refused_link(link, data=b"x", method="PUT")
    assert status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in xml


CORS_RULES = [
    {
        "ID": "uploads", "AllowedHeaders": ["x-AMZ-*", "content-type"], "AllowedMethods": ["PUT", "POST"],
        "AllowedOrigins": ["https://app.example", "http://*.test"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 600,
    },
    {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]},
]  # fmt: skip


def boto3_cors_rules_come_back_as_they_were_put_and_go(s3):
    bucket = bucket_name("boto3-cors")
    s3.create_bucket(Bucket=bucket)
    refused("NoSuchCORSConfiguration", 404, s3.get_bucket_cors, Bucket=bucket)
    for rules in (CORS_RULES[1:], CORS_RULES):
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
        assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == rules
    s3.delete_bucket_cors(Bucket=bucket)
    refused("NoSuchCORSConfiguration", 404, s3.get_bucket_cors, Bucket=bucket)


def boto3_cors_rules_that_say_too_much_are_refused_in_words(s3, bucket):
    for code, rules in {
        "Unsupported method is PATCH": [{"AllowedMethods": ["PATCH"], "AllowedOrigins": ["*"]}],
        "can not have more than one wildcard": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://*.*"]}],
        "100 rules": CORS_RULES[1:] * 101,
    }.items():
        error = refused("InvalidRequest", 400, s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": rules})
        assert code in str(error)
    refused("MalformedXML", 400, s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": []})


def boto3_link_answers_the_preflight_of_a_page_whatever_its_signature(s3, server):
    bucket = bucket_name("boto3-cors")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": CORS_RULES})
    for client in (s3, connect(server, secret=WRONG_SECRET)):
        link = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
        headers = {"Origin": "http://a.test", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "Content-Type"}
        with urllib.request.urlopen(urllib.request.Request(link, method="OPTIONS", headers=headers)) as answer:
            assert answer.status == 200
            assert answer.headers["access-control-allow-origin"] == "http://a.test"
            assert answer.headers["access-control-allow-headers"] == "content-type"
    status, diagnosis, xml = refused_link(link, method="OPTIONS", headers=headers | {"Access-Control-Request-Method": "DELETE"})
    assert (status, diagnosis.ids[0], diagnosis.status) == (403, "CORS-METHOD", "exact")
    assert "<Code>AccessForbidden</Code>" in xml


def boto3_unknown_operations_are_not_implemented(s3, bucket):
    versioning = {"VersioningConfiguration": {"Status": "Enabled"}}
    tags = {"Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}
    for call, more in ((s3.list_bucket_inventory_configurations, {}), (s3.put_bucket_versioning, versioning), (s3.put_bucket_tagging, tags)):
        with pytest.raises(ClientError) as caught:
            call(Bucket=bucket, **more)
        assert caught.value.response["Error"]["Code"] in ("NotImplemented", "MethodNotAllowed")


def boto3_what_was_never_set_is_said_to_be_missing(s3, bucket):
    for call, code in (
        (s3.get_bucket_website, "NoSuchWebsiteConfiguration"),
        (s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"),
        (s3.get_bucket_replication, "ReplicationConfigurationNotFoundError"),
    ):
        with pytest.raises(ClientError) as caught:
            call(Bucket=bucket)
        assert caught.value.response["Error"]["Code"] == code
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert s3.delete_bucket_website(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204


def boto3_versions_acls_and_attributes_are_read(s3):
    bucket = bucket_name("read")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a b", Body=b"hello")
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    version = s3.list_object_versions(Bucket=bucket)["Versions"][0]
    assert (version["Key"], version["VersionId"], version["IsLatest"]) == ("a b", "null", True)
    grants = s3.get_object_acl(Bucket=bucket, Key="a b")["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL"]
    assert grants[0]["Grantee"]["ID"] == s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    attributes = s3.get_object_attributes(Bucket=bucket, Key="a b", ObjectAttributes=["ETag", "Checksum", "ObjectSize"])
    assert (attributes["ETag"], attributes["ObjectSize"]) == ("5d41402abc4b2a76b9719d911017c592", 5)
    assert attributes["Checksum"]["ChecksumType"] == "FULL_OBJECT"
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a b", "VersionId": version["VersionId"]}]})
    s3.delete_bucket(Bucket=bucket)
