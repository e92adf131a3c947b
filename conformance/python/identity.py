"""Accounts, users and roles for tests, and boto3 clients that speak for them.

Accounts come from the admin API, everything else from IAM and STS on the S3 port. Not here: any expectation.
"""

import json
import uuid
from collections import namedtuple

import boto3
import harness
import pytest
import signing
from botocore.config import Config
from botocore.exceptions import ClientError

Key = namedtuple("Key", "access_key_id secret session_token", defaults=(None,))
ROOT = Key(harness.ACCESS_KEY_ID, harness.SECRET)
# The account of the root credentials.
ROOT_ACCOUNT = "000000000001"


def name(about):
    return f"{about}-{uuid.uuid4().hex[:8]}"


def admin(server, method, path, body=None):
    """One call of the admin API as root: status and document."""
    host = f"127.0.0.1:{server.admin_port}"
    bytes_ = b"" if body is None else json.dumps(body).encode()
    payload = signing.hashlib.sha256(bytes_).hexdigest()
    headers = {} if body is None else {"content-type": "application/json"}
    signed = signing.sign(method, host, path, service="countersign", payload=payload, headers=headers)
    status, _, answer = signing.send(host, method, path, signed, bytes_)
    return status, json.loads(answer) if answer else None


def account(server, about="account"):
    """A new account: id, canonical id and the key of its root."""
    status, made = admin(server, "POST", "/api/v1/accounts", {"name": name(about)})
    assert status in (200, 201), (status, made)
    return made


def root_of(made):
    return Key(made["access_key_id"], made["secret_access_key"])


def client(server, service, key=ROOT, **config):
    """A boto3 client of that service, which tries once."""
    config = {"retries": {"total_max_attempts": 1}} | config
    if service == "s3":
        config = {"s3": {"addressing_style": "path"}, "signature_version": "s3v4"} | config
    return boto3.session.Session().client(
        service, endpoint_url=server.url, region_name=harness.REGION, aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret, aws_session_token=key.session_token, config=Config(**config),
    )  # fmt: skip


def anonymous(server):
    from botocore import UNSIGNED

    return client(server, "s3", signature_version=UNSIGNED)


def key_of(iam, user):
    made = iam.create_access_key(UserName=user)["AccessKey"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"])


def session_key(credentials):
    return Key(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trust(principal, action="sts:AssumeRole", **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": action, **more}]})


def user(iam, *statements, about="user"):
    """A new user with a key and, where statements are given, a policy of its own: name and key."""
    user_name = name(about)
    iam.create_user(UserName=user_name)
    if statements:
        iam.put_user_policy(UserName=user_name, PolicyName="own", PolicyDocument=policy(*statements))
    return user_name, key_of(iam, user_name)


def refused(code, status, call, **arguments):
    """The exception of a call that has to be refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), str(caught.value)
    return caught.value


def message(error):
    return error.response["Error"]["Message"]
