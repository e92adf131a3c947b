"""s3cmd of Debian (2.3): what people type, and what they read when it is refused.

Its configuration is a file, so one is written here. Not here: policies and other settings of a bucket, which the server refuses by name.
"""

import os

import harness
import pytest
import signing
from harness import AWS_TEXT, MIB, REGION, WRONG_SECRET, Ran, bucket_name, read_tree, write_tree

KEYS = ["equals=sign@at", "a blank+plus", "double//slash", "per%20cent", "100%", "é", "日本語/ファイル.txt", "hash#question?", "amp&ersand", "paren(1)", "../../x"]


class S3cmd:
    def __init__(self, server, folder, more="acl_public = False\n"):
        self.server, self.configuration = server, folder / "s3cmd.ini"
        self.configuration.write_text(
            f"[default]\naccess_key = {harness.ACCESS_KEY_ID}\nhost_base = {server.host}\nhost_bucket = {server.host}\n"
            f"bucket_location = {REGION}\nuse_https = False\nsecret_key = {harness.SECRET}\n{more}"
        )

    def run(self, *arguments, secret=harness.SECRET, ahead_of=()):
        return Ran(*ahead_of, "/usr/bin/s3cmd", "-c", self.configuration, f"--secret_key={secret}", "--no-progress", *arguments)

    def do(self, *arguments):
        return self.run(*arguments).well()


@pytest.fixture(scope="module")
def s3cmd(server, tmp_path_factory):
    return S3cmd(server, tmp_path_factory.mktemp("s3cmd"))


@pytest.fixture(scope="module")
def bucket(s3cmd):
    name = bucket_name("s3cmd")
    s3cmd.do("mb", f"s3://{name}")
    return name


def file_of(folder, body=b"x"):
    (folder / "file").write_bytes(body)
    return folder / "file"


def s3cmd_buckets_are_made_listed_and_removed_only_when_empty(s3cmd, tmp_path):
    name = bucket_name("s3cmd")
    s3cmd.do("mb", f"s3://{name}")
    assert f"s3://{name}\n" in s3cmd.do("ls")
    assert "us-east-1" in s3cmd.do("info", f"s3://{name}")
    s3cmd.do("put", file_of(tmp_path), f"s3://{name}/x")
    assert "(BucketNotEmpty)" in s3cmd.run("rb", f"s3://{name}").refused()
    s3cmd.do("rb", "--recursive", "--force", f"s3://{name}")
    assert "(NoSuchBucket)" in s3cmd.run("ls", f"s3://{name}").refused()


def s3cmd_difficult_keys_are_put_listed_read_and_deleted_as_themselves(s3cmd, tmp_path):
    name = bucket_name("s3cmd")
    s3cmd.do("mb", f"s3://{name}")
    for key in KEYS:
        s3cmd.do("put", file_of(tmp_path, key.encode()), f"s3://{name}/{key}")
        assert s3cmd.do("get", f"s3://{name}/{key}", "-").startswith(key)
    listed = [line.partition(f"s3://{name}/")[2] for line in s3cmd.do("ls", "--recursive", f"s3://{name}").splitlines()]
    assert sorted(listed) == sorted(KEYS)
    s3cmd.do("del", "--recursive", "--force", f"s3://{name}")
    assert s3cmd.do("ls", "--recursive", f"s3://{name}") == ""


def s3cmd_an_empty_object_and_a_large_one_in_parts_come_back_whole(s3cmd, bucket, tmp_path):
    for body in (b"", os.urandom(17 * MIB + 3)):
        s3cmd.do("put", "--multipart-chunk-size-mb=6", file_of(tmp_path, body), f"s3://{bucket}/sized")
        s3cmd.do("get", "--force", f"s3://{bucket}/sized", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == body
    status, headers, _ = signing.request(s3cmd.server, "HEAD", f"/{bucket}/sized")
    assert (status, headers["etag"].endswith('-3"')) == (200, True)
    assert "sized" not in s3cmd.do("multipart", f"s3://{bucket}")


def s3cmd_get_goes_on_where_it_was_cut(s3cmd, bucket, tmp_path):
    body = os.urandom(MIB)
    s3cmd.do("put", file_of(tmp_path, body), f"s3://{bucket}/continued")
    (tmp_path / "half").write_bytes(body[: MIB // 2])
    s3cmd.do("get", "--continue", f"s3://{bucket}/continued", tmp_path / "half")
    assert (tmp_path / "half").read_bytes() == body


def s3cmd_sync_goes_up_and_down_and_has_nothing_to_do_twice(s3cmd, bucket, tmp_path):
    files = {"one.txt": b"one", "folder/a b+c.txt": b"two", "folder/日本=(1).txt": b"three", "folder/deep/x": b"four"}
    write_tree(tmp_path / "up", files)
    s3cmd.do("sync", f"{tmp_path}/up/", f"s3://{bucket}/sync/")
    assert s3cmd.do("sync", f"{tmp_path}/up/", f"s3://{bucket}/sync/") == ""
    assert "DIR" in s3cmd.do("ls", f"s3://{bucket}/sync/")
    s3cmd.do("sync", f"s3://{bucket}/sync/", f"{tmp_path}/down/")
    assert read_tree(tmp_path / "down") == files
    (tmp_path / "up/one.txt").unlink()
    s3cmd.do("sync", "--delete-removed", f"{tmp_path}/up/", f"s3://{bucket}/sync/")
    assert "one.txt" not in s3cmd.do("ls", "--recursive", f"s3://{bucket}/sync/")
    assert s3cmd.do("du", f"s3://{bucket}/sync/").split()[:3] == ["12", "3", "objects"]


def s3cmd_metadata_survives_a_copy_and_is_changed_in_place(s3cmd, bucket, tmp_path):
    s3cmd.do("put", "--mime-type=text/plain", "--add-header=x-amz-meta-colour:blue", file_of(tmp_path), f"s3://{bucket}/metadata")
    s3cmd.do("cp", f"s3://{bucket}/metadata", f"s3://{bucket}/a copy+é")
    shown = s3cmd.do("info", f"s3://{bucket}/a copy+é")
    assert "MIME type: text/plain" in shown
    assert "x-amz-meta-colour: blue" in shown
    s3cmd.do("modify", "--add-header=x-amz-meta-colour:red", f"s3://{bucket}/a copy+é")
    assert "x-amz-meta-colour: red" in s3cmd.do("info", f"s3://{bucket}/a copy+é")
    s3cmd.do("mv", f"s3://{bucket}/a copy+é", f"s3://{bucket}/moved")
    assert "(NoSuchKey)" not in s3cmd.do("info", f"s3://{bucket}/moved")
    assert "404" in s3cmd.run("info", f"s3://{bucket}/a copy+é").refused()


def s3cmd_signurl_makes_a_link_of_signature_version_2_and_the_refusal_says_so(s3cmd, bucket, tmp_path):
    s3cmd.do("put", file_of(tmp_path), f"s3://{bucket}/link")
    link = s3cmd.do("signurl", f"s3://{bucket}/link", "+60").strip()
    answer = Ran("/usr/bin/curl", "-sS", link).well()
    assert "<Code>InvalidRequest</Code>" in answer
    assert "signature version 2" in answer


def s3cmd_lists_of_access_are_refused_by_name_and_cp_works_when_told_to_leave_them_alone(s3cmd, bucket, tmp_path):
    put = s3cmd.run("put", "--acl-public", file_of(tmp_path), f"s3://{bucket}/public").refused()
    assert "(AccessControlListNotSupported)" in put
    # Without the setting, s3cmd copies the list of access as well, which a bucket without such lists refuses at AWS too.
    careless = S3cmd(s3cmd.server, tmp_path, more="")
    careless.do("put", tmp_path / "file", f"s3://{bucket}/first")
    assert "(AccessControlListNotSupported)" in careless.run("mv", f"s3://{bucket}/first", f"s3://{bucket}/second").refused()
    assert f"s3://{bucket}/first" in careless.do("ls", f"s3://{bucket}/first")
    careless.do("mv", "--acl-private", f"s3://{bucket}/first", f"s3://{bucket}/second")
    assert careless.do("ls", f"s3://{bucket}/first") == ""


def s3cmd_a_wrong_secret_prints_cause_and_cure(s3cmd, bucket, tmp_path):
    for command in (("put", file_of(tmp_path), f"s3://{bucket}/x"), ("ls",), ("ls", f"s3://{bucket}"), ("sync", f"{tmp_path}/", f"s3://{bucket}/x/")):
        printed = s3cmd.run(*command, secret=WRONG_SECRET).refused()
        assert AWS_TEXT in printed
        assert "secret_key in .s3cfg" in printed.partition(AWS_TEXT)[2]
    large = s3cmd.run("put", file_of(tmp_path, bytes(20 * MIB)), f"s3://{bucket}/x", secret=WRONG_SECRET).refused()
    assert "SEC-WRONG" in large


def s3cmd_takes_the_right_region_from_the_refusal_and_a_wrong_clock_is_told(s3cmd, bucket, tmp_path):
    put = ("put", file_of(tmp_path), f"s3://{bucket}/region")
    corrected = s3cmd.run("-d", "--region=eu-central-1", *put)
    corrected.well()
    assert "SCP-REGION; status=exact" in corrected.err
    assert f"s3://{bucket}\n" in s3cmd.run("--region=eu-central-1", "ls").well()
    for offset, word in (("-20m", "behind"), ("+20m", "ahead")):
        printed = s3cmd.run(*put, ahead_of=("/usr/bin/faketime", "-f", offset)).refused()
        assert "(RequestTimeTooSkewed)" in printed
        assert word in printed


def s3cmd_fields_that_the_documentation_names_are_where_it_says(s3cmd, bucket, tmp_path):
    row = harness.documented("s3cmd")
    put = ("put", file_of(tmp_path), f"s3://{bucket}/refused")
    printed = s3cmd.run(*put, secret=WRONG_SECRET).refused()
    assert row["AWS code"] == row["status"] == row["sentence"] == "stderr"
    assert f"403 (SignatureDoesNotMatch): {AWS_TEXT}" in printed
    assert (row["element"], "Cure" in printed) == ("no", False)
    assert (row["header"], "status=unproven" in printed) == ("stderr with -d", False)
    assert row["request id"] == "stderr with -d"
    debug = s3cmd.run("-d", *put, secret=WRONG_SECRET).refused()
    assert "x-countersign-diagnosis: SEC-WRONG; status=unproven" in debug
    request_id = debug.partition("x-amz-request-id: ")[2].split()[0]
    assert signing.refusal(s3cmd.server, request_id)["causes"][0]["id"] == "SEC-WRONG"
    head = s3cmd.run("info", f"s3://{bucket}/refused", secret=WRONG_SECRET).refused()
    assert f"403 ({row['AWS code on HEAD']})" in head
