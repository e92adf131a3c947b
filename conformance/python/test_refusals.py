"""The record of refusals: what boto3 was refused, as `countersign refusals` shows it, before and after a restart."""

import json
import os
import subprocess
import time
from pathlib import Path

import boto3
import harness
import pytest
import signing
from botocore.config import Config
from botocore.exceptions import ClientError
from harness import ACCESS_KEY_ID, CONFORMANCE, SECRET, Server


def refused(server, secret, object_key):
    """Has one upload refused and says its request id."""
    config = Config(s3={"addressing_style": "path"}, signature_version="s3v4", retries={"total_max_attempts": 1})
    s3 = boto3.session.Session().client(
        "s3", endpoint_url=server.url, region_name=harness.REGION, aws_access_key_id=ACCESS_KEY_ID, aws_secret_access_key=secret, config=config
    )  # fmt: skip
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket="any-bucket", Key=object_key, Body=b"x")
    return caught.value.response["ResponseMetadata"]["RequestId"]


def printed(server, *arguments):
    """What a command prints that asks the server as its root."""
    binary = Path(os.environ.get("COUNTERSIGN_BIN", CONFORMANCE / "../target/release/countersign")).resolve()
    environment = harness.clean_environment(AWS_ACCESS_KEY_ID=ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET)
    command = [str(binary), *arguments, "--admin-url", server.admin_url]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def listed(server, *arguments):
    return [json.loads(line) for line in printed(server, "refusals", "--json", *arguments).splitlines()]


def wait_for_lines(folder, count):
    deadline = time.monotonic() + 30
    while sum(len(file.read_text().splitlines()) for file in folder.glob("*.jsonl")) < count:
        assert time.monotonic() < deadline, "the record is not written"
        time.sleep(0.02)


def boto3_refusals_are_listed_grouped_and_explained_before_and_after_kill_9(tmp_path):
    server = Server(data_dir=tmp_path)
    ids = [refused(server, SECRET + "\n", f"key-{n}") for n in range(3)]
    other = refused(server, harness.WRONG_SECRET, "other")
    folder = tmp_path / "data/refusals"

    def check():
        found = listed(server)
        assert [each["requestId"] for each in found] == [other, *reversed(ids)], "newest first"
        assert {each["client"] for each in found} == {"boto3@127.0.0.1"}
        assert {each["accessKeyId"] for each in found} == {ACCESS_KEY_ID}
        assert found[-1]["path"] == "/any-bucket/key-0"
        assert found[-1]["userAgent"].startswith("Boto3/")
        assert [each["requestId"] for each in listed(server, "--cause", "SEC-NEWLINE", "--limit", "2")] == [ids[2], ids[1]]
        assert listed(server, "--client", "curl") == []
        groups = listed(server, "--groups")
        assert [(each["cause"], each["count"], each["requestId"]) for each in groups] == [("SEC-NEWLINE", 3, ids[2]), ("SEC-WRONG", 1, other)]
        table = printed(server, "refusals", "--groups").splitlines()
        assert table[0].split()[:2] == ["COUNT", "LAST"]
        assert table[1].split()[0] == "3"
        assert "ends in a line" in printed(server, "explain", ids[0])
        assert signing.refusal(server, ids[0])["causes"][0]["id"] == "SEC-NEWLINE"

    check()
    wait_for_lines(folder, 4)
    server.kill()
    kept = "".join(file.read_text() for file in folder.glob("*.jsonl"))
    assert SECRET not in kept
    assert "Signature=" not in kept
    server = Server(data_dir=tmp_path)
    check()
    assert len(listed(server, "--since", "1h")) == 4
    server.kill()
