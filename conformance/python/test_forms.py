"""Uploads from browser forms: what boto3 signs and curl sends, and what no browser would send.

The page in a real browser is elsewhere; here each form is a file upload of curl's (`-F`) or bytes on a bare socket.
"""

import hashlib
import os
import subprocess
from types import SimpleNamespace

import harness
import pytest
import test_boto3
from harness import MIB, Diagnosis, bucket_name
from signing import request
from test_raw import absent, answer, exchange, refused, wire


@pytest.fixture(scope="module")
def s3(server):
    return test_boto3.connect(server)


@pytest.fixture(scope="module")
def bucket(s3):
    name = bucket_name("forms")
    s3.create_bucket(Bucket=name)
    return name


def sign(s3, bucket, object_key, *, fields=None, conditions=None, expires=300):
    """The form of boto3; what it is given as a field it does not sign by itself."""
    signed = [{name: value} for name, value in (fields or {}).items()]
    return s3.generate_presigned_post(bucket, object_key, Fields=dict(fields or {}), Conditions=signed + (conditions or []), ExpiresIn=expires)


def send(form, *file, without=(), last=()):
    """What curl makes of the form: exit code, status, headers by lower-case name, body."""
    fields = [item for item in form["fields"].items() if item[0] not in (*without, *last)]
    late = [item for item in form["fields"].items() if item[0] in last]
    arguments = [word for name, value in fields for word in ("--form-string", f"{name}={value}")]
    arguments += ["-F", *file] + [word for name, value in late for word in ("--form-string", f"{name}={value}")]
    command = ["/usr/bin/curl", "-sS", "-D", "-", *arguments, form["url"]]
    done = subprocess.run(command, env=harness.clean_environment(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rest, status, headers = done.stdout, 100, {}
    while status == 100:
        head, _, rest = rest.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        status = int(lines[0].split()[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return SimpleNamespace(status=status, headers=headers, body=rest.decode())


def denied(answered, status, code, cause):
    assert (answered.status, f"<Code>{code}</Code>" in answered.body) == (status, True), answered.body
    diagnosis = Diagnosis(answered.headers.get("x-countersign-diagnosis"))
    assert diagnosis.ids[0] == cause, f"{diagnosis} {answered.body}"
    return answered.body.partition("<Message>")[2].partition("</Message>")[0]


def read(s3, bucket, object_key):
    return s3.get_object(Bucket=bucket, Key=object_key)


def boto3_presigned_post_uploads_a_file(s3, bucket, tmp_path):
    body = os.urandom(7 * MIB + 3)
    (tmp_path / "cat.jpg").write_bytes(body)
    form = sign(s3, bucket, "u/cat.jpg", fields={"Content-Type": "image/jpeg", "x-amz-meta-a": "grün", "success_action_status": "201"})
    done = send(form, f"file=@{tmp_path}/cat.jpg")
    etag = hashlib.md5(body).hexdigest()
    assert (done.status, done.headers["etag"]) == (201, f'"{etag}"'), done.body
    assert "<Key>u/cat.jpg</Key>" in done.body and "u%2Fcat.jpg</Location>" in done.body
    found = read(s3, bucket, "u/cat.jpg")
    assert found["Body"].read() == body
    assert (found["ContentType"], found["ETag"]) == ("image/jpeg", f'"{etag}"')


def boto3_presigned_post_takes_the_name_of_the_file(s3, bucket, tmp_path):
    (tmp_path / "a b.txt").write_bytes(b"named")
    done = send(sign(s3, bucket, "n/${filename}"), f"file=@{tmp_path}/a b.txt")
    assert done.status == 204, done.body
    assert read(s3, bucket, "n/a b.txt")["Body"].read() == b"named"


def boto3_presigned_post_redirects_with_bucket_key_and_etag(s3, bucket):
    form = sign(s3, bucket, "redirected", fields={"success_action_redirect": "http://a.example/done"})
    done = send(form, "file=meow;filename=cat")
    etag = hashlib.md5(b"meow").hexdigest()
    assert (done.status, done.headers["location"]) == (303, f"http://a.example/done?bucket={bucket}&key=redirected&etag=%22{etag}%22")


def boto3_presigned_post_holds_every_condition(s3, server, bucket):
    ranged = sign(s3, bucket, "ranged", conditions=[["content-length-range", 1, 3]])
    for file, code in (("file=meow;filename=a", "EntityTooLarge"), ("file=;filename=a", "EntityTooSmall")):
        denied(send(ranged, file), 400, code, "POL-COND")
    typed = sign(s3, bucket, "ranged", conditions=[["starts-with", "$Content-Type", "image/"]])
    text = denied(send(typed, "file=meow;filename=a;type=image/png"), 403, "AccessDenied", "POL-CT")
    assert "has no field Content-Type" in text
    extra = sign(s3, bucket, "ranged")
    extra["fields"]["submit"] = "Go"
    assert "Extra input fields: submit" in denied(send(extra, "file=meow;filename=a"), 403, "AccessDenied", "POL-COND")
    expired = sign(s3, bucket, "ranged", expires=-60)
    assert "Policy expired." in denied(send(expired, "file=meow;filename=a"), 403, "AccessDenied", "POL-COND")
    absent(server, bucket, "ranged")


def boto3_presigned_post_with_a_wrong_secret_is_refused(server, bucket):
    form = sign(test_boto3.connect(server, secret=harness.WRONG_SECRET), bucket, "wrong")
    denied(send(form, "file=meow;filename=a"), 403, "SignatureDoesNotMatch", "SEC-WRONG")
    newline = sign(test_boto3.connect(server, secret=harness.SECRET + "\n"), bucket, "wrong")
    denied(send(newline, "file=meow;filename=a"), 403, "SignatureDoesNotMatch", "SEC-NEWLINE")
    old = sign(test_boto3.connect(server, signature_version="s3"), bucket, "wrong")
    assert "Its secret is right" in denied(send(old, "file=meow;filename=a"), 400, "InvalidRequest", "POL-V2")
    absent(server, bucket, "wrong")


def curl_field_behind_the_file_is_told(s3, server, bucket):
    form = sign(s3, bucket, "late")
    text = denied(send(form, "file=meow;filename=a", last=("policy",)), 400, "InvalidArgument", "POL-ORDER")
    assert "field named 'policy'" in text and "after the file" in text
    denied(send(form, "file=meow;filename=a", without=("x-amz-signature",)), 400, "InvalidArgument", "POL-MISSING")
    denied(send(form, "files[]=meow"), 400, "InvalidArgument", "POL-MISSING")
    absent(server, bucket, "late")


def posted(form, body, *, boundary="XX", length=None):
    """Headers and target of a raw POST of this body."""
    target = "/" + form["url"].split("/", 3)[3]
    return target, {"host": "h", "content-type": f"multipart/form-data; boundary={boundary}", "content-length": str(len(body) if length is None else length)}


def body_of(form, data, *, end="\r\n--XX--\r\n"):
    part = 'Content-Disposition: form-data; name="{}"'
    fields = "".join(f"--XX\r\n{part.format(name)}\r\n\r\n{value}\r\n" for name, value in form["fields"].items())
    return f'{fields}--XX\r\n{part.format("file")}; filename="a"\r\n\r\n{data}{end}'.encode()


def raw_form_is_taken_as_it_is(s3, server, bucket):
    data = "line\r\n--X\r\n--\r\n\r\n"
    body = body_of(sign(s3, bucket, "odd"), data)
    target, headers = posted(sign(s3, bucket, "odd"), body)
    assert answer(server, "POST", target, headers, body).status == 204
    assert request(server, "GET", f"/{bucket}/odd")[2] == data.encode()


def raw_form_that_breaks_off_leaves_nothing(s3, server, bucket):
    form = sign(s3, bucket, "broken")
    body = body_of(form, "meow" * 1000)
    for cut in (10, 300, len(body) - 100, len(body) - 12):
        target, headers = posted(form, body)
        text = exchange(server, wire(server, "POST", target, headers, body[:cut]), half_close=True)
        assert "<Code>IncompleteBody</Code>" in text, text
        target, headers = posted(form, body[:cut])
        refused(answer(server, "POST", target, headers, body[:cut]), 400, "MalformedPOSTRequest")
    absent(server, bucket, "broken")


def raw_boundary_tricks_are_refused(s3, server, bucket):
    form = sign(s3, bucket, "tricks")
    plain = body_of(form, "meow")
    second = plain.replace(b"--XX--", b'--XX\r\nContent-Disposition: form-data; name="file"\r\n\r\nother\r\n--XX--')
    for body, boundary, code in (
        (plain, "", "MalformedPOSTRequest"),
        (plain, "other", "MalformedPOSTRequest"),
        (plain, "XX; boundary=YY", "MalformedPOSTRequest"),
        (plain, "X" * 71, "MalformedPOSTRequest"),
        (plain.replace(b"\r\n\r\nmeow", b"\r\n\r\nme\r\n--XXow"), "XX", "MalformedPOSTRequest"),
        (plain.replace(b"\r\n", b"\n"), "XX", "MalformedPOSTRequest"),
        (plain.replace(b'name="file"', b'name="file"; name="key"'), "XX", "MalformedPOSTRequest"),
        (plain.replace(b'filename="a"', b'filename="' + b"a" * 5000 + b'"'), "XX", "MalformedPOSTRequest"),
        (b" " * 30_000 + plain, "XX", "MaxPostPreDataLengthExceeded"),
        (second, "XX", "InvalidArgument"),
    ):
        target, headers = posted(form, body, boundary=boundary)
        refused(answer(server, "POST", target, headers, body), 400, code)
    absent(server, bucket, "tricks")


def raw_post_that_is_no_form_is_refused(s3, server, bucket):
    form = sign(s3, bucket, "none")
    target, headers = posted(form, b"a=b")
    refused(answer(server, "POST", target, headers | {"content-type": "application/x-www-form-urlencoded"}, b"a=b"), 412, "PreconditionFailed")
    body = body_of(form, "meow")
    target, headers = posted(form, body)
    refused(answer(server, "POST", target, headers | {"authorization": "Bearer x"}, body), 400, "InvalidArgument")
    absent(server, bucket, "none")
