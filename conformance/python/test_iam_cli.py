"""`aws iam` and `aws sts`, versions 1 and 2: what an operator types, from the first user to the last key."""

import json
import subprocess

import harness
import identity
import pytest
from harness import CONFORMANCE, bucket_name
from identity import ROOT, ROOT_ACCOUNT, Key, allow, client, name, policy, trust

CLIS = {"v1": str(CONFORMANCE / ".venv-awscli/bin/aws"), "v2": "/usr/bin/aws"}


class Cli:
    def __init__(self, version, server):
        self.version, self.server = version, server

    def run(self, *arguments, key=ROOT):
        command = [CLIS[self.version], "--endpoint-url", self.server.url, "--region", harness.REGION, "--output", "json", *arguments]
        variables = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_MAX_ATTEMPTS": "1"}
        if key.session_token:
            variables["AWS_SESSION_TOKEN"] = key.session_token
        return subprocess.run(command, env=harness.clean_environment(**variables), capture_output=True, timeout=120)

    def do(self, *arguments, **how):
        done = self.run(*arguments, **how)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout or "null")

    def refused(self, code, *arguments, **how):
        done = self.run(*arguments, **how)
        printed = done.stderr.decode()
        assert done.returncode != 0, done.stdout.decode()
        assert f"({code})" in printed, printed
        return printed


@pytest.fixture(scope="module", params=["v1", "v2"], ids=["awscli-v1", "awscli-v2"])
def cli(request, server):
    return Cli(request.param, server)


@pytest.fixture(scope="module")
def bucket(server):
    made = bucket_name("iam-cli")
    client(server, "s3").create_bucket(Bucket=made)
    return made


def key_of(answer):
    return Key(answer["AccessKey"]["AccessKeyId"], answer["AccessKey"]["SecretAccessKey"])


def awscli_iam_user_key_and_policy_from_the_first_to_the_last(cli, bucket, tmp_path):
    user = name("cli")
    assert cli.do("iam", "create-user", "--user-name", user)["User"]["Arn"] == f"arn:aws:iam::{ROOT_ACCOUNT}:user/{user}"
    key = key_of(cli.do("iam", "create-access-key", "--user-name", user))
    assert f"is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::{bucket}\"" in cli.refused("AccessDenied", "s3api", "list-objects-v2", "--bucket", bucket, key=key)
    document = tmp_path / "policy.json"
    document.write_text(policy(allow("s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"])))
    arn = cli.do("iam", "create-policy", "--policy-name", user, "--policy-document", f"file://{document}")["Policy"]["Arn"]
    cli.do("iam", "attach-user-policy", "--user-name", user, "--policy-arn", arn)
    cli.do("s3api", "put-object", "--bucket", bucket, "--key", "k", "--body", __file__, key=key)
    # Rotation: the new key works beside the old one, then the old one goes.
    new = key_of(cli.do("iam", "create-access-key", "--user-name", user))
    cli.do("s3api", "head-object", "--bucket", bucket, "--key", "k", key=new)
    cli.do("s3api", "head-object", "--bucket", bucket, "--key", "k", key=key)
    used = cli.do("iam", "get-access-key-last-used", "--access-key-id", key.access_key_id)
    assert used["AccessKeyLastUsed"]["ServiceName"] == "s3"
    cli.do("iam", "update-access-key", "--user-name", user, "--access-key-id", key.access_key_id, "--status", "Inactive")
    cli.refused("InvalidAccessKeyId", "s3api", "list-objects-v2", "--bucket", bucket, key=key)
    cli.do("iam", "delete-access-key", "--user-name", user, "--access-key-id", key.access_key_id)
    cli.do("s3api", "head-object", "--bucket", bucket, "--key", "k", key=new)
    cli.refused("DeleteConflict", "iam", "delete-user", "--user-name", user)
    cli.do("iam", "delete-access-key", "--user-name", user, "--access-key-id", new.access_key_id)
    cli.refused("InvalidAccessKeyId", "s3api", "list-objects-v2", "--bucket", bucket, key=new)
    cli.do("iam", "detach-user-policy", "--user-name", user, "--policy-arn", arn)
    cli.do("iam", "delete-policy", "--policy-arn", arn)
    cli.do("iam", "delete-user", "--user-name", user)
    cli.refused("NoSuchEntity", "iam", "get-user", "--user-name", user)


def awscli_sts_role_is_assumed(cli, bucket, tmp_path):
    role = name("cli-role")
    document = tmp_path / "trust.json"
    user = name("cli")
    cli.do("iam", "create-user", "--user-name", user)
    key = key_of(cli.do("iam", "create-access-key", "--user-name", user))
    document.write_text(trust({"AWS": f"arn:aws:iam::{ROOT_ACCOUNT}:user/{user}"}))
    arn = cli.do("iam", "create-role", "--role-name", role, "--assume-role-policy-document", f"file://{document}")["Role"]["Arn"]
    cli.do("iam", "attach-role-policy", "--role-name", role, "--policy-arn", "arn:aws:iam::aws:policy/AmazonS3FullAccess")
    credentials = cli.do("sts", "assume-role", "--role-arn", arn, "--role-session-name", "typed", key=key)["Credentials"]
    session = identity.session_key(credentials)
    assert cli.do("sts", "get-caller-identity", key=session)["Arn"].endswith(f":assumed-role/{role}/typed")
    cli.do("s3api", "put-object", "--bucket", bucket, "--key", "from-a-role", "--body", __file__, key=session)


def awscli_v1_profile_with_a_role_assumes_it_by_itself(server, bucket, tmp_path):
    """Version 1 only: 2.9 cannot be told an endpoint for the STS client behind a profile."""
    cli = Cli("v1", server)
    role, user = name("cli-role"), name("cli")
    cli.do("iam", "create-user", "--user-name", user)
    key = key_of(cli.do("iam", "create-access-key", "--user-name", user))
    trusted = trust({"AWS": f"arn:aws:iam::{ROOT_ACCOUNT}:user/{user}"})
    arn = cli.do("iam", "create-role", "--role-name", role, "--assume-role-policy-document", trusted)["Role"]["Arn"]
    cli.do("iam", "attach-role-policy", "--role-name", role, "--policy-arn", "arn:aws:iam::aws:policy/AmazonS3FullAccess")
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(f"[profile application]\nrole_arn = {arn}\nsource_profile = person\nregion = {harness.REGION}\n")
    credentials.write_text(f"[person]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret}\n")
    variables = {
        "AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials), "AWS_PROFILE": "application", "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": server.url,
    }  # fmt: skip
    command = [CLIS["v1"], "s3api", "put-object", "--bucket", bucket, "--key", "by-profile", "--body", __file__]
    done = subprocess.run(command, env=harness.clean_environment(**variables), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()


def awscli_bucket_policy_and_access_block_are_set_and_shown(cli, server, bucket):
    made = bucket_name("cli-policy")
    cli.do("s3api", "create-bucket", "--bucket", made)
    cli.do("s3api", "put-public-access-block", "--bucket", made, "--public-access-block-configuration", "BlockPublicPolicy=true")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{made}/*"}]})
    cli.refused("AccessDenied", "s3api", "put-bucket-policy", "--bucket", made, "--policy", document)
    cli.do("s3api", "delete-public-access-block", "--bucket", made)
    cli.do("s3api", "put-bucket-policy", "--bucket", made, "--policy", document)
    assert cli.do("s3api", "get-bucket-policy-status", "--bucket", made)["PolicyStatus"]["IsPublic"] is True
    assert json.loads(cli.do("s3api", "get-bucket-policy", "--bucket", made)["Policy"]) == json.loads(document)
    cli.do("s3api", "delete-bucket-policy", "--bucket", made)


def awscli_iam_what_a_new_administrator_looks_at_is_answered(cli):
    """Commands of the first hour, most of them from the documentation of IAM."""
    user, group = name("cli"), name("cli-group")
    cli.do("iam", "create-group", "--group-name", group)
    cli.do("iam", "attach-group-policy", "--group-name", group, "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")
    arn = cli.do("iam", "create-user", "--user-name", user, "--tags", "Key=team,Value=blue")["User"]["Arn"]
    cli.do("iam", "add-user-to-group", "--group-name", group, "--user-name", user)
    key = key_of(cli.do("iam", "create-access-key", "--user-name", user))
    assert cli.do("iam", "get-user", key=key)["User"]["UserName"] == user
    assert cli.do("iam", "get-account-summary", key=key)["SummaryMap"]["Users"] >= 1
    assert cli.do("iam", "list-groups-for-user", "--user-name", user)["Groups"][0]["GroupName"] == group
    assert cli.do("iam", "list-user-tags", "--user-name", user)["Tags"] == [{"Key": "team", "Value": "blue"}]
    simulated = cli.do("iam", "simulate-principal-policy", "--policy-source-arn", arn, "--action-names", "s3:GetObject", "iam:CreateUser")
    assert [each["EvalDecision"] for each in simulated["EvaluationResults"]] == ["allowed", "allowed"]
    details = cli.do("iam", "get-account-authorization-details", "--filter", "User", "Group")
    assert group in next(each for each in details["UserDetailList"] if each["UserName"] == user)["GroupList"]
    assert cli.do("iam", "generate-credential-report")["State"] == "COMPLETE"
    assert cli.do("iam", "get-credential-report")["ReportFormat"] == "text/csv"
    assert cli.do("iam", "get-context-keys-for-principal-policy", "--policy-source-arn", arn)["ContextKeyNames"] == []
    for command, field in [
        ("list-account-aliases", "AccountAliases"), ("list-mfa-devices", "MFADevices"), ("list-virtual-mfa-devices", "VirtualMFADevices"),
        ("list-instance-profiles", "InstanceProfiles"), ("list-server-certificates", "ServerCertificateMetadataList"),
        ("list-saml-providers", "SAMLProviderList"), ("list-open-id-connect-providers", "OpenIDConnectProviderList"),
        ("list-ssh-public-keys", "SSHPublicKeys"), ("list-signing-certificates", "Certificates"),
    ]:  # fmt: skip
        assert cli.do("iam", command, key=key)[field] == []
    cli.refused("NoSuchEntity", "iam", "get-account-password-policy")
    cli.refused("NoSuchEntity", "iam", "get-login-profile", "--user-name", user)
    assert "CreateLoginProfile is not implemented" in cli.refused("NotImplemented", "iam", "create-login-profile", "--user-name", user, "--password", "Some-Password-1")
    listed = cli.do("iam", "list-users", "--max-items", "1")
    assert len(listed["Users"]) == 1
    cli.do("iam", "update-user", "--user-name", user, "--new-user-name", user.upper())
    assert cli.do("iam", "get-user", "--user-name", user)["User"]["UserName"] == user.upper()
    cli.do("iam", "remove-user-from-group", "--group-name", group, "--user-name", user)
    cli.do("iam", "delete-access-key", "--user-name", user, "--access-key-id", key.access_key_id)
    cli.do("iam", "delete-user", "--user-name", user)
    cli.do("iam", "detach-group-policy", "--group-name", group, "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")
    cli.do("iam", "delete-group", "--group-name", group)
