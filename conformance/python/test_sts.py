"""STS by boto3: temporary credentials that do what they may, end when they should, and say who they are."""

import datetime
import json
import subprocess
import time

import boto3
import botocore.auth
import identity
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from harness import MIB, REGION, Server, bucket_name
from identity import ROOT_ACCOUNT, allow, client, message, name, policy, refused, session_key, trust, user
from issuer import Issuer


@pytest.fixture(scope="module")
def iam(server):
    return client(server, "iam")


@pytest.fixture(scope="module")
def bucket(server):
    made = bucket_name("sts")
    s3 = client(server, "s3")
    s3.create_bucket(Bucket=made)
    s3.put_object(Bucket=made, Key="k", Body=b"hello")
    return made


def role(iam, trust_policy, *statements, **more):
    role_name = name("role")
    made = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=trust_policy, **more)["Role"]
    if statements:
        iam.put_role_policy(RoleName=role_name, PolicyName="own", PolicyDocument=policy(*statements))
    return made


def assume(server, key, made, **more):
    arguments = {"RoleArn": made["Arn"], "RoleSessionName": "session"} | more
    # botocore knows the bounds, too, and would keep what is past them to itself.
    return client(server, "sts", key, parameter_validation=False).assume_role(**arguments)


def boto3_sts_everybody_may_ask_who_they_are(server, iam):
    assert client(server, "sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ROOT_ACCOUNT}:root"
    user_name, key = user(iam)
    said = client(server, "sts", key).get_caller_identity()
    assert (said["Account"], said["Arn"]) == (ROOT_ACCOUNT, f"arn:aws:iam::{ROOT_ACCOUNT}:user/{user_name}")
    assert said["UserId"] == iam.get_user(UserName=user_name)["User"]["UserId"]
    refused("AccessDenied", 403, client(server, "sts", key).get_access_key_info, AccessKeyId=identity.ROOT.access_key_id)
    assert client(server, "sts").get_access_key_info(AccessKeyId=identity.ROOT.access_key_id)["Account"] == ROOT_ACCOUNT


def boto3_sts_role_is_assumed_by_whom_it_trusts_and_does_what_it_may(server, iam, bucket):
    user_name, key = user(iam)
    user_arn = iam.get_user(UserName=user_name)["User"]["Arn"]
    made = role(iam, trust({"AWS": user_arn}), allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    answer = assume(server, key, made, RoleSessionName="from-a-test")
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ROOT_ACCOUNT}:assumed-role/{made['RoleName']}/from-a-test"
    assert answer["AssumedRoleUser"]["AssumedRoleId"] == f"{made['RoleId']}:from-a-test"
    session = session_key(credentials)
    assert client(server, "sts", session).get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]
    s3 = client(server, "s3", session)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    error = refused("AccessDenied", 403, s3.put_object, Bucket=bucket, Key="k", Body=b"x")
    assert message(error).startswith(f"User: {answer['AssumedRoleUser']['Arn']} is not authorized to perform: s3:PutObject"), message(error)
    # Nobody else: the user has no permission of its own, and the trust names somebody else.
    _, other = user(iam)
    error = refused("AccessDenied", 403, assume, server=server, key=other, made=made)
    assert "is not authorized to perform: sts:AssumeRole on resource: " in message(error), message(error)


def boto3_sts_trust_of_an_account_leaves_it_to_its_policies_and_asks_for_the_external_id(server, iam, bucket):
    other = identity.account(server)
    other_iam = client(server, "iam", identity.root_of(other))
    condition = {"StringEquals": {"sts:ExternalId": "agreed"}}
    made = role(iam, trust({"AWS": f"arn:aws:iam::{other['id']}:root"}, Condition=condition), allow("s3:GetObject"))
    _, without = user(other_iam)
    _, key = user(other_iam, allow("sts:AssumeRole", made["Arn"]))
    refused("AccessDenied", 403, assume, server=server, key=without, made=made, ExternalId="agreed")
    refused("AccessDenied", 403, assume, server=server, key=key, made=made)
    refused("AccessDenied", 403, assume, server=server, key=key, made=made, ExternalId="guessed")
    session = session_key(assume(server, key, made, ExternalId="agreed")["Credentials"])
    assert client(server, "s3", session).get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"


def boto3_sts_session_policy_narrows_and_never_widens(server, iam, bucket):
    _, key = user(iam, allow("sts:AssumeRole"))
    made = role(iam, trust({"AWS": f"arn:aws:iam::{ROOT_ACCOUNT}:root"}), allow("s3:GetObject"))
    session_policy = policy(allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/narrow/*"))
    s3 = client(server, "s3", session_key(assume(server, key, made, Policy=session_policy)["Credentials"]))
    client(server, "s3").put_object(Bucket=bucket, Key="narrow/k", Body=b"x")
    s3.get_object(Bucket=bucket, Key="narrow/k")
    error = refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="k")
    assert "because no session policy allows the s3:GetObject action" in message(error), message(error)
    refused("AccessDenied", 403, s3.put_object, Bucket=bucket, Key="narrow/k", Body=b"x")
    read_only = [{"arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}]
    s3 = client(server, "s3", session_key(assume(server, key, made, PolicyArns=read_only)["Credentials"]))
    s3.get_object(Bucket=bucket, Key="k")


def boto3_sts_durations_have_bounds(server, iam):
    _, key = user(iam, allow("sts:*"))
    made = role(iam, trust({"AWS": f"arn:aws:iam::{ROOT_ACCOUNT}:root"}), MaxSessionDuration=3600)
    for seconds in (899, 43201):
        refused("ValidationError", 400, assume, server=server, key=key, made=made, DurationSeconds=seconds)
    error = refused("ValidationError", 400, assume, server=server, key=key, made=made, DurationSeconds=3601)
    assert "The requested DurationSeconds exceeds the MaxSessionDuration set for this role." in message(error)
    credentials = assume(server, key, made, DurationSeconds=900)["Credentials"]
    assert abs(credentials["Expiration"].timestamp() - time.time() - 900) < 120
    sts = client(server, "sts", key, parameter_validation=False)
    refused("ValidationError", 400, sts.get_session_token, DurationSeconds=129601)


def boto3_sts_a_multipart_upload_stops_at_the_part_at_which_its_session_ends(server, iam, bucket):
    user_name, key = user(iam, allow("sts:AssumeRole"))
    made = role(iam, trust({"AWS": f"arn:aws:iam::{ROOT_ACCOUNT}:root"}), allow("s3:*"))
    s3 = client(server, "s3", session_key(assume(server, key, made)["Credentials"]))
    upload = {"Bucket": bucket, "Key": "parts", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]}
    first = s3.upload_part(**upload, PartNumber=1, Body=bytes(5 * MIB))
    iam.update_access_key(UserName=user_name, AccessKeyId=key.access_key_id, Status="Inactive")
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.upload_part(**upload, PartNumber=2, Body=b"x")
    assert caught.value.response["Error"]["Code"] in ENDED, caught.value
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": first["ETag"]}]})
    assert caught.value.response["Error"]["Code"] in ENDED, caught.value
    # The upload itself is nobody's session: a new one goes on where it stopped.
    iam.update_access_key(UserName=user_name, AccessKeyId=key.access_key_id, Status="Active")
    s3 = client(server, "s3", session_key(assume(server, key, made)["Credentials"]))
    second = s3.upload_part(**upload, PartNumber=2, Body=b"x")
    parts = [{"PartNumber": number, "ETag": part["ETag"]} for number, part in enumerate((first, second), 1)]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert s3.head_object(Bucket=bucket, Key="parts")["ContentLength"] == 5 * MIB + 1


def later(seconds):
    """The environment of a server whose clock is so far ahead, as `faketime` makes it."""
    printed = subprocess.run(["/usr/bin/faketime", "-f", f"+{seconds}s", "env"], check=True, capture_output=True, text=True, timeout=60).stdout
    found = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    # What is waited for passes as ever, and files keep their times.
    return {"LD_PRELOAD": found["LD_PRELOAD"], "FAKETIME": f"+{seconds}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


def boto3_sts_a_session_ends_by_the_clock_in_the_middle_of_a_multipart_upload(tmp_path, monkeypatch):
    """A quarter of an hour is the shortest session there is; the clocks of server and client are put so much ahead instead of waiting."""
    seconds = 900
    with Server(data_dir=tmp_path) as server:
        _, key = user(client(server, "iam"), allow("sts:AssumeRole"))
        made = role(client(server, "iam"), trust({"AWS": f"arn:aws:iam::{ROOT_ACCOUNT}:root"}), allow("s3:*"))
        session = session_key(assume(server, key, made, DurationSeconds=seconds)["Credentials"])
        s3 = client(server, "s3", session)
        s3.create_bucket(Bucket="clock")
        upload = {"Bucket": "clock", "Key": "parts", "UploadId": s3.create_multipart_upload(Bucket="clock", Key="parts")["UploadId"]}
        first = s3.upload_part(**upload, PartNumber=1, Body=bytes(5 * MIB))
        port = server.port
        server.kill()
    now = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now() + datetime.timedelta(seconds=seconds))
    with Server(data_dir=tmp_path, port=port, environment=later(seconds)) as server:
        refused("ExpiredToken", 400, s3.upload_part, **upload, PartNumber=2, Body=b"x")
        parts = {"Parts": [{"PartNumber": 1, "ETag": first["ETag"]}]}
        refused("ExpiredToken", 400, s3.complete_multipart_upload, **upload, MultipartUpload=parts)
        # Whoever gets credentials anew goes on where it stopped.
        s3 = client(server, "s3", session_key(assume(server, key, made)["Credentials"]))
        second = s3.upload_part(**upload, PartNumber=2, Body=b"x")
        parts["Parts"].append({"PartNumber": 2, "ETag": second["ETag"]})
        s3.complete_multipart_upload(**upload, MultipartUpload=parts)
        assert s3.head_object(Bucket="clock", Key="parts")["ContentLength"] == 5 * MIB + 1


def boto3_sts_sessions_end_with_their_role_and_do_not_come_back_with_its_name(server, iam, bucket):
    _, key = user(iam, allow("sts:AssumeRole"))
    trusted = trust({"AWS": f"arn:aws:iam::{ROOT_ACCOUNT}:root"})
    made = role(iam, trusted, allow("s3:*"))
    s3 = client(server, "s3", session_key(assume(server, key, made)["Credentials"]))
    s3.get_object(Bucket=bucket, Key="k")
    iam.delete_role_policy(RoleName=made["RoleName"], PolicyName="own")
    refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="k")
    iam.delete_role(RoleName=made["RoleName"])
    ended(s3, bucket)
    iam.create_role(RoleName=made["RoleName"], AssumeRolePolicyDocument=trusted)
    iam.put_role_policy(RoleName=made["RoleName"], PolicyName="own", PolicyDocument=policy(allow("s3:*")))
    ended(s3, bucket)


# What a session is told that is none any more: as for a key that was deleted, or a token that was.
ENDED = {"ExpiredToken", "InvalidToken", "InvalidAccessKeyId"}


def ended(s3, bucket):
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="k")
    assert caught.value.response["Error"]["Code"] in ENDED, caught.value


def boto3_sts_tokens_are_bound_to_their_key(server, iam, bucket):
    _, key = user(iam, allow(["sts:AssumeRole", "s3:GetObject"]))
    made = role(iam, trust({"AWS": f"arn:aws:iam::{ROOT_ACCOUNT}:root"}), allow("s3:*"))
    one, other = (session_key(assume(server, key, made)["Credentials"]) for _ in range(2))

    def get(with_key):
        return client(server, "s3", with_key).get_object(Bucket=bucket, Key="k")

    get(one)
    get(other)
    refused("InvalidToken", 400, get, with_key=one._replace(session_token=other.session_token))
    refused("InvalidToken", 400, get, with_key=key._replace(session_token=one.session_token))
    refused("InvalidToken", 400, get, with_key=one._replace(session_token=one.session_token[:-4] + "AAAA"))
    with pytest.raises(Exception, match="InvalidAccessKeyId|InvalidToken"):
        get(one._replace(session_token=None))


def boto3_sts_session_of_a_user_may_what_the_user_may_and_no_iam(server, iam, bucket):
    user_name, key = user(iam, allow(["s3:GetObject", "iam:*"]))
    session = session_key(client(server, "sts", key).get_session_token()["Credentials"])
    client(server, "s3", session).get_object(Bucket=bucket, Key="k")
    assert client(server, "sts", session).get_caller_identity()["Arn"].endswith(f":user/{user_name}")
    client(server, "iam", key).list_users()
    with pytest.raises(Exception, match="AccessDenied|InvalidClientTokenId"):
        client(server, "iam", session).list_users()
    refused("AccessDenied", 403, client(server, "sts", session).get_session_token)


def boto3_sts_federated_user_may_what_both_policies_allow(server, iam, bucket):
    _, key = user(iam, allow(["s3:GetObject", "sts:GetFederationToken"]))
    sts = client(server, "sts", key)
    session_policy = policy(allow("s3:*", f"arn:aws:s3:::{bucket}/*"))
    answer = sts.get_federation_token(Name="bob", Policy=session_policy)
    assert answer["FederatedUser"]["Arn"] == f"arn:aws:sts::{ROOT_ACCOUNT}:federated-user/bob"
    session = session_key(answer["Credentials"])
    s3 = client(server, "s3", session)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    refused("AccessDenied", 403, s3.put_object, Bucket=bucket, Key="k", Body=b"x")
    assert client(server, "sts", session).get_caller_identity()["Arn"] == answer["FederatedUser"]["Arn"]
    # Without a policy a federated user may nothing.
    bare = session_key(sts.get_federation_token(Name="carol")["Credentials"])
    refused("AccessDenied", 403, client(server, "s3", bare).get_object, Bucket=bucket, Key="k")


def boto3_sts_denial_is_decoded_for_whom_it_may_be(server, iam):
    user_name, key = user(iam)
    error = refused("AccessDenied", 403, client(server, "iam", key).create_user, UserName="another")
    _, _, encoded = message(error).partition("Encoded authorization failure message: ")
    assert encoded, message(error)
    encoded = encoded.split()[0]
    refused("AccessDenied", 403, client(server, "sts", key).decode_authorization_message, EncodedMessage=encoded)
    decoded = json.loads(client(server, "sts").decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert (decoded["allowed"], decoded["explicitDeny"]) == (False, False)
    assert decoded["context"]["action"] == "iam:CreateUser"
    assert decoded["context"]["principal"]["arn"].endswith(f":user/{user_name}")


# Web identity


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    with Issuer(tmp_path_factory.mktemp("issuer")) as running:
        yield running


@pytest.fixture(scope="module")
def federated(issuer):
    """A server that may ask an issuer on this machine, and trusts its certificate."""
    with issuer.server() as running:
        iam = client(running, "iam")
        provider = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["an-application"])["OpenIDConnectProviderArn"]
        client(running, "s3").create_bucket(Bucket="web-identity")
        host = issuer.url.removeprefix("https://")
        condition = {"StringEquals": {f"{host}:aud": "an-application"}, "StringLike": {f"{host}:sub": "pod:*"}}
        trusted = trust({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", Condition=condition)
        running.role = role(iam, trusted, allow("s3:*"))
        yield running


def with_web_identity(federated, token, **more):
    from botocore import UNSIGNED

    sts = client(federated, "sts", signature_version=UNSIGNED)
    return sts.assume_role_with_web_identity(RoleArn=federated.role["Arn"], RoleSessionName="pod", WebIdentityToken=token, **more)


def boto3_sts_web_identity_becomes_a_session_without_any_key(federated, issuer):
    answer = with_web_identity(federated, issuer.token(subject="pod:web"))
    assert (answer["SubjectFromWebIdentityToken"], answer["Audience"]) == ("pod:web", "an-application")
    s3 = client(federated, "s3", session_key(answer["Credentials"]))
    s3.put_object(Bucket="web-identity", Key="k", Body=b"x")


def boto3_sts_web_identity_is_refused_for_what_is_wrong_with_the_token(federated, issuer):
    check = refused
    check("AccessDenied", 403, with_web_identity, federated=federated, token=issuer.token(subject="person:eve"))
    check("ExpiredTokenException", 400, with_web_identity, federated=federated, token=issuer.token(expires_in=-3600))
    for token in (
        issuer.token(audience="another-application"),
        issuer.token(issuer="https://issuer.example.com"),
        issuer.token(algorithm="none"),
        issuer.token(algorithm="HS256"),
        issuer.token(key_id="unknown"),
        issuer.token(forged=True),
        issuer.token()[:-4] + "AAAA",
        "not.a.token",
    ):
        check("InvalidIdentityToken", 400, with_web_identity, federated=federated, token=token)


def boto3_sts_token_stands_for_a_role_and_the_sdk_refreshes_by_itself(server, iam, bucket, monkeypatch):
    made = role(iam, trust({"Service": "credentials.countersign"}), allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    status, token = identity.admin(server, "POST", "/api/v1/credential-tokens", {"role": made["RoleName"]})
    assert status in (200, 201), token
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.admin_url}/api/v1/credentials/{made['RoleName']}")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", token["token"])
    session = boto3.session.Session()
    credentials = session.get_credentials()
    assert credentials.method == "container-role"
    first = credentials.get_frozen_credentials()
    assert first.access_key.startswith("ASIA")
    settings = {"endpoint_url": server.url, "region_name": REGION}
    s3 = session.client("s3", config=Config(s3={"addressing_style": "path"}), **settings)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    refused("AccessDenied", 403, s3.put_object, Bucket=bucket, Key="k", Body=b"no")
    arn = session.client("sts", **settings).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{ROOT_ACCOUNT}:assumed-role/{made['RoleName']}/token-{token['id']}"
    # As if they were about to end: botocore asks for others before it signs the next request.
    credentials._expiry_time = datetime.datetime.now(datetime.timezone.utc)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    assert credentials.get_frozen_credentials().access_key != first.access_key
    # Once the role is gone, the credentials that were given are worth nothing.
    iam.delete_role_policy(RoleName=made["RoleName"], PolicyName="own")
    iam.delete_role(RoleName=made["RoleName"])
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="k")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403), caught.value
