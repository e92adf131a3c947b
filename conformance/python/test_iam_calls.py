"""IAM and STS as the SDK's own models know them: every call, every list in pages, and boto3's resources.

Not here: what each call does.
"""

import re
import urllib.parse
import uuid

import boto3
import harness
import identity
import pytest
import signing
from botocore.exceptions import ClientError
from identity import allow, client, policy, trust

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
NAMES = ("one", "two", "three")


@pytest.fixture(scope="module")
def account(server):
    """An account with three of everything; whatever a test does to it, others do not see."""
    made = identity.account(server, "calls")
    key = identity.root_of(made)
    iam = client(server, "iam", key)
    trusted = trust({"AWS": made["id"]})
    for name in NAMES:
        iam.create_user(UserName=name)
        iam.create_group(GroupName=name)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)
        iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("s3:GetObject")))
        iam.create_open_id_connect_provider(Url=f"https://{name}.example.com", ClientIDList=["a"])
    arn = f"arn:aws:iam::{made['id']}:"
    for name in NAMES:
        attached = {"PolicyArn": f"{arn}policy/{name}"}
        iam.attach_user_policy(UserName="one", **attached)
        iam.attach_group_policy(GroupName="one", **attached)
        iam.attach_role_policy(RoleName="one", **attached)
        inline = {"PolicyName": name, "PolicyDocument": policy(allow("s3:PutObject"))}
        iam.put_user_policy(UserName="one", **inline)
        iam.put_group_policy(GroupName="one", **inline)
        iam.put_role_policy(RoleName="one", **inline)
        iam.add_user_to_group(GroupName=name, UserName="one")
        iam.add_user_to_group(GroupName="one", UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=f"{arn}policy/one")
        iam.create_policy_version(PolicyArn=f"{arn}policy/one", PolicyDocument=policy(allow(f"s3:{name}*")))
        tag = {"Tags": [{"Key": name, "Value": "x"}]}
        iam.tag_user(UserName="one", **tag)
        iam.tag_role(RoleName="one", **tag)
        iam.tag_policy(PolicyArn=f"{arn}policy/one", **tag)
        iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=f"{arn}oidc-provider/one.example.com", **tag)
    for _ in range(2):
        iam.create_access_key(UserName="one")
    return made["id"], key


def call(server, key, service, version, action):
    """A call that holds nothing but its name: status, code and message."""
    body = urllib.parse.urlencode({"Action": action, "Version": version}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    payload = signing.hashlib.sha256(body).hexdigest()
    signed = signing.sign(
        "POST", server.host, "/", service=service, payload=payload, headers=headers, access_key_id=key.access_key_id, secret=key.secret
    )
    status, _, answer = signing.send(server.host, "POST", "/", signed, body)
    found = [re.search(f"<{name}>(.*?)</{name}>", answer.decode(), re.DOTALL) for name in ("Code", "Message")]
    return status, *(each.group(1) if each else None for each in found)


def boto3_iam_every_call_of_the_models_is_done_or_named(server):
    """Each is carried out, asks for what it lacks, or says by its name that it is not here; none is unknown."""
    key = identity.root_of(identity.account(server, "models"))
    here = {}
    for service in ("iam", "sts"):
        model = client(server, service, key).meta.service_model
        for action in model.operation_names:
            status, code, message = call(server, key, service, model.api_version, action)
            assert code != "InvalidAction" and status < 502, (action, status, code, message)
            if code == "NotImplemented":
                assert (status, message) == (501, f"{action} is not implemented by this server")
            else:
                assert status == 200 or code in ("ValidationError", "NoSuchEntity", "AccessDenied"), (action, status, code, message)
                here.setdefault(service, set()).add(action)
    assert len(here["iam"]) == 101 and len(here["sts"]) == 7, {service: len(found) for service, found in here.items()}
    assert call(server, key, "iam", "2010-05-08", "ListEverything")[1] == "InvalidAction"


def arguments_of(account_id, operation):
    """What the lists of the account are asked with: about whatever is called `one`."""
    arn = f"arn:aws:iam::{account_id}:"
    values = {
        "UserName": "one", "GroupName": "one", "RoleName": "one", "PolicyArn": f"{arn}policy/one",
        "OpenIDConnectProviderArn": f"{arn}oidc-provider/one.example.com", "PolicySourceArn": f"{arn}user/one",
        "ActionNames": ["s3:GetObject", "s3:PutObject", "iam:GetUser"], "PolicyInputList": [policy(allow("s3:*"))],
    }  # fmt: skip
    shape = operation.input_shape
    wanted = set(shape.required_members) | ({"UserName"} & set(shape.members))
    # Policies that come with the server are many, and not the account's.
    more = {"Scope": "Local"} if operation.name == "ListPolicies" else {}
    return {name: values[name] for name in wanted} | more


def boto3_iam_every_list_comes_in_pages(server, account):
    """One thing a page, and together the same as at once."""
    account_id, key = account
    iam = client(server, "iam", key)
    model = iam.meta.service_model
    paged, skipped = [], []
    for python_name, name in sorted(iam.meta.method_to_api_mapping.items()):
        if not iam.can_paginate(python_name):
            continue
        if call(server, key, "iam", model.api_version, name)[1] == "NotImplemented":
            skipped.append(name)
            continue
        arguments = arguments_of(account_id, model.operation_model(name))
        paginator = iam.get_paginator(python_name)
        results = [expression.parsed["value"] for expression in paginator.result_keys]
        whole = getattr(iam, python_name)(**arguments)
        pages = list(paginator.paginate(PaginationConfig={"PageSize": 1}, **arguments))
        for result in results:
            together = [each for page in pages for each in page.get(result, [])]
            assert together == whole[result], (name, result)
        count = sum(len(whole[result]) for result in results)
        assert len(pages) == max(1, count), (name, len(pages), count)
        paged.append((name, count))
    # Those of which there are some, beside those that are always empty.
    assert sum(count > 1 for _, count in paged) >= 20, paged
    assert {name for name in skipped} <= {"ListInstanceProfileTags", "ListMFADeviceTags", "ListSAMLProviderTags", "ListServerCertificateTags"}, skipped


def boto3_iam_resources_do_what_they_promise(server):
    key = identity.root_of(identity.account(server, "resources"))
    iam = boto3.resource(
        "iam", endpoint_url=server.url, region_name=harness.REGION, aws_access_key_id=key.access_key_id, aws_secret_access_key=key.secret
    )
    user, group = iam.create_user(UserName="ada", Tags=[{"Key": "team", "Value": "blue"}]), iam.create_group(GroupName="devs")
    assert iam.User("ada").tags == [{"Key": "team", "Value": "blue"}]
    user.add_group(GroupName="devs")
    assert [each.name for each in group.users.all()] == ["ada"] and [each.name for each in user.groups.all()] == ["devs"]
    made = user.create_access_key_pair()
    assert [each.access_key_id for each in user.access_keys.all()] == [made.id]
    made.deactivate()
    assert [each.status for each in user.access_keys.all()] == ["Inactive"]
    made.delete()
    own = user.create_policy(PolicyName="own", PolicyDocument=policy(allow("s3:GetObject")))
    assert iam.UserPolicy("ada", "own").policy_document["Statement"][0]["Action"] == "s3:GetObject"
    managed = iam.create_policy(PolicyName="p", PolicyDocument=policy(allow("s3:PutObject")))
    user.attach_policy(PolicyArn=managed.arn)
    assert [each.arn for each in user.attached_policies.all()] == [managed.arn]
    assert [each.name for each in managed.attached_users.all()] == ["ada"] and managed.default_version.document["Version"]
    version = managed.create_version(PolicyDocument=policy(allow("s3:*")), SetAsDefault=True)
    assert version.version_id == "v2" and managed.versions.limit(1)
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust({"AWS": user.arn}))
    role.attach_policy(PolicyArn=READ_ONLY)
    assert [each.name for each in iam.roles.all()] == ["reader"] and list(role.instance_profiles.all()) == []
    role.AssumeRolePolicy().update(PolicyDocument=trust({"AWS": group.arn.split(":")[4]}))
    assert iam.AccountSummary().summary_map["Users"] == 1
    assert iam.CurrentUser().arn.endswith(":root")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.AccountPasswordPolicy().load()
    role.detach_policy(PolicyArn=READ_ONLY)
    role.delete()
    user.detach_policy(PolicyArn=managed.arn)
    managed.versions.all()
    iam.PolicyVersion(managed.arn, "v1").delete()
    managed.delete()
    own.delete()
    user.remove_group(GroupName="devs")
    user.update(NewUserName=f"grace-{uuid.uuid4().hex[:8]}")
    for each in iam.users.all():
        each.delete()
    group.delete()


def boto3_iam_account_is_told_with_everything_in_it(server, account):
    account_id, key = account
    iam = client(server, "iam", key)
    details = iam.get_account_authorization_details()
    assert {each["UserName"] for each in details["UserDetailList"]} == set(NAMES)
    one = next(each for each in details["UserDetailList"] if each["UserName"] == "one")
    assert set(one["GroupList"]) == set(NAMES) and {each["PolicyName"] for each in one["UserPolicyList"]} == set(NAMES)
    assert one["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == "s3:PutObject"
    role = next(each for each in details["RoleDetailList"] if each["RoleName"] == "one")
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole" and len(role["AttachedManagedPolicies"]) == 3
    versions = next(each for each in details["Policies"] if each["PolicyName"] == "one")["PolicyVersionList"]
    assert len(versions) == 4 and versions[0]["Document"]["Version"] == "2012-10-17"
    only = iam.get_account_authorization_details(Filter=["Group"])
    assert len(only["GroupDetailList"]) == 3 and not only["UserDetailList"] and not only["Policies"]
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    lines = report["Content"].decode().splitlines()
    assert report["ReportFormat"] == "text/csv" and len(lines) == 2 + len(NAMES)
    row = dict(zip(lines[0].split(","), next(line for line in lines if line.startswith("one,")).split(",")))
    assert (row["access_key_1_active"], row["access_key_2_active"], row["mfa_active"], row["password_enabled"]) == ("true", "true", "false", "false")
    assert row["access_key_1_last_used_service"] == "N/A"
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[policy(allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*"))])
    assert keys["ContextKeyNames"] == ["aws:username"]
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=f"arn:aws:iam::{account_id}:user/one")["ContextKeyNames"] == []


def boto3_iam_condition_that_a_denial_lacked_is_told_to_those_who_may_know(server):
    made = identity.account(server, "unmet")
    root = identity.root_of(made)
    iam = client(server, "iam", root)
    condition = {"Condition": {"StringEquals": {"aws:RequestTag/team": "blue"}}}
    user_name, key = identity.user(iam, {**allow("iam:CreateUser"), **condition})
    error = identity.refused("AccessDenied", 403, client(server, "iam", key).create_user, UserName="another", Tags=[{"Key": "team", "Value": "red"}])
    message = identity.message(error)
    assert "team" not in message.partition("Encoded authorization failure message: ")[0]
    encoded = message.partition("Encoded authorization failure message: ")[2].split()[0]
    decoded = signing.json.loads(client(server, "sts", root).decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    unmet = {"policyType": "identity-based policy", "policy": f"user/{user_name}/own", "statement": 1, "sid": None, "operator": "StringEquals", "key": "aws:requesttag/team", "hasKey": True}
    assert decoded["unmetConditions"]["items"] == [unmet]
    client(server, "iam", key).create_user(UserName="another", Tags=[{"Key": "team", "Value": "blue"}])
