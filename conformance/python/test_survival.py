"""A large upload with a wrong secret, sent without waiting for an answer, by boto3 and curl.

The server refuses as soon as it has the head of the request, while the client is still sending. Every try must end in
the S3 error with its explanation; a connection reset takes the answer away from the person who needs it.
"""

import collections
import os
import subprocess

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.handlers import add_expect_header
from harness import ACCESS_KEY_ID, MIB, REGION, WRONG_SECRET

TRIES = int(os.environ.get("COUNTERSIGN_SURVIVAL_TRIES", "100"))
SIZE = 64 * MIB


@pytest.fixture
def server():
    """A server of its own for each client: how much one searches for causes is bounded, and a hundred refusals in a few
    seconds are near that bound."""
    with harness.Server() as running:
        yield running


@pytest.fixture(scope="module")
def body():
    return (b"countersign" * (SIZE // 11 + 1))[:SIZE]


def boto3_64_mib_with_a_wrong_secret_ends_in_the_explanation(server, body):
    client = boto3.session.Session().client(
        "s3", endpoint_url=server.url, region_name=REGION, aws_access_key_id=ACCESS_KEY_ID, aws_secret_access_key=WRONG_SECRET,
        config=Config(s3={"addressing_style": "path", "payload_signing_enabled": False}, retries={"total_max_attempts": 1}, request_checksum_calculation="when_required"),
    )  # fmt: skip
    client.meta.events.unregister("before-call.s3", add_expect_header)
    expected = []
    client.meta.events.register("before-send.s3.PutObject", lambda request, **_: expected.append(request.headers.get("Expect")))
    endings = collections.Counter()
    for _ in range(TRIES):
        try:
            client.put_object(Bucket="survival", Key="large", Body=body)
            endings["accepted"] += 1
        except (ClientError, BotoCoreError, OSError) as error:
            explained = isinstance(error, ClientError) and error.response["Error"]["Code"] == "SignatureDoesNotMatch" and "secret" in str(error)
            explained = explained and error.response["ResponseMetadata"]["HTTPHeaders"].get("x-countersign-diagnosis", "").startswith("SEC-WRONG")
            endings["explained" if explained else repr(error)] += 1
    assert endings == {"explained": TRIES}
    assert set(expected) == {None}, "the body has to be sent without waiting"


def endings_of_curl(server, body, tmp_path, tries, *arguments):
    """How so many uploads by curl ended."""
    (tmp_path / "large").write_bytes(body)
    command = [
        "/usr/bin/curl", "-sS", "-i", *arguments, "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--aws-sigv4", f"aws:amz:{REGION}:s3",
        "--user", f"{ACCESS_KEY_ID}:{WRONG_SECRET}", "-T", str(tmp_path / "large"), f"{server.url}/survival/large",
    ]  # fmt: skip
    endings = collections.Counter()
    for _ in range(tries):
        done = subprocess.run(command, env=harness.clean_environment(), capture_output=True, timeout=120)
        printed = done.stdout.decode(errors="replace")
        explained = done.returncode == 0 and all(part in printed for part in ("<Code>SignatureDoesNotMatch</Code>", '<Cause id="SEC-WRONG"', "<Cure>"))
        endings["explained" if explained else f"exit {done.returncode}: {done.stderr.decode()} {printed[:500]}"] += 1
    return endings


def curl_64_mib_with_a_wrong_secret_ends_in_the_explanation(server, body, tmp_path):
    # Only over HTTP/1.0 does curl 7.88 send a large body without asking first: told to leave `Expect` out, it signs it all the same.
    assert endings_of_curl(server, body, tmp_path, TRIES, "--http1.0") == {"explained": TRIES}


def curl_64_mib_that_asks_first_ends_in_the_explanation(server, body, tmp_path):
    assert endings_of_curl(server, body, tmp_path, 10) == {"explained": 10}
