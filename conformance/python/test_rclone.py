"""rclone of Debian (1.60): sync, check and single files, without a mount; and what it prints when it is refused.

It is set up by variables of its environment, so no file of the user's is read.
"""

import os
import re
import urllib.request

import harness
import pytest
import signing
from harness import AWS_TEXT, MIB, REGION, WRONG_SECRET, Ran, bucket_name, read_tree, write_tree

FILES = {
    "a b+c": b"blank and plus", "equals=sign@at": b"equals", "é 日本/ファイル.txt": b"unicode", "100%": b"per cent", "hash#question?": b"hash",
    "folder/deep/x": b"deep", "folder/amp&ersand": b"amp", "folder/paren(1)": b"paren", "empty": b"", "single'quote": b"quote",
}  # fmt: skip


class Rclone:
    def __init__(self, server):
        self.server = server

    def run(self, *arguments, secret=harness.SECRET, region=REGION, stdin=None):
        # Of itself rclone up to 1.60 asks for `private`, which no bucket takes whose owner owns everything in it, here as at AWS.
        settings = {
            "ACL": "bucket-owner-full-control",
            "TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": self.server.url, "REGION": region,
            "ACCESS_KEY_ID": harness.ACCESS_KEY_ID, "SECRET_ACCESS_KEY": secret,
        }  # fmt: skip
        environment = {f"RCLONE_CONFIG_CS_{name}": value for name, value in settings.items()}
        # A file that is not there; the one of whoever runs the tests is not read.
        command = ["/usr/bin/rclone", "--config", "", "--retries", "1", "--low-level-retries", "1", *arguments]
        return Ran(*command, stdin=stdin, **environment)

    def do(self, *arguments, **how):
        return self.run(*arguments, **how).well()


@pytest.fixture(scope="module")
def rclone(server):
    return Rclone(server)


@pytest.fixture(scope="module")
def bucket(rclone):
    name = bucket_name("rclone")
    rclone.do("mkdir", f"cs:{name}")
    return name


def rclone_sync_check_lsf_and_the_way_back(rclone, bucket, tmp_path):
    files = FILES | {"large": os.urandom(17 * MIB + 1)}
    write_tree(tmp_path / "up", files)
    up, there = str(tmp_path / "up"), f"cs:{bucket}/sync"
    multipart = ("--s3-upload-cutoff", "5Mi", "--s3-chunk-size", "6Mi", "--s3-upload-concurrency", "4")
    rclone.do("sync", *multipart, up, there)
    assert "nothing to transfer" in rclone.run("sync", "-v", up, there).err
    for how in ((), ("--download",)):
        assert "0 differences found" in rclone.run("check", *how, up, there).err
    assert sorted(rclone.do("lsf", "-R", "--files-only", there).splitlines()) == sorted(files)
    assert sorted(rclone.do("lsf", there).splitlines()) == sorted({name.partition("/")[0] + ("/" if "/" in name else "") for name in files})
    rclone.do("sync", there, str(tmp_path / "down"))
    assert read_tree(tmp_path / "down") == files
    status, headers, _ = signing.request(rclone.server, "HEAD", f"/{bucket}/sync/large")
    assert (status, headers["etag"].endswith('-3"')) == (200, True)


def rclone_check_finds_what_differs_and_sync_mends_and_removes_it(rclone, bucket, tmp_path):
    write_tree(tmp_path / "up", {"same": b"same", "changed": b"before", "removed": b"removed"})
    up, there = str(tmp_path / "up"), f"cs:{bucket}/differs"
    rclone.do("sync", up, there)
    (tmp_path / "up/changed").write_bytes(b"after!")
    (tmp_path / "up/removed").unlink()
    assert "2 differences found" in rclone.run("check", up, there).refused()
    rclone.do("sync", up, there)
    assert rclone.do("cat", f"{there}/changed") == "after!"
    assert rclone.do("lsf", there) == "changed\nsame\n"


def rclone_single_files_are_copied_moved_read_in_ranges_and_deleted(rclone, bucket, tmp_path):
    body = os.urandom(6 * MIB)
    (tmp_path / "file").write_bytes(body)
    there = f"cs:{bucket}/single"
    rclone.do("copyto", tmp_path / "file", f"{there}/first é+")
    rclone.do("copyto", f"{there}/first é+", f"{there}/second")
    rclone.do("moveto", f"{there}/second", f"{there}/third")
    assert rclone.run("cat", "--offset", "1000", "--count", "10", f"{there}/third").bytes == body[1000:1010]
    rclone.do("deletefile", f"{there}/third")
    assert rclone.do("lsf", there) == "first é+\n"
    assert '"count":1,"bytes":6291456' in rclone.do("size", "--json", there).replace(" ", "")


def rclone_rcat_sends_a_pipe_of_unknown_length(rclone, bucket):
    body = os.urandom(11 * MIB)
    rclone.do("rcat", f"cs:{bucket}/pipe", stdin=body)
    assert rclone.run("cat", f"cs:{bucket}/pipe").bytes == body


def rclone_modification_times_and_metadata_are_kept(rclone, bucket, tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    os.utime(tmp_path / "file", (1_700_000_000.5, 1_700_000_000.5))
    there = f"cs:{bucket}/times"
    rclone.do("copy", "--metadata", "--metadata-set", "colour=blue", "--header-upload", "Cache-Control: no-cache", tmp_path / "file", there)
    assert "2023-11-14T22:13:20.5" in rclone.do("lsjson", there)
    shown = rclone.do("lsjson", "--metadata", there)
    assert '"colour":"blue"' in shown
    assert '"cache-control":"no-cache"' in shown
    rclone.do("touch", "--timestamp", "2024-01-01T00:00:00", f"{there}/file")
    assert "2024-01-01T00:00:00" in rclone.do("lsjson", there)


def rclone_link_downloads(rclone, bucket):
    rclone.do("rcat", f"cs:{bucket}/ö link+", stdin=b"by link")
    link = rclone.do("link", "--expire", "1m", f"cs:{bucket}/ö link+").strip()
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"by link"


def rclone_purge_removes_a_bucket_with_all_that_is_in_it(rclone, tmp_path):
    name = bucket_name("rclone")
    rclone.do("mkdir", f"cs:{name}")
    write_tree(tmp_path, FILES)
    rclone.do("copy", tmp_path, f"cs:{name}")
    assert name in rclone.do("lsd", "cs:")
    rclone.do("purge", f"cs:{name}")
    assert name not in rclone.do("lsd", "cs:")


def rclone_a_wrong_secret_prints_cause_and_cure(rclone, bucket, tmp_path):
    write_tree(tmp_path, {"x": b"x", "large": bytes(20 * MIB)})
    there = f"cs:{bucket}/refused"
    commands = [("lsd", "cs:"), ("lsf", there), ("sync", tmp_path, there), ("check", tmp_path, there)]
    commands += [("copy", "--no-check-dest", tmp_path / name, there) for name in ("x", "large")]
    for command in commands:
        printed = rclone.run(*command, secret=WRONG_SECRET).refused()
        assert AWS_TEXT in printed, command
        assert "secret_access_key in rclone.conf" in printed.partition(AWS_TEXT)[2]


def rclone_a_wrong_region_names_the_right_one(rclone, bucket):
    printed = rclone.run("lsf", f"cs:{bucket}", region="eu-central-1").refused()
    assert "the region 'eu-central-1' is wrong; expecting 'us-east-1'" in printed


def rclone_a_single_file_begins_with_head_which_has_no_body_and_the_refusal_is_on_record(rclone, bucket, tmp_path):
    (tmp_path / "x").write_bytes(b"x")
    printed = rclone.run("copy", tmp_path / "x", f"cs:{bucket}/refused", secret=WRONG_SECRET).refused()
    assert AWS_TEXT not in printed
    request_id = re.search(r"request id: (\w+)", printed)[1]
    assert signing.refusal(rclone.server, request_id)["causes"][0]["id"] == "SEC-WRONG"


def rclone_fields_that_the_documentation_names_are_where_it_says(rclone, bucket, tmp_path):
    row = harness.documented("rclone")
    (tmp_path / "x").write_bytes(b"x")
    put = ("copy", "--no-check-dest", tmp_path / "x", f"cs:{bucket}/refused")
    printed = rclone.run(*put, secret=WRONG_SECRET).refused()
    assert row["AWS code"] == row["status"] == row["sentence"] == row["request id"] == "stderr"
    assert f"SignatureDoesNotMatch: {AWS_TEXT}" in printed
    assert re.search(r"status code: 403, request id: \w+", printed)
    assert (row["element"], "Cure" in printed) == ("no", False)
    assert (row["header"], "status=unproven" in printed) == ("stderr with --dump headers", False)
    debug = rclone.run("--dump", "headers", *put, secret=WRONG_SECRET).refused()
    assert "X-Countersign-Diagnosis: SEC-WRONG; status=unproven" in debug
    head = rclone.run("copy", tmp_path / "x", f"cs:{bucket}/refused", secret=WRONG_SECRET).refused()
    assert f"{row['AWS code on HEAD']}: {row['AWS code on HEAD']}\n" in head
