"""Bucket policies by boto3: nobody, other accounts, and what keeps a bucket from being public."""

import json
import urllib.error
import urllib.request

import identity
import pytest
from harness import bucket_name
from identity import ROOT_ACCOUNT, allow, anonymous, client, message, policy, refused, user


@pytest.fixture(scope="module")
def s3(server):
    return client(server, "s3")


@pytest.fixture
def bucket(s3):
    """A bucket that may be made public, as at AWS after its block was taken away."""
    made = bucket_name("access")
    s3.create_bucket(Bucket=made)
    s3.put_object(Bucket=made, Key="public/k", Body=b"hello")
    s3.put_object(Bucket=made, Key="k", Body=b"secret")
    unblock(s3, made)
    return made


def unblock(s3, bucket):
    s3.delete_public_access_block(Bucket=bucket)


BLOCK = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def block(s3, bucket, *which):
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={each: each in which for each in BLOCK})


def bucket_policy(bucket, principal, action="s3:GetObject", path="public/*", effect="Allow", **more):
    resource = f"arn:aws:s3:::{bucket}" + (f"/{path}" if path else "")
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Principal": principal, "Action": action, "Resource": resource, **more}]})


def boto3_access_policy_lets_nobody_read_what_it_names(server, s3, bucket):
    nobody = anonymous(server)
    refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key="public/k")
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, "*"))
    assert nobody.get_object(Bucket=bucket, Key="public/k")["Body"].read() == b"hello"
    with urllib.request.urlopen(f"{server.url}/{bucket}/public/k", timeout=30) as answer:
        assert answer.read() == b"hello", "a page needs no SDK"
    refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key="k")
    refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key="public/not-there")
    refused("AccessDenied", 403, nobody.put_object, Bucket=bucket, Key="public/k", Body=b"x")
    refused("AccessDenied", 403, nobody.list_objects_v2, Bucket=bucket)
    # Only who signs may choose the headers of the answer.
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server.url}/{bucket}/public/k?response-content-type=text/html", timeout=30)
    assert caught.value.code == 400
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(bucket_policy(bucket, "*"))
    s3.delete_bucket_policy(Bucket=bucket)
    refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key="public/k")
    refused("NoSuchBucketPolicy", 404, s3.get_bucket_policy, Bucket=bucket)


def boto3_access_a_policy_that_is_none_is_refused_and_changes_nothing(s3, bucket):
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, "*"))
    for document in ("{", "{}", bucket_policy(bucket, "*", "s3:NoSuchAction"), bucket_policy(bucket, {"AWS": "arn:aws:iam::000000000001:user/nobody-of-this-name"})):
        refused("MalformedPolicy", 400, s3.put_bucket_policy, Bucket=bucket, Policy=document)
    refused("MalformedPolicy", 400, s3.put_bucket_policy, Bucket=bucket, Policy=bucket_policy(bucket + "-other", "*"))
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(bucket_policy(bucket, "*"))


def boto3_access_another_account_needs_both_sides(server, s3, bucket):
    other = identity.account(server)
    other_iam = client(server, "iam", identity.root_of(other))
    _, without = user(other_iam)
    _, key = user(other_iam, allow("s3:GetObject"))
    theirs, not_theirs = client(server, "s3", key), client(server, "s3", without)
    root = client(server, "s3", identity.root_of(other))
    for each in (theirs, not_theirs, root):
        refused("AccessDenied", 403, each.get_object, Bucket=bucket, Key="public/k")
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, {"AWS": other["id"]}))
    for each in (theirs, root):
        assert each.get_object(Bucket=bucket, Key="public/k")["Body"].read() == b"hello"
    error = refused("AccessDenied", 403, not_theirs.get_object, Bucket=bucket, Key="public/k")
    assert message(error) == "Access Denied", "which policy it was is told within the account only"
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False
    # What another account writes belongs to the bucket's owner.
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, {"AWS": other["id"]}, "s3:PutObject", "theirs/*"))
    root.put_object(Bucket=bucket, Key="theirs/k", Body=b"from outside")
    assert s3.get_object(Bucket=bucket, Key="theirs/k")["Body"].read() == b"from outside"
    refused("AccessDenied", 403, root.get_object, Bucket=bucket, Key="theirs/k")


def boto3_access_accounts_list_and_name_their_own_buckets(server, s3, bucket):
    other = identity.account(server)
    theirs = client(server, "s3", identity.root_of(other))
    assert theirs.list_buckets()["Buckets"] == []
    own = bucket_name("theirs")
    theirs.create_bucket(Bucket=own)
    assert [each["Name"] for each in theirs.list_buckets()["Buckets"]] == [own]
    assert own not in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    assert theirs.list_buckets()["Owner"]["ID"] == other["canonical_id"]
    refused("BucketAlreadyExists", 409, theirs.create_bucket, Bucket=bucket)
    # Root of one account is nobody in another.
    refused("AccessDenied", 403, s3.list_objects_v2, Bucket=own)
    s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=ROOT_ACCOUNT)
    refused("AccessDenied", 403, s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner=other["id"])


def boto3_access_deny_in_a_bucket_policy_holds_for_users_of_the_owner(server, s3, bucket):
    user_name, key = user(client(server, "iam"), allow("s3:*"))
    mine = client(server, "s3", key)
    mine.get_object(Bucket=bucket, Key="k")
    user_arn = f"arn:aws:iam::{ROOT_ACCOUNT}:user/{user_name}"
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, {"AWS": user_arn}, path="*", effect="Deny"))
    error = refused("AccessDenied", 403, mine.get_object, Bucket=bucket, Key="k")
    assert "with an explicit deny in a resource-based policy" in message(error), message(error)
    # Within one account the bucket's policy alone is enough.
    other_name, other = user(client(server, "iam"))
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, {"AWS": f"arn:aws:iam::{ROOT_ACCOUNT}:user/{other_name}"}, path="*"))
    client(server, "s3", other).get_object(Bucket=bucket, Key="k")


def boto3_access_conditions_see_the_request(server, s3, bucket):
    nobody = anonymous(server)
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, "*", Condition=here))
    nobody.get_object(Bucket=bucket, Key="public/k")
    elsewhere = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, "*", Condition=elsewhere))
    refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key="public/k")
    # A header cannot move the client to another address.
    request = urllib.request.Request(f"{server.url}/{bucket}/public/k", headers={"X-Forwarded-For": "203.0.113.7"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)
    assert caught.value.code == 403
    listing = {"StringEquals": {"s3:prefix": "public/"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, "*", "s3:ListBucket", None, Condition=listing))
    assert [each["Key"] for each in nobody.list_objects_v2(Bucket=bucket, Prefix="public/")["Contents"]] == ["public/k"]
    refused("AccessDenied", 403, nobody.list_objects_v2, Bucket=bucket)


def boto3_access_block_keeps_public_policies_out_and_restricts_those_that_are_there(server, s3, bucket):
    nobody = anonymous(server)
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, "*"))
    nobody.get_object(Bucket=bucket, Key="public/k")
    block(s3, bucket, "RestrictPublicBuckets")
    refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key="public/k")
    s3.get_object(Bucket=bucket, Key="public/k")
    found = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert found == {each: each == "RestrictPublicBuckets" for each in BLOCK}
    block(s3, bucket, "BlockPublicPolicy")
    nobody.get_object(Bucket=bucket, Key="public/k")
    refused("AccessDenied", 403, s3.put_bucket_policy, Bucket=bucket, Policy=bucket_policy(bucket, "*", path="*"))
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, {"AWS": ROOT_ACCOUNT}))
    unblock(s3, bucket)
    refused("NoSuchPublicAccessBlockConfiguration", 404, s3.get_public_access_block, Bucket=bucket)


def boto3_access_bucket_that_is_made_anew_has_no_policy(server, s3):
    made = bucket_name("again")
    s3.create_bucket(Bucket=made)
    unblock(s3, made)
    s3.put_bucket_policy(Bucket=made, Policy=bucket_policy(made, "*", path="*"))
    s3.delete_bucket(Bucket=made)
    s3.create_bucket(Bucket=made)
    refused("NoSuchBucketPolicy", 404, s3.get_bucket_policy, Bucket=made)
    s3.put_object(Bucket=made, Key="k", Body=b"x")
    refused("AccessDenied", 403, anonymous(server).get_object, Bucket=made, Key="k")


def boto3_access_links_are_good_for_what_their_maker_may(server, s3, bucket):
    iam = client(server, "iam")
    user_name, key = user(iam, allow("s3:GetObject"))
    mine = client(server, "s3", key)

    def link(object_key):
        return mine.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": object_key})

    made = link("k")
    with urllib.request.urlopen(made, timeout=30) as answer:
        assert answer.read() == b"secret"
    iam.put_user_policy(UserName=user_name, PolicyName="own", PolicyDocument=policy(allow("s3:PutObject")))
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(made, timeout=30)
    assert caught.value.code == 403
