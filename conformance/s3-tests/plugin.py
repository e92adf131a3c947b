"""A pytest plugin: gives each worker of ceph/s3-tests a server of its own, tidies up after each test, writes down how each ended.

The suite is of a time when every bucket had access control lists, as Ceph's have. AWS makes such buckets only when asked to, so the suite's
clients ask for one with every `CreateBucket` that does not say whose the objects shall be.

The suite's own tidying makes new clients for three users before and after every test, and lets a bucket that cannot be removed fail
every later test. Here clients that are kept remove what they can, and what they cannot is told once.

One helper that tests call is mended: `check_grants` says that it compares lists of access in any order, but sorts them by names that groups
do not have. Nothing else of the suite is changed: no test and no expectation; but its clients of IAM and STS have no region, which Ceph
does not mind and AWS does, and get one.
"""

import json
import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ["COUNTERSIGN_S3_TESTS_FOLDER"])


class Broom:
    """Removes the buckets, users, groups, roles and identity providers that a test left behind."""

    def __init__(self, suite):
        self.suite = suite
        self.clients = None
        self.stuck = set()

    def sweep(self):
        suite = self.suite
        if self.clients is None:
            self.clients = [suite.get_client(), suite.get_alt_client(), suite.get_tenant_client(), suite.get_iam_s3client()]
            self.accounts = [suite.get_iam_client(), suite.get_iam_root_client(), suite.get_iam_alt_root_client()]
            # Of the identity half, where the suite's second user is one of the first of these accounts.
            self.kept = suite.get_alt_user_id()
        for number, client in enumerate(self.clients):
            self.attempt(f"what client {number} left", self.sweep_buckets, client)
        for number, iam in enumerate(self.accounts):
            self.attempt(f"what account {number} left", self.sweep_identity, iam)

    def sweep_buckets(self, client):
        for bucket in client.list_buckets()["Buckets"]:
            if bucket["Name"] not in self.stuck:
                self.attempt(bucket["Name"], remove_bucket, client, bucket["Name"])

    def sweep_identity(self, iam):
        for role in iam.list_roles()["Roles"]:
            self.attempt(role["RoleName"], remove_role, iam, role["RoleName"])
        for user in iam.list_users()["Users"]:
            if user["UserName"] != self.kept:
                self.attempt(user["UserName"], remove_user, iam, user["UserName"])
        for group in iam.list_groups()["Groups"]:
            self.attempt(group["GroupName"], remove_group, iam, group["GroupName"])
        for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])

    def attempt(self, name, remove, *arguments):
        try:
            remove(*arguments)
        except Exception as error:
            self.stuck.add(name)
            print(f"{name} stays behind: {error}")


def remove_bucket(client, bucket):
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = page.get("Versions", []) + page.get("DeleteMarkers", [])
        if found:
            named = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            client.delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True})
    client.delete_bucket(Bucket=bucket)


def remove_role(iam, role):
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=role)


def remove_user(iam, user):
    for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    for policy in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=policy)
    for policy in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=user, PolicyArn=policy["PolicyArn"])
    for group in iam.list_groups_for_user(UserName=user)["Groups"]:
        iam.remove_user_from_group(GroupName=group["GroupName"], UserName=user)
    iam.delete_user(UserName=user)


def remove_group(iam, group):
    for policy in iam.list_group_policies(GroupName=group)["PolicyNames"]:
        iam.delete_group_policy(GroupName=group, PolicyName=policy)
    for policy in iam.list_attached_group_policies(GroupName=group)["AttachedPolicies"]:
        iam.detach_group_policy(GroupName=group, PolicyArn=policy["PolicyArn"])
    iam.delete_group(GroupName=group)


def pytest_configure(config):
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    os.environ["S3TEST_CONF"] = str(FOLDER / f"{worker}.conf")
    import boto3
    import s3tests.functional as suite

    boto3.client, boto3.resource = with_region(boto3.client), with_region(boto3.resource)
    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("before-parameter-build.s3.CreateBucket", with_lists)
    broom = Broom(suite)
    suite.setup = lambda: None
    suite.teardown = broom.sweep
    # Only the process that gathers the results of all others writes them down.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Outcomes(), "countersign-outcomes")


def with_lists(params, **more):
    params.setdefault("ObjectOwnership", "ObjectWriter")


def pytest_collection_modifyitems(items):
    for module in {item.module for item in items}:
        if hasattr(module, "check_grants"):
            module.check_grants = check_grants


def check_grants(got, want):
    names = ("ID", "DisplayName", "URI", "EmailAddress", "Type")
    assert all(set(each) == {"Grantee", "Permission"} for each in got)
    got = [(each["Permission"], *(each["Grantee"].get(name) for name in names)) for each in got]
    want = [(each["Permission"], *(each[name] for name in names)) for each in want]
    assert sorted(got, key=str) == sorted(want, key=str)


def with_region(make):
    def made(*arguments, **named):
        if named.get("region_name") == "":
            named["region_name"] = "us-east-1"
        return make(*arguments, **named)

    return made


class Outcomes:
    """How each test ended: `passed`, `failed`, `error` (before or after the test itself) or `skipped`."""

    def __init__(self):
        self.tests = {}

    def pytest_runtest_logreport(self, report):
        outcome = report.outcome
        if outcome == "failed" and report.when != "call":
            outcome = "error"
        if report.when != "call" and outcome == "passed":
            return
        markers = sorted(name for name in report.keywords if name in MARKERS)
        self.tests[report.nodeid] = {"outcome": outcome, "markers": markers, "why": why(report), "seconds": report.duration}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self):
        (FOLDER / "outcomes.json").write_text(json.dumps(self.tests, indent=1, sort_keys=True))


def why(report):
    """One line that says what went wrong."""
    if report.skipped:
        return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not report.failed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr)
    return " ".join(text.split())[:300]


# The suite's markers that tell an area; the others say on which servers a test is known to fail.
MARKERS = {
    "auth_aws2", "auth_common", "bucket_encryption", "bucket_logging", "bucket_policy", "checksum", "cloud_restore", "cloud_transition",
    "conditional_write", "copy", "delete_marker", "encryption", "fails_on_aws", "iam_account", "lifecycle", "lifecycle_expiration",
    "lifecycle_transition", "list_objects_v2", "object_lock", "object_ownership", "sse_s3", "storage_class", "tagging", "versioning",
}  # fmt: skip
