"""IAM by boto3: users, keys, groups and policies are made, obeyed at the next request, and taken away."""

import datetime
import http.client
import json
import secrets
import threading
import time

import harness
import identity
import pytest
from botocore.exceptions import ClientError
from harness import bucket_name
from identity import ROOT_ACCOUNT, allow, client, deny, key_of, message, name, policy, refused, user


@pytest.fixture(scope="module")
def iam(server):
    return client(server, "iam")


@pytest.fixture(scope="module")
def bucket(server):
    made = bucket_name("iam")
    s3 = client(server, "s3")
    s3.create_bucket(Bucket=made)
    s3.put_object(Bucket=made, Key="k", Body=b"hello")
    return made


def put(s3, bucket, object_key="k"):
    return s3.put_object(Bucket=bucket, Key=object_key, Body=b"x")


def arn(bucket, object_key=None):
    return f"arn:aws:s3:::{bucket}" + (f"/{object_key}" if object_key else "")


# Users and their policies


def boto3_iam_user_may_do_what_a_policy_allows_and_nothing_else(server, iam, bucket):
    user_name, key = user(iam)
    s3 = client(server, "s3", key)
    error = refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="k")
    # Nobody who may not list learns whether an object is there.
    refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="not-there")
    user_arn = f"arn:aws:iam::{ROOT_ACCOUNT}:user/{user_name}"
    assert message(error).startswith(f"User: {user_arn} is not authorized to perform: s3:GetObject on resource: "), message(error)
    assert arn(bucket, "k") in message(error)
    assert "because no identity-based policy allows the s3:GetObject action" in message(error)
    iam.put_user_policy(UserName=user_name, PolicyName="read", PolicyDocument=policy(allow("s3:GetObject", arn(bucket, "*"))))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    refused("AccessDenied", 403, put, s3=s3, bucket=bucket)
    refused("AccessDenied", 403, s3.list_objects_v2, Bucket=bucket)
    refused("AccessDenied", 403, s3.list_buckets)
    iam.delete_user_policy(UserName=user_name, PolicyName="read")
    refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="k")


def boto3_iam_explicit_deny_wins_and_is_named(server, iam, bucket):
    user_name, key = user(iam, allow("s3:*"), deny("s3:PutObject", arn(bucket, "locked/*"), Sid="Locked"))
    s3 = client(server, "s3", key)
    put(s3, bucket, "open/k")
    error = refused("AccessDenied", 403, put, s3=s3, bucket=bucket, object_key="locked/k")
    assert "with an explicit deny in an identity-based policy" in message(error), message(error)


def boto3_iam_managed_policy_is_attached_versioned_and_detached(server, iam, bucket):
    user_name, key = user(iam)
    s3 = client(server, "s3", key)
    made = iam.create_policy(PolicyName=name("managed"), PolicyDocument=policy(allow("s3:GetObject", arn(bucket, "*"))))["Policy"]
    assert (made["DefaultVersionId"], made["AttachmentCount"]) == ("v1", 0)
    iam.attach_user_policy(UserName=user_name, PolicyArn=made["Arn"])
    s3.get_object(Bucket=bucket, Key="k")
    assert iam.list_attached_user_policies(UserName=user_name)["AttachedPolicies"] == [{"PolicyName": made["PolicyName"], "PolicyArn": made["Arn"]}]
    assert iam.list_entities_for_policy(PolicyArn=made["Arn"])["PolicyUsers"][0]["UserName"] == user_name
    narrower = policy(allow("s3:GetObject", arn(bucket, "other/*")))
    for version in range(2, 6):
        iam.create_policy_version(PolicyArn=made["Arn"], PolicyDocument=narrower, SetAsDefault=version == 5)
    refused("LimitExceeded", 409, iam.create_policy_version, PolicyArn=made["Arn"], PolicyDocument=narrower)
    refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="k")
    versions = iam.list_policy_versions(PolicyArn=made["Arn"])["Versions"]
    assert {each["VersionId"]: each["IsDefaultVersion"] for each in versions} == {"v1": False, "v2": False, "v3": False, "v4": False, "v5": True}
    document = iam.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Resource"] == arn(bucket, "*"), "botocore decodes it"
    iam.set_default_policy_version(PolicyArn=made["Arn"], VersionId="v1")
    s3.get_object(Bucket=bucket, Key="k")
    refused("DeleteConflict", 409, iam.delete_policy, PolicyArn=made["Arn"])
    refused("DeleteConflict", 409, iam.delete_policy_version, PolicyArn=made["Arn"], VersionId="v1")
    iam.detach_user_policy(UserName=user_name, PolicyArn=made["Arn"])
    refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="k")
    for version in ("v2", "v3", "v4", "v5"):
        iam.delete_policy_version(PolicyArn=made["Arn"], VersionId=version)
    iam.delete_policy(PolicyArn=made["Arn"])
    refused("NoSuchEntity", 404, iam.get_policy, PolicyArn=made["Arn"])


def boto3_iam_policies_of_aws_are_there_and_cannot_be_changed(server, iam, bucket):
    user_name, key = user(iam)
    read_only = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.attach_user_policy(UserName=user_name, PolicyArn=read_only)
    s3 = client(server, "s3", key)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    refused("AccessDenied", 403, put, s3=s3, bucket=bucket)
    names = {each["PolicyName"] for each in iam.get_paginator("list_policies").paginate(Scope="AWS").build_full_result()["Policies"]}
    assert {"AdministratorAccess", "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess"} <= names
    refused("UnmodifiableEntity", 400, iam.delete_policy, PolicyArn=read_only)


def boto3_iam_group_gives_its_members_what_it_may(server, iam, bucket):
    user_name, key = user(iam)
    s3 = client(server, "s3", key)
    group = name("group")
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="read", PolicyDocument=policy(allow("s3:GetObject", arn(bucket, "*"))))
    refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="k")
    iam.add_user_to_group(GroupName=group, UserName=user_name)
    s3.get_object(Bucket=bucket, Key="k")
    assert [each["UserName"] for each in iam.get_group(GroupName=group)["Users"]] == [user_name]
    assert [each["GroupName"] for each in iam.list_groups_for_user(UserName=user_name)["Groups"]] == [group]
    refused("DeleteConflict", 409, iam.delete_group, GroupName=group)
    iam.remove_user_from_group(GroupName=group, UserName=user_name)
    refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="k")
    iam.delete_group_policy(GroupName=group, PolicyName="read")
    iam.delete_group(GroupName=group)


def boto3_iam_boundary_limits_what_policies_allow(server, iam, bucket):
    user_name, key = user(iam, allow("s3:*"))
    s3 = client(server, "s3", key)
    put(s3, bucket, "bounded")
    made = iam.create_policy(PolicyName=name("boundary"), PolicyDocument=policy(allow("s3:Get*")))["Policy"]
    iam.put_user_permissions_boundary(UserName=user_name, PermissionsBoundary=made["Arn"])
    assert iam.get_user(UserName=user_name)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == made["Arn"]
    s3.get_object(Bucket=bucket, Key="k")
    error = refused("AccessDenied", 403, put, s3=s3, bucket=bucket)
    assert "because no permissions boundary allows the s3:PutObject action" in message(error), message(error)
    refused("DeleteConflict", 409, iam.delete_policy, PolicyArn=made["Arn"])
    iam.delete_user_permissions_boundary(UserName=user_name)
    put(s3, bucket, "bounded")


# Keys


def boto3_iam_key_is_rotated_with_overlap_and_its_last_use_is_shown(server, iam, bucket):
    user_name, old = user(iam, allow("s3:*"))
    old_s3 = client(server, "s3", old)
    put(old_s3, bucket, "rotated")
    new = key_of(iam, user_name)
    new_s3 = client(server, "s3", new)
    put(new_s3, bucket, "rotated")
    put(old_s3, bucket, "rotated")
    for key in (old, new):
        used = iam.get_access_key_last_used(AccessKeyId=key.access_key_id)
        assert used["UserName"] == user_name
        age = datetime.datetime.now(datetime.timezone.utc) - used["AccessKeyLastUsed"]["LastUsedDate"]
        assert abs(age) < datetime.timedelta(minutes=5)
        assert (used["AccessKeyLastUsed"]["ServiceName"], used["AccessKeyLastUsed"]["Region"]) == ("s3", harness.REGION)
    refused("LimitExceeded", 409, iam.create_access_key, UserName=user_name)
    iam.update_access_key(UserName=user_name, AccessKeyId=old.access_key_id, Status="Inactive")
    refused("InvalidAccessKeyId", 403, put, s3=old_s3, bucket=bucket)
    put(new_s3, bucket, "rotated")
    # Second thoughts: an inactive key can be taken back, a deleted one cannot.
    iam.update_access_key(UserName=user_name, AccessKeyId=old.access_key_id, Status="Active")
    put(old_s3, bucket, "rotated")
    iam.delete_access_key(UserName=user_name, AccessKeyId=old.access_key_id)
    refused("InvalidAccessKeyId", 403, put, s3=old_s3, bucket=bucket)
    assert [each["AccessKeyId"] for each in iam.list_access_keys(UserName=user_name)["AccessKeyMetadata"]] == [new.access_key_id]


def boto3_iam_key_that_was_never_used_says_so(iam):
    _, key = user(iam)
    used = iam.get_access_key_last_used(AccessKeyId=key.access_key_id)["AccessKeyLastUsed"]
    assert "LastUsedDate" not in used and used["ServiceName"] == used["Region"] == "N/A"


def boto3_iam_revoked_key_is_refused_at_the_next_request_on_the_same_connection(server, iam, bucket):
    user_name, key = user(iam, allow("s3:*"))
    s3 = client(server, "s3", key)
    for _ in range(3):
        put(s3, bucket, "revoked")
    iam.delete_access_key(UserName=user_name, AccessKeyId=key.access_key_id)
    error = refused("InvalidAccessKeyId", 403, put, s3=s3, bucket=bucket)
    assert message(error).startswith("The AWS Access Key Id you provided does not exist in our records.")


def boto3_iam_key_past_its_expiration_date_is_refused(server, iam, bucket):
    user_name = name("expiring")
    iam.create_user(UserName=user_name)
    iam.put_user_policy(UserName=user_name, PolicyName="own", PolicyDocument=policy(allow("s3:*")))
    # An extension of ours, so botocore's model does not know it.
    ours = client(server, "iam")

    def expire(seconds):
        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)

        def add(params, **_):
            params["body"]["CountersignExpirationDate"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")

        return add

    ours.meta.events.register("before-call.iam.CreateAccessKey", expire(3600), unique_id="expire")
    put(client(server, "s3", key_of(ours, user_name)), bucket, "expiring")
    ours.meta.events.unregister("before-call.iam.CreateAccessKey", unique_id="expire")
    ours.meta.events.register("before-call.iam.CreateAccessKey", expire(2), unique_id="soon")
    soon = client(server, "s3", key_of(ours, user_name))
    deadline = time.monotonic() + 60
    while True:
        try:
            put(soon, bucket, "expiring")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidAccessKeyId"
            break
        assert time.monotonic() < deadline, "it goes on working"
        time.sleep(0.2)


def boto3_iam_no_answer_shows_a_secret_again(server, iam):
    user_name, key = user(iam)
    answers = []
    iam.meta.events.register("after-call.iam", lambda http_response, **_: answers.append(http_response.content), unique_id="listen")
    iam.list_access_keys(UserName=user_name)
    iam.get_user(UserName=user_name)
    iam.get_access_key_last_used(AccessKeyId=key.access_key_id)
    iam.update_access_key(UserName=user_name, AccessKeyId=key.access_key_id, Status="Inactive")
    iam.meta.events.unregister("after-call.iam", unique_id="listen")
    assert len(answers) == 4
    assert not any(key.secret.encode() in answer for answer in answers)


# Names, pages, faults


def boto3_iam_users_are_listed_in_pages(server):
    made = identity.account(server)
    iam = client(server, "iam", identity.root_of(made))
    names = sorted(f"page-{number:02}" for number in range(7))
    for user_name in reversed(names):
        iam.create_user(UserName=user_name, Path="/teams/" if user_name < "page-04" else "/")
    pages = list(iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Users"]) for page in pages] == [3, 3, 1]
    assert [each["UserName"] for page in pages for each in page["Users"]] == names
    assert len(iam.list_users(PathPrefix="/teams/")["Users"]) == 4
    # Found whatever the case, and told as it is spelled.
    assert iam.get_user(UserName="PAGE-00")["User"]["UserName"] == "page-00"
    refused("EntityAlreadyExists", 409, iam.create_user, UserName="PAGE-00")


def boto3_iam_faults_are_those_of_aws(server, iam):
    user_name, key = user(iam, allow("s3:*"))
    error = refused("NoSuchEntity", 404, iam.get_user, UserName="nobody-of-this-name")
    assert message(error) == "The user with name nobody-of-this-name cannot be found."
    error = refused("EntityAlreadyExists", 409, iam.create_user, UserName=user_name)
    assert message(error) == f"User with name {user_name} already exists."
    refused("EntityAlreadyExists", 409, iam.create_user, UserName=user_name.upper())
    error = refused("DeleteConflict", 409, iam.delete_user, UserName=user_name)
    refused("MalformedPolicyDocument", 400, iam.put_user_policy, UserName=user_name, PolicyName="bad", PolicyDocument="{}")
    refused("ValidationError", 400, iam.create_user, UserName="not a name")
    iam.delete_user_policy(UserName=user_name, PolicyName="own")
    iam.delete_access_key(UserName=user_name, AccessKeyId=key.access_key_id)
    iam.delete_user(UserName=user_name)
    refused("NoSuchEntity", 404, iam.get_user, UserName=user_name)


def boto3_iam_calls_need_permission_themselves(server, iam):
    user_name, key = user(iam)
    mine = client(server, "iam", key)
    error = refused("AccessDenied", 403, mine.create_user, UserName="another")
    user_arn = f"arn:aws:iam::{ROOT_ACCOUNT}:user/{user_name}"
    expected = f"User: {user_arn} is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::{ROOT_ACCOUNT}:user/another because no identity-based policy allows the iam:CreateUser action"
    assert message(error).startswith(expected), message(error)
    iam.put_user_policy(UserName=user_name, PolicyName="own", PolicyDocument=policy(allow("iam:*", f"arn:aws:iam::{ROOT_ACCOUNT}:user/own/*")))
    mine.create_user(UserName=name("child"), Path="/own/")
    refused("AccessDenied", 403, mine.create_user, UserName=name("child"), Path="/others/")


def boto3_iam_wrong_secret_is_explained_for_iam_too(server):
    wrong = identity.ROOT._replace(secret=identity.ROOT.secret + "\n")
    error = refused("SignatureDoesNotMatch", 403, client(server, "iam", wrong).list_users)
    assert "ends in a line" in message(error), message(error)
    assert error.response["ResponseMetadata"]["HTTPHeaders"]["x-countersign-diagnosis"].startswith("SEC-NEWLINE")


def boto3_iam_simulation_says_what_a_request_would_be_told(server, iam, bucket):
    user_name, key = user(iam, allow("s3:Get*", arn(bucket, "*")), deny("s3:GetObject", arn(bucket, "secret/*")))
    source = iam.get_user(UserName=user_name)["User"]["Arn"]

    def decision(action, resource):
        results = iam.simulate_principal_policy(PolicySourceArn=source, ActionNames=[action], ResourceArns=[resource])["EvaluationResults"]
        assert [(each["EvalActionName"], each["EvalResourceName"]) for each in results] == [(action, resource)]
        return results[0]["EvalDecision"]

    assert decision("s3:GetObject", arn(bucket, "k")) == "allowed"
    assert decision("s3:GetObject", arn(bucket, "secret/k")) == "explicitDeny"
    assert decision("s3:PutObject", arn(bucket, "k")) == "implicitDeny"
    custom = iam.simulate_custom_policy(PolicyInputList=[policy(allow("s3:PutObject"))], ActionNames=["s3:PutObject", "s3:DeleteObject"])
    assert [each["EvalDecision"] for each in custom["EvaluationResults"]] == ["allowed", "implicitDeny"]


def boto3_iam_summary_counts_what_there_is(server):
    made = identity.account(server)
    iam = client(server, "iam", identity.root_of(made))
    before = iam.get_account_summary()["SummaryMap"]
    iam.create_user(UserName="one")
    iam.create_group(GroupName="two")
    after = iam.get_account_summary()["SummaryMap"]
    assert (before["Users"], after["Users"], after["Groups"], after["UsersQuota"]) == (0, 1, 1, 5000)


def boto3_iam_accounts_do_not_see_each_other(server, iam):
    one, other = (identity.account(server) for _ in range(2))
    clients = [client(server, "iam", identity.root_of(each)) for each in (one, other)]
    for each in clients:
        each.create_user(UserName="same")
    assert [each.get_user(UserName="same")["User"]["Arn"].split(":")[4] for each in clients] == [one["id"], other["id"]]
    status, listed = identity.admin(server, "GET", "/api/v1/accounts")
    assert status == 200
    assert {one["id"], other["id"], ROOT_ACCOUNT} <= {each["id"] for each in (listed["accounts"] if isinstance(listed, dict) else listed)}
    assert "secret" not in json.dumps(listed)


def boto3_iam_master_key_is_replaced_although_the_server_is_killed_in_the_middle(tmp_path):
    old, new = (secrets.token_hex(32) for _ in range(2))

    def serving(*master_keys):
        return harness.Server(data_dir=tmp_path, environment={"COUNTERSIGN_MASTER_KEY": "\n".join(master_keys)})

    with serving(old) as server:
        client(server, "s3").create_bucket(Bucket="kept")
        made = [identity.account(server) for _ in range(12)]
        keys = [identity.root_of(each) for each in made] + [user(client(server, "iam"), allow("s3:*"))[1] for _ in range(4)]
    for attempt in range(6):
        server = serving(new, old)
        resealing = threading.Thread(target=reseal, args=(server,), daemon=True)
        resealing.start()
        time.sleep(attempt * 0.002)
        server.kill()
        resealing.join()
    with serving(new, old) as server:
        status, answer = identity.admin(server, "POST", "/api/v1/master-key/reseal")
        assert status == 200, answer
    with serving(new) as server:
        for key in keys:
            assert client(server, "sts", key).get_caller_identity()["Account"]


def reseal(server):
    """The server may be gone before it answers."""
    try:
        identity.admin(server, "POST", "/api/v1/master-key/reseal")
    except (OSError, http.client.HTTPException):
        pass


def boto3_iam_keys_outlive_a_kill(tmp_path):
    server = harness.Server(data_dir=tmp_path)
    iam = client(server, "iam")
    client(server, "s3").create_bucket(Bucket="kept")
    user_name, key = user(iam, allow("s3:*"))
    deleted, gone = user(iam, allow("s3:*"))
    iam.delete_access_key(UserName=deleted, AccessKeyId=gone.access_key_id)
    server.kill()
    on_disk = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert user_name.encode() in on_disk, "the right files are looked at"
    assert key.secret.encode() not in on_disk and gone.secret.encode() not in on_disk
    server = harness.Server(data_dir=tmp_path)
    put(client(server, "s3", key), "kept")
    refused("InvalidAccessKeyId", 403, put, s3=client(server, "s3", gone), bucket="kept")
    server.kill()
