"""restic of Debian (0.14): a repository of many small objects, with its locks, listings and deletions.

It reads back and checks what it wrote, so its own `check --read-data` is a test of the server.
"""

import json
import os
import random
import shutil
import subprocess
import time

import harness
import pytest
from harness import AWS_TEXT, MIB, REGION, WRONG_SECRET, Ran, bucket_name, read_tree, write_tree

FILES = 1200
RESTIC = ("/usr/bin/restic", "--no-cache")


class Restic:
    def __init__(self, server, bucket):
        self.server, self.repository = server, f"s3:{server.url}/{bucket}/a/repository"

    def environment(self, secret):
        return {
            "AWS_ACCESS_KEY_ID": harness.ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": secret,
            "RESTIC_REPOSITORY": self.repository, "RESTIC_PASSWORD": "of the repository",
        }  # fmt: skip

    def run(self, *arguments, secret=harness.SECRET, region=REGION):
        where = ("-o", f"s3.region={region}") if region else ()
        return Ran(*RESTIC, *where, *arguments, **self.environment(secret))

    def started(self, *arguments):
        """One that waits for what it is to save; what it prints is read when it has ended."""
        command = [*RESTIC, "-o", f"s3.region={REGION}", *arguments]
        environment = harness.clean_environment(**self.environment(harness.SECRET))
        return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def do(self, *arguments, **how):
        return self.run(*arguments, **how).well()

    def snapshots(self):
        return json.loads(self.do("snapshots", "--json"))


@pytest.fixture
def restic(server):
    """A repository of its own; restic makes the bucket."""
    restic = Restic(server, bucket_name("restic"))
    restic.do("init")
    return restic


def many_files(folder):
    chance = random.Random(4)
    write_tree(folder, {f"{number % 40}/é {number}+": chance.randbytes(chance.randrange(4000)) for number in range(FILES)})
    write_tree(folder, {"large": chance.randbytes(17 * MIB), "empty": b""})


def restic_backs_up_forgets_prunes_checks_and_restores_many_files(restic, tmp_path):
    source = tmp_path / "source"
    many_files(source)
    restic.do("backup", source)
    shutil.rmtree(source / "7")
    write_tree(source, {"new": b"new"})
    # Small packs, so that the repository becomes many objects.
    second = json.loads(restic.do("backup", "--json", "--pack-size", "4", source).splitlines()[-1])
    assert second["files_new"] == 1
    assert len(restic.snapshots()) == 2
    assert "no errors were found" in restic.do("check", "--read-data")
    restic.do("forget", "--keep-last", "1", "--prune", "--max-unused", "0")
    assert len(restic.snapshots()) == 1
    assert "no errors were found" in restic.do("check", "--read-data")
    restic.do("restore", "latest", "--target", tmp_path / "back")
    assert read_tree(tmp_path / "back" / source.relative_to("/")) == read_tree(source)
    assert restic.do("list", "locks") == ""


def restic_many_snapshots_are_many_small_objects_that_are_listed_and_deleted(restic, tmp_path):
    source = tmp_path / "source"
    for number in range(12):
        write_tree(source, {f"{number}": os.urandom(100)})
        restic.do("backup", "--tag", f"n{number}", source)
    assert [each["tags"] for each in restic.snapshots()] == [[f"n{number}"] for number in range(12)]
    restic.do("forget", "--keep-last", "3", "--prune")
    assert [each["tags"] for each in restic.snapshots()] == [["n9"], ["n10"], ["n11"]]
    assert "no errors were found" in restic.do("check", "--read-data")


def restic_a_lock_keeps_others_out_until_it_is_gone(restic):
    with restic.started("backup", "--stdin", "--stdin-filename", "pipe") as writing:
        deadline = time.monotonic() + 60
        while not restic.do("list", "locks", "--no-lock"):
            assert time.monotonic() < deadline, "restic never locked its repository"
        assert "already locked" in restic.run("forget", "--keep-last", "1", "--prune").refused()
        assert "saved" in writing.communicate(b"from a pipe", timeout=60)[0].decode()
    assert restic.do("list", "locks", "--no-lock") == ""
    restic.do("forget", "--keep-last", "1", "--prune")
    assert restic.do("dump", "latest", "pipe") == "from a pipe"


def restic_a_wrong_secret_prints_cause_and_cure_where_no_region_is_set(restic):
    for command in (("snapshots",), ("init",), ("backup", __file__)):
        printed = restic.run(*command, secret=WRONG_SECRET, region=None).refused()
        assert AWS_TEXT in printed, command
        assert "restic: AWS_SECRET_ACCESS_KEY" in printed.partition(AWS_TEXT)[2]


def restic_asks_for_the_region_when_none_is_set_and_a_wrong_one_is_a_bad_request(restic):
    assert restic.do("snapshots", "--json", region=None).strip() == "[]"
    assert "400 Bad Request" in restic.run("snapshots", region="eu-central-1").refused()


def restic_fields_that_the_documentation_names_are_where_it_says(restic):
    row = harness.documented("restic")
    assert row["sentence"] == "stderr without `s3.region`"
    printed = restic.run("snapshots", secret=WRONG_SECRET, region=None).refused()
    assert f"Stat: {AWS_TEXT}" in printed
    for title, sign in (("AWS code", "SignatureDoesNotMatch"), ("status", "403"), ("element", "Cure"), ("header", "status="), ("request id", "countersign-")):
        assert (row[title], sign in printed) == ("no", False), title
    # With the region known, the first request is a HEAD, whose answer has no body.
    head = restic.run("snapshots", secret=WRONG_SECRET).refused()
    assert f"Stat: {row['AWS code on HEAD']}." in head
    assert AWS_TEXT not in head
