"""Access control lists by boto3 and `aws s3api`, where a bucket has them: two accounts and nobody."""

import json
import subprocess
import urllib.request

import harness
import identity
import pytest
from harness import CONFORMANCE, bucket_name
from identity import ROOT, ROOT_ACCOUNT, allow, anonymous, client, message, refused, user

EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
SIGNED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"


@pytest.fixture(scope="module")
def s3(server):
    return client(server, "s3")


@pytest.fixture(scope="module")
def other(server):
    return identity.account(server)


@pytest.fixture(scope="module")
def theirs(server, other):
    return client(server, "s3", identity.root_of(other))


@pytest.fixture(scope="module")
def nobody(server):
    return anonymous(server)


@pytest.fixture
def bucket(s3):
    return made(s3, "ObjectWriter")


def made(s3, ownership, **more):
    name = bucket_name("lists")
    s3.create_bucket(Bucket=name, ObjectOwnership=ownership, **more)
    return name


def own_id(s3):
    return s3.list_buckets()["Owner"]["ID"]


def grants(answer):
    return sorted((each["Grantee"].get("URI") or each["Grantee"]["ID"], each["Permission"]) for each in answer["Grants"])


def boto3_lists_a_bucket_begins_without(s3, theirs):
    name = bucket_name("lists")
    s3.create_bucket(Bucket=name)
    assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    for acl in ("public-read", "private"):
        refused("AccessControlListNotSupported", 400, s3.put_object, Bucket=name, Key="k", Body=b"x", ACL=acl)
        refused("AccessControlListNotSupported", 400, s3.put_bucket_acl, Bucket=name, ACL=acl)
    s3.put_object(Bucket=name, Key="k", Body=b"x", ACL="bucket-owner-full-control")
    assert grants(s3.get_object_acl(Bucket=name, Key="k")) == [(own_id(s3), "FULL_CONTROL")]
    refused("InvalidBucketAclWithObjectOwnership", 400, s3.create_bucket, Bucket=bucket_name("lists"), ACL="public-read")
    refused("AccessDenied", 403, theirs.get_object, Bucket=name, Key="k")


def boto3_lists_a_public_object_is_read_by_everybody(server, s3, theirs, nobody, bucket):
    s3.put_object(Bucket=bucket, Key="open", Body=b"hello", ACL="public-read")
    s3.put_object(Bucket=bucket, Key="signed", Body=b"hello", ACL="authenticated-read")
    s3.put_object(Bucket=bucket, Key="closed", Body=b"secret")
    with urllib.request.urlopen(f"{server.url}/{bucket}/open", timeout=30) as answer:
        assert answer.read() == b"hello"
    assert theirs.get_object(Bucket=bucket, Key="signed")["Body"].read() == b"hello"
    refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key="signed")
    for each in (nobody, theirs):
        refused("AccessDenied", 403, each.get_object, Bucket=bucket, Key="closed")
        refused("AccessDenied", 403, each.list_objects_v2, Bucket=bucket)
        refused("AccessDenied", 403, each.put_object, Bucket=bucket, Key="open", Body=b"x")
    assert grants(s3.get_object_acl(Bucket=bucket, Key="open")) == sorted([(own_id(s3), "FULL_CONTROL"), (EVERYBODY, "READ")])
    # The list changes and the object stays; a copy has none of its source.
    before = s3.head_object(Bucket=bucket, Key="open")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/open")
    s3.put_object_acl(Bucket=bucket, Key="open", ACL="private")
    after = s3.head_object(Bucket=bucket, Key="open")
    assert (before["ETag"], before["LastModified"]) == (after["ETag"], after["LastModified"])
    for key in ("open", "copy"):
        refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key=key)


def boto3_lists_whose_an_object_is(s3, theirs, nobody, other):
    for ownership, plain, given in (("ObjectWriter", other["canonical_id"], other["canonical_id"]), ("BucketOwnerPreferred", other["canonical_id"], own_id(s3))):
        bucket = made(s3, ownership)
        s3.put_bucket_acl(Bucket=bucket, GrantWrite=f'id="{other["canonical_id"]}"', GrantFullControl=f'id="{own_id(s3)}"')
        theirs.put_object(Bucket=bucket, Key="plain", Body=b"theirs")
        theirs.put_object(Bucket=bucket, Key="given", Body=b"theirs", ACL="bucket-owner-full-control")
        listed = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"]
        assert {each["Key"]: each["Owner"]["ID"] for each in listed} == {"plain": plain, "given": given}
        # Whose it is gives access to it; the bucket's owner can remove it.
        refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="plain")
        assert s3.get_object(Bucket=bucket, Key="given")["Body"].read() == b"theirs"
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}}))
        refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key="plain")
        theirs.put_object_acl(Bucket=bucket, Key="plain", ACL="public-read")
        assert nobody.get_object(Bucket=bucket, Key="plain")["Body"].read() == b"theirs"
        s3.delete_object(Bucket=bucket, Key="plain")


def boto3_lists_who_may_write_changes_only_its_own(s3, theirs, nobody, bucket):
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    s3.put_object(Bucket=bucket, Key="own", Body=b"own")
    for each in (theirs, nobody):
        refused("AccessDenied", 403, each.put_object, Bucket=bucket, Key="own", Body=b"x")
        refused("AccessDenied", 403, each.delete_object, Bucket=bucket, Key="own")
    theirs.put_object(Bucket=bucket, Key="theirs", Body=b"1")
    theirs.put_object(Bucket=bucket, Key="theirs", Body=b"2")
    deleted = theirs.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "own"}, {"Key": "theirs"}]})
    assert [each["Key"] for each in deleted["Deleted"]] == ["theirs"]
    assert [(each["Key"], each["Code"]) for each in deleted["Errors"]] == [("own", "AccessDenied")]
    assert s3.get_object(Bucket=bucket, Key="own")["Body"].read() == b"own"


def boto3_lists_an_upload_in_parts_has_its_owner(s3, theirs, nobody, other, bucket):
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    upload = theirs.create_multipart_upload(Bucket=bucket, Key="k", ACL="public-read")["UploadId"]
    listed = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(each["Owner"]["ID"], each["Initiator"]["ID"]) for each in listed] == [(other["canonical_id"],) * 2]
    refused("AccessDenied", 403, nobody.abort_multipart_upload, Bucket=bucket, Key="k", UploadId=upload)
    part = theirs.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"parts")
    theirs.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert nobody.get_object(Bucket=bucket, Key="k")["Body"].read() == b"parts"
    assert theirs.get_object_acl(Bucket=bucket, Key="k")["Owner"]["ID"] == other["canonical_id"]


def boto3_lists_users_need_their_accounts_word(server, s3, other, bucket):
    iam = client(server, "iam", identity.root_of(other))
    _, without = user(iam)
    _, key = user(iam, allow("s3:GetObject"))
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello", GrantRead=f'id={other["canonical_id"]}')
    assert client(server, "s3", key).get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    error = refused("AccessDenied", 403, client(server, "s3", without).get_object, Bucket=bucket, Key="k")
    assert message(error) == "Access Denied"


def boto3_lists_a_block_keeps_the_public_out(s3, theirs, nobody, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ACL="public-read")
    off = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=off | {"BlockPublicAcls": True})
    error = refused("AccessDenied", 403, s3.put_object, Bucket=bucket, Key="l", Body=b"x", ACL="public-read")
    assert "BlockPublicAcls" in message(error)
    refused("AccessDenied", 403, s3.put_bucket_acl, Bucket=bucket, ACL="public-read")
    refused("AccessDenied", 403, s3.put_object_acl, Bucket=bucket, Key="k", ACL="authenticated-read")
    assert nobody.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=off | {"IgnorePublicAcls": True})
    for each in (nobody, theirs):
        refused("AccessDenied", 403, each.get_object, Bucket=bucket, Key="k")
    assert grants(s3.get_object_acl(Bucket=bucket, Key="k")) == [(own_id(s3), "FULL_CONTROL")]
    s3.delete_public_access_block(Bucket=bucket)
    assert nobody.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"


def boto3_lists_wrong_ones_are_refused(s3, bucket):
    mine, theirs = {"ID": own_id(s3), "Type": "CanonicalUser"}, {"ID": "0" * 64, "Type": "CanonicalUser"}

    def document(*grants, owner=None):
        return {"Owner": {"ID": owner or own_id(s3)}, "Grants": [{"Grantee": grantee, "Permission": permission} for grantee, permission in grants]}

    def put(status, code, **how):
        refused(code, status, s3.put_bucket_acl, Bucket=bucket, **how)

    put(400, "InvalidArgument", AccessControlPolicy=document((theirs, "READ")))
    put(400, "MalformedACLError", AccessControlPolicy=document((mine, "EVERYTHING")))
    put(400, "MalformedACLError", AccessControlPolicy=document(*[(mine, "READ")] * 101))
    put(405, "MethodNotAllowed", AccessControlPolicy=document(({"EmailAddress": "a@example.com", "Type": "AmazonCustomerByEmail"}, "READ")))
    put(403, "AccessDenied", AccessControlPolicy=document((mine, "READ"), owner="0" * 64))
    put(400, "InvalidArgument", GrantRead="uri=everybody")
    put(400, "InvalidRequest", GrantRead=f"id={own_id(s3)}", ACL="private")
    put(400, "UnexpectedContent", AccessControlPolicy=document((mine, "READ")), ACL="private")
    s3.put_bucket_acl(Bucket=bucket, AccessControlPolicy=document(*[(mine, "READ")] * 100))
    assert len(s3.get_bucket_acl(Bucket=bucket)["Grants"]) == 100


CLIS = {"v1": str(CONFORMANCE / ".venv-awscli/bin/aws"), "v2": "/usr/bin/aws"}


@pytest.mark.parametrize("version", CLIS)
def awscli_lists_are_made_shown_and_taken_away(server, nobody, other, tmp_path, version):
    name = bucket_name("lists")
    body = tmp_path / "body"
    body.write_text("hello")

    def aws(*arguments, key=ROOT):
        command = [CLIS[version], "--endpoint-url", server.url, "--region", harness.REGION, "--output", "json", *arguments]
        variables = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_MAX_ATTEMPTS": "1"}
        return subprocess.run(command, env=harness.clean_environment(**variables), capture_output=True, timeout=120)

    def done(*arguments, **how):
        ran = aws(*arguments, **how)
        assert ran.returncode == 0, ran.stderr.decode()
        return json.loads(ran.stdout or "null")

    done("s3api", "create-bucket", "--bucket", name, "--object-ownership", "BucketOwnerPreferred")
    done("s3", "cp", str(body), f"s3://{name}/k", "--acl", "public-read", "--only-show-errors")
    assert nobody.get_object(Bucket=name, Key="k")["Body"].read() == b"hello"
    shown = done("s3api", "get-object-acl", "--bucket", name, "--key", "k")
    assert (EVERYBODY, "READ") in grants(shown)
    grant = f'id={other["canonical_id"]}'
    done("s3", "cp", str(body), f"s3://{name}/l", "--grants", f"read={grant}", "--only-show-errors")
    them = identity.root_of(other)
    done("s3api", "get-object", "--bucket", name, "--key", "l", str(tmp_path / "l"), key=them)
    assert (tmp_path / "l").read_text() == "hello"
    done("s3api", "put-bucket-acl", "--bucket", name, "--grant-read", grant)
    done("s3api", "list-objects-v2", "--bucket", name, key=them)
    ran = aws("s3api", "put-bucket-ownership-controls", "--bucket", name, "--ownership-controls", "Rules=[{ObjectOwnership=BucketOwnerEnforced}]")
    assert b"(InvalidBucketAclWithObjectOwnership)" in ran.stderr, ran.stderr
    done("s3api", "put-bucket-acl", "--bucket", name, "--acl", "private")
    done("s3api", "put-bucket-ownership-controls", "--bucket", name, "--ownership-controls", "Rules=[{ObjectOwnership=BucketOwnerEnforced}]")
    refused("AccessDenied", 403, nobody.get_object, Bucket=name, Key="k")
    ran = aws("s3", "cp", str(body), f"s3://{name}/m", "--acl", "public-read")
    assert b"(AccessControlListNotSupported)" in ran.stderr, ran.stderr


# The names of tests have no resolver that finds every name below `localhost`, as most machines have one: this finds them.
RESOLVER = """
import socket

find = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **named: find("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **named)
"""


def awscli_lists_a_block_of_the_account_by_s3control(server, s3, nobody, bucket, tmp_path):
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ACL="public-read")
    (tmp_path / "sitecustomize.py").write_text(RESOLVER)

    def control(command, *arguments):
        # The client puts the account in front of the host.
        url = f"http://localhost:{server.port}"
        line = [CLIS["v1"], "--endpoint-url", url, "--region", harness.REGION, "s3control", command, "--account-id", ROOT_ACCOUNT, *arguments]
        variables = {"AWS_ACCESS_KEY_ID": ROOT.access_key_id, "AWS_SECRET_ACCESS_KEY": ROOT.secret, "AWS_MAX_ATTEMPTS": "1", "PYTHONPATH": str(tmp_path)}
        return subprocess.run(line, env=harness.clean_environment(**variables), capture_output=True, timeout=120)

    assert b"(NoSuchPublicAccessBlockConfiguration)" in control("get-public-access-block").stderr
    done = control("put-public-access-block", "--public-access-block-configuration", "IgnorePublicAcls=true")
    assert done.returncode == 0, done.stderr
    try:
        shown = json.loads(control("get-public-access-block", "--output", "json").stdout)
        assert shown["PublicAccessBlockConfiguration"]["IgnorePublicAcls"] is True
        refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key="k")
    finally:
        done = control("delete-public-access-block")
    assert done.returncode == 0, done.stderr
    assert nobody.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
