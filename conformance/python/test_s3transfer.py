"""s3transfer, the part of boto3 that copies with many threads: large files in many parts at once, and very many small ones.

Byte for byte up and down, with as many threads as people set it to, so that the server sees them all at the same time.
"""

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from harness import AWS_TEXT, MIB, WRONG_SECRET, bucket_name
from s3transfer.manager import TransferManager
from test_boto3 import connect

THREADS = 32
MANY = 1200


@pytest.fixture(scope="module")
def s3(server):
    return connect(server, max_pool_connections=THREADS)


@pytest.fixture(scope="module")
def bucket(s3):
    name = bucket_name("s3transfer")
    s3.create_bucket(Bucket=name)
    return name


def transfer(**more):
    return TransferConfig(max_concurrency=THREADS, multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, **more)


def s3transfer_a_large_file_goes_up_and_down_in_many_parts_at_once(s3, bucket, tmp_path):
    body = os.urandom(64 * MIB + 7)
    (tmp_path / "up").write_bytes(body)
    s3.upload_file(str(tmp_path / "up"), bucket, "large", Config=transfer())
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"].endswith('-13"')
    s3.download_file(bucket, "large", str(tmp_path / "down"), Config=transfer())
    assert (tmp_path / "down").read_bytes() == body


def s3transfer_several_large_streams_share_the_threads(s3, bucket):
    bodies = {f"shared/{number}": os.urandom(11 * MIB + number) for number in range(4)}
    with TransferManager(s3, transfer()) as manager:
        for each in [manager.upload(io.BytesIO(body), bucket, object_key) for object_key, body in bodies.items()]:
            each.result()
    targets = {object_key: io.BytesIO() for object_key in bodies}
    with TransferManager(s3, transfer()) as manager:
        for each in [manager.download(bucket, object_key, target) for object_key, target in targets.items()]:
            each.result()
    for object_key, body in bodies.items():
        assert targets[object_key].getvalue() == body, object_key


def s3transfer_a_large_copy_is_made_of_copied_parts(s3, bucket):
    body = os.urandom(17 * MIB)
    s3.upload_fileobj(io.BytesIO(body), bucket, "source +é", Config=transfer())
    s3.copy({"Bucket": bucket, "Key": "source +é"}, bucket, "copied", Config=transfer())
    target = io.BytesIO()
    s3.download_fileobj(bucket, "copied", target, Config=transfer())
    assert target.getvalue() == body


def s3transfer_very_many_small_objects_go_up_are_listed_come_down_and_are_deleted(s3):
    bucket = bucket_name("s3transfer")
    s3.create_bucket(Bucket=bucket)
    # Sizes from none to some thousand bytes; the content tells which object it is.
    bodies = {f"many/{number % 7}/a+b {number:04}": hashlib.sha512(str(number).encode()).digest() * (number % 64) for number in range(MANY)}
    with TransferManager(s3, transfer()) as manager:
        for each in [manager.upload(io.BytesIO(body), bucket, object_key) for object_key, body in bodies.items()]:
            each.result()
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="many/"))
    listed = {entry["Key"]: entry["Size"] for page in pages for entry in page["Contents"]}
    assert len(pages) == 2
    assert listed == {object_key: len(body) for object_key, body in bodies.items()}
    folders = s3.list_objects_v2(Bucket=bucket, Prefix="many/", Delimiter="/")["CommonPrefixes"]
    assert [each["Prefix"] for each in folders] == [f"many/{number}/" for number in range(7)]

    def read(object_key):
        return object_key, s3.get_object(Bucket=bucket, Key=object_key)["Body"].read()

    with ThreadPoolExecutor(THREADS) as pool:
        assert dict(pool.map(read, bodies)) == bodies
    with TransferManager(s3, transfer()) as manager:
        for each in [manager.delete(bucket, object_key) for object_key in bodies]:
            each.result()
    s3.delete_bucket(Bucket=bucket)


def s3transfer_the_last_of_many_writers_of_one_key_wins_whole(s3, bucket):
    bodies = [bytes([number]) * (MIB + number) for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda body: s3.put_object(Bucket=bucket, Key="contended", Body=body), bodies))
    assert s3.get_object(Bucket=bucket, Key="contended")["Body"].read() in bodies


def s3transfer_a_wrong_secret_shows_cause_and_cure_of_each_refused_transfer(server, bucket):
    with TransferManager(connect(server, secret=WRONG_SECRET), transfer()) as manager:
        refused = [manager.upload(io.BytesIO(bytes(size)), bucket, "refused") for size in (1, MIB, 20 * MIB)]
        for each in refused:
            with pytest.raises(ClientError) as caught:
                each.result()
            assert AWS_TEXT in str(caught.value)
            assert "SEC-WRONG" in str(caught.value)
