"""One-time links as people use them: made by boto3, fetched by curl and by boto3's own transport, many at once."""

import concurrent.futures

import harness
import identity
import pytest
from harness import Diagnosis, Ran, Server, bucket_name
from identity import client


@pytest.fixture(scope="module")
def s3(server):
    made = client(server, "s3")

    for operation in ("GetObject", "PutObject", "HeadObject"):
        made.meta.events.register(f"before-sign.s3.{operation}", once)
    return made


@pytest.fixture(scope="module")
def plain(server):
    return client(server, "s3")


@pytest.fixture(scope="module")
def bucket(plain):
    made = bucket_name("once")
    plain.create_bucket(Bucket=made)
    return made


def once(request, **_):
    request.params["x-countersign-once"] = "1"


def link(s3, operation, bucket, object_key, expires):
    return s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": object_key}, ExpiresIn=expires)


def curl(url, *arguments):
    """Status, headers by lower-case name, and body."""
    done = Ran("/usr/bin/curl", "-sS", "-D", "-", *arguments, url)
    assert done.code == 0, done.err
    head, _, body = done.bytes.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}, body


def is_used(answer):
    status, headers, body = answer
    assert status == 403 and b"<Code>AccessDenied</Code>" in body, answer
    assert b"The link works once and was used" in body, body
    assert Diagnosis(headers.get("x-countersign-diagnosis")).ids == ["PRE-USED"]


def curl_one_time_link_uploads_once_and_downloads_once(s3, bucket, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"hello")
    put = link(s3, "put_object", bucket, "k", 300)
    assert curl(put, "-T", str(file))[0] == 200
    is_used(curl(put, "-T", str(file)))
    get = link(s3, "get_object", bucket, "k", 300)
    status, _, body = curl(get)
    assert (status, body) == (200, b"hello")
    is_used(curl(get))
    is_used(curl(get, "-H", "Range: bytes=0-1"))


def curl_head_of_a_one_time_link_does_not_use_it(s3, plain, bucket):
    plain.put_object(Bucket=bucket, Key="head", Body=b"hello")
    head = link(s3, "head_object", bucket, "head", 300)
    for _ in range(3):
        assert curl(head, "-I")[0] == 200
    get = link(s3, "get_object", bucket, "head", 300)
    # A link for GET is none for HEAD, as at AWS; asking costs nothing.
    assert curl(get, "-I")[0] == 403
    assert curl(get)[0] == 200


def curl_one_time_upload_that_broke_off_can_be_sent_again(s3, bucket, tmp_path):
    large, small = tmp_path / "large", tmp_path / "small"
    large.write_bytes(bytes(64 * harness.MIB))
    small.write_bytes(b"hello")
    put = link(s3, "put_object", bucket, "broken", 300)
    cut = Ran("/usr/bin/curl", "-sS", "--limit-rate", "8M", "--max-time", "1", "-T", large, put)
    assert cut.code == 28, "curl was to be cut off"
    assert curl(put, "-T", str(small))[0] == 200
    is_used(curl(put, "-T", str(small)))


def curl_of_many_with_one_link_one_gets_the_object(s3, plain, bucket):
    plain.put_object(Bucket=bucket, Key="race", Body=b"hello")
    for attempt in range(3):
        get = link(s3, "get_object", bucket, "race", 400 + attempt)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            statuses = [answer[0] for answer in pool.map(lambda _: curl(get), range(16))]
        assert sorted(statuses) == [200] + [403] * 15, statuses


def curl_one_time_link_stays_used_across_kill_9(tmp_path):
    port = harness.free_port()
    server = Server(data_dir=tmp_path, port=port)
    plain = client(server, "s3")
    plain.create_bucket(Bucket="kept")
    plain.put_object(Bucket="kept", Key="k", Body=b"hello")
    plain.meta.events.register("before-sign.s3.GetObject", once)
    get = link(plain, "get_object", "kept", "k", 300)
    assert curl(get)[0] == 200
    server.kill()
    server = Server(data_dir=tmp_path, port=port)
    is_used(curl(get))
    server.kill()


def boto3_one_time_parameter_outside_of_a_link_is_refused(s3, bucket):
    identity.refused("InvalidArgument", 400, s3.get_object, Bucket=bucket, Key="k")

