"""minio-py, MinIO's own client for Python: its everyday work, and its refusals as they stand in the exception.

Not here: what only a MinIO server offers. Keys with a dot segment are refused by the client itself before it sends anything.
"""

import hashlib
import io
import json
import os
import urllib.request
from datetime import timedelta

import harness
import pytest
import signing
from harness import AWS_TEXT, DIFFICULT_KEYS, MIB, REGION, WRONG_SECRET, bucket_name
from minio import Minio
from minio.commonconfig import REPLACE, ComposeSource, CopySource
from minio.deleteobjects import DeleteObject
from minio.error import S3Error


def connect(server, *, secret=harness.SECRET, region=REGION):
    return Minio(server.host, access_key=harness.ACCESS_KEY_ID, secret_key=secret, secure=False, region=region)


@pytest.fixture(scope="module")
def minio(server):
    return connect(server)


@pytest.fixture(scope="module")
def bucket(minio):
    name = bucket_name("minio-py")
    minio.make_bucket(name)
    return name


def put(minio, bucket, object_key, body=b"x", **more):
    return minio.put_object(bucket, object_key, io.BytesIO(body), len(body), **more)


def read(minio, bucket, object_key, **more):
    answer = minio.get_object(bucket, object_key, **more)
    try:
        return answer.read()
    finally:
        answer.close()
        answer.release_conn()


def names(minio, bucket, **how):
    return [entry.object_name for entry in minio.list_objects(bucket, **how)]


def refused(code, call, *arguments, **more):
    with pytest.raises(S3Error) as caught:
        call(*arguments, **more)
    assert caught.value.code == code, str(caught.value)
    return caught.value


def minio_py_buckets_are_made_found_listed_and_removed_only_when_empty(minio):
    name = bucket_name("minio-py")
    assert not minio.bucket_exists(name)
    minio.make_bucket(name)
    assert minio.bucket_exists(name)
    assert name in [each.name for each in minio.list_buckets()]
    put(minio, name, "x")
    refused("BucketNotEmpty", minio.remove_bucket, name)
    minio.remove_object(name, "x")
    minio.remove_bucket(name)
    refused("NoSuchBucket", names, minio, name)


def minio_py_without_a_region_asks_for_it_and_works(server, bucket):
    asking = connect(server, region=None)
    put(asking, bucket, "asked")
    assert asking.stat_object(bucket, "asked").size == 1


def minio_py_difficult_keys_are_put_read_listed_and_removed_as_themselves(minio):
    name = bucket_name("minio-py")
    minio.make_bucket(name)
    keys = [key for key in DIFFICULT_KEYS if not {".", ".."} & set(key.split("/"))]
    assert len(keys) == len(DIFFICULT_KEYS) - 3
    for key in keys:
        put(minio, name, key, key.encode())
        assert read(minio, name, key).decode() == key
    assert set(names(minio, name, recursive=True)) == set(names(minio, name, recursive=True, use_api_v1=True)) == set(keys)
    assert not list(minio.remove_objects(name, [DeleteObject(key) for key in keys]))
    minio.remove_bucket(name)


def minio_py_an_empty_object_one_byte_and_a_range_come_back(minio, bucket):
    for body in (b"", b"x", b"0123456789"):
        assert put(minio, bucket, "small", body).etag == hashlib.md5(body).hexdigest()
        assert read(minio, bucket, "small") == body
    assert read(minio, bucket, "small", offset=3, length=4) == b"3456"


def minio_py_a_file_and_a_stream_of_unknown_length_go_up_in_parts(minio, bucket, tmp_path):
    body = os.urandom(17 * MIB + 1)
    (tmp_path / "large").write_bytes(body)
    assert minio.fput_object(bucket, "large", str(tmp_path / "large"), part_size=6 * MIB).etag.endswith("-3")
    minio.fget_object(bucket, "large", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == body
    stream = minio.put_object(bucket, "unknown", io.BytesIO(body[: 11 * MIB]), -1, part_size=5 * MIB)
    assert stream.etag.endswith("-3")
    assert read(minio, bucket, "unknown") == body[: 11 * MIB]


def minio_py_metadata_comes_back_survives_a_copy_and_is_replaced_by_one_that_says_so(minio, bucket):
    put(minio, bucket, "metadata", content_type="text/plain", metadata={"Colour": "blue"})
    minio.copy_object(bucket, "a copy+é", CopySource(bucket, "metadata"))
    found = minio.stat_object(bucket, "a copy+é")
    assert (found.content_type, found.metadata["x-amz-meta-colour"]) == ("text/plain", "blue")
    minio.copy_object(bucket, "red", CopySource(bucket, "metadata"), metadata={"Colour": "red"}, metadata_directive=REPLACE)
    assert minio.stat_object(bucket, "red").metadata["x-amz-meta-colour"] == "red"
    refused("PreconditionFailed", minio.copy_object, bucket, "never", CopySource(bucket, "metadata", match_etag="other"))


def minio_py_compose_object_joins_objects_by_copied_parts(minio, bucket):
    body = os.urandom(5 * MIB)
    put(minio, bucket, "head", body)
    put(minio, bucket, "tail", b"end")
    minio.compose_object(bucket, "joined", [ComposeSource(bucket, "head"), ComposeSource(bucket, "tail")])
    assert read(minio, bucket, "joined") == body + b"end"


def minio_py_listings_keep_prefix_and_delimiter(minio):
    name = bucket_name("minio-py")
    minio.make_bucket(name)
    for key in ("top", "one/a", "one/b/c", "two/d"):
        put(minio, name, key)
    assert sorted(names(minio, name)) == ["one/", "top", "two/"]
    assert names(minio, name, prefix="one/", recursive=True) == ["one/a", "one/b/c"]
    assert names(minio, name, recursive=True, start_after="one/b/c") == ["top", "two/d"]


def minio_py_what_was_never_set_is_told(minio, bucket):
    put(minio, bucket, "plain")
    refused("NoSuchBucketPolicy", minio.get_bucket_policy, bucket)
    assert minio.get_bucket_versioning(bucket).status is None
    assert minio.get_bucket_tags(bucket) is minio.get_bucket_lifecycle(bucket) is minio.get_object_tags(bucket, "plain") is None
    assert [each.version_id for each in minio.list_objects(bucket, prefix="plain", include_version=True)] == ["null"]


def minio_py_a_bucket_policy_is_put_shown_and_removed(minio, bucket):
    refused("MalformedPolicy", minio.set_bucket_policy, bucket, "{}")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/public/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    minio.set_bucket_policy(bucket, policy)
    assert minio.get_bucket_policy(bucket) == policy
    minio.delete_bucket_policy(bucket)
    refused("NoSuchBucketPolicy", minio.get_bucket_policy, bucket)


def minio_py_presigned_links_upload_and_download(minio, bucket):
    soon = timedelta(minutes=1)
    up = minio.presigned_put_object(bucket, "ö link+", soon)
    with urllib.request.urlopen(urllib.request.Request(up, data=b"by link", method="PUT")) as answer:
        assert answer.status == 200
    down = minio.presigned_get_object(bucket, "ö link+", soon, response_headers={"response-content-type": "text/html"})
    with urllib.request.urlopen(down) as answer:
        assert (answer.read(), answer.headers["content-type"]) == (b"by link", "text/html")


def minio_py_a_wrong_secret_prints_cause_and_cure(server, bucket):
    wrong = connect(server, secret=WRONG_SECRET)
    error = refused("SignatureDoesNotMatch", put, wrong, bucket, "refused")
    assert AWS_TEXT in str(error)
    assert "secret_key of Minio(..)" in str(error).partition(AWS_TEXT)[2]
    large = refused("SignatureDoesNotMatch", put, wrong, bucket, "refused", bytes(20 * MIB))
    assert "SEC-WRONG" in str(large)
    assert signing.refusal(server, error.request_id)["causes"][0]["id"] == "SEC-WRONG"


def minio_py_a_wrong_region_names_the_right_one(server):
    error = refused("AuthorizationHeaderMalformed", connect(server, region="eu-central-1").list_buckets)
    assert "'eu-central-1' is wrong; expecting 'us-east-1'" in str(error)


def minio_py_fields_that_the_documentation_names_are_where_it_says(server, bucket):
    row = harness.documented("minio-py")
    wrong = connect(server, secret=WRONG_SECRET)
    e = refused("SignatureDoesNotMatch", put, wrong, bucket, "refused")
    look = lambda title, e=e: eval(row[title], {"e": e})  # noqa: S307 -- our own documentation
    assert look("AWS code") == "SignatureDoesNotMatch"
    assert look("status") == 403
    assert "secret" in look("sentence")
    assert (row["element"], "Cure" in str(vars(e))) == ("no", False)
    assert look("header").startswith("SEC-WRONG; status=unproven")
    assert look("request id")
    head = refused(row["AWS code on HEAD"], wrong.stat_object, bucket, "refused")
    assert look("header", head).startswith("SEC-WRONG")
