"""s3fs of Debian (1.90): a bucket mounted as a folder, where the machine can mount; and its tools that need no mount.

Mounting needs /dev/fuse, which some containers lack. There the tests of the mount are replaced by one whose name says so; the
others run everywhere. Mounted in the foreground, so that its log is at hand and it is ended by its own id.
"""

import os
import subprocess
import time

import harness
import pytest
import signing
from harness import AWS_TEXT, MIB, REGION, WRONG_SECRET, Process, Ran, bucket_name

CAN_MOUNT = os.access("/dev/fuse", os.R_OK | os.W_OK)


def where_it_can_mount(test):
    return test if CAN_MOUNT else None


def where_it_cannot_mount(test):
    return None if CAN_MOUNT else test


class S3fs:
    def __init__(self, server, folder):
        self.server, self.bucket, self.folder = server, bucket_name("s3fs"), folder / "mounted"
        self.passwords = folder / "passwords"
        assert signing.request(server, "PUT", f"/{self.bucket}")[0] == 200

    def options(self, secret=harness.SECRET, more=("sigv4",), region=REGION):
        self.passwords.write_text(f"{harness.ACCESS_KEY_ID}:{secret}\n")
        self.passwords.chmod(0o600)
        return ["-o", ",".join([f"passwd_file={self.passwords}", f"url={self.server.url}", "use_path_request_style", f"endpoint={region}", *more])]

    def __enter__(self):
        self.folder.mkdir()
        command = ["/usr/bin/s3fs", self.bucket, str(self.folder), "-f", *self.options(more=("sigv4", "multipart_size=6", "dbglevel=err"))]
        self.process = Process(command, harness.clean_environment(), lambda: os.path.ismount(self.folder))
        return self

    def __exit__(self, *_):
        # Ends the process as well, after it has sent what it still holds.
        subprocess.run(["/bin/fusermount", "-u", self.folder], check=True, timeout=60)
        self.process.child.wait(60)

    def refused_mount(self, *more, secret=WRONG_SECRET, region=REGION):
        """What s3fs logs when the server refuses it; it asks after it has mounted, and takes the mount away again."""
        self.folder.mkdir(exist_ok=True)
        ran = Ran("/usr/bin/s3fs", self.bucket, self.folder, "-f", *self.options(secret, more, region))
        assert not os.path.ismount(self.folder)
        return ran.out + ran.err

    def keys(self):
        body = signing.request(self.server, "GET", f"/{self.bucket}", query={"list-type": "2"})[2].decode()
        return [part.partition("</Key>")[0] for part in body.split("<Key>")[1:]]


@pytest.fixture
def s3fs(server, tmp_path):
    return S3fs(server, tmp_path)


@where_it_cannot_mount
def s3fs_this_machine_has_no_dev_fuse_so_nothing_was_mounted(s3fs):
    s3fs.folder.mkdir()
    ran = Ran("/usr/bin/s3fs", s3fs.bucket, s3fs.folder, "-f", *s3fs.options())
    assert "fuse" in ran.refused()


@where_it_can_mount
def s3fs_files_are_written_read_appended_renamed_and_removed(s3fs):
    names = ["a b+c", "equals=sign@at", "é", "日本.txt", "per%20cent", "hash#question?", "paren(1)", "amp&ersand"]
    with s3fs as mounted:
        for name in names:
            (mounted.folder / name).write_text(name)
        with (mounted.folder / "a b+c").open("a") as file:
            file.write(" and more")
        assert (mounted.folder / "a b+c").read_text() == "a b+c and more"
        (mounted.folder / "empty").touch()
        assert sorted(os.listdir(mounted.folder)) == sorted([*names, "empty"])
        os.rename(mounted.folder / "é", mounted.folder / "renamed é")
        os.remove(mounted.folder / "日本.txt")
    left = {*names, "empty", "renamed é"} - {"é", "日本.txt", "amp&ersand"} | {"amp&amp;ersand"}
    assert sorted(s3fs.keys()) == sorted(left)
    status, _, body = signing.request(s3fs.server, "GET", f"/{s3fs.bucket}/a%20b%2Bc")
    assert (status, body) == (200, b"a b+c and more")


@where_it_can_mount
def s3fs_a_large_file_goes_up_in_parts_and_is_changed_in_the_middle(s3fs):
    body = bytearray(os.urandom(17 * MIB + 3))
    with s3fs as mounted:
        large = mounted.folder / "large"
        large.write_bytes(body)
        assert large.read_bytes() == body
        status, headers, _ = signing.request(s3fs.server, "HEAD", f"/{s3fs.bucket}/large")
        assert (status, "-" in headers["etag"]) == (200, True), "it is one object of several parts"
        body[9 * MIB : 9 * MIB + 4] = b"here"
        with large.open("r+b") as file:
            file.seek(9 * MIB)
            file.write(b"here")
    assert signing.request(s3fs.server, "GET", f"/{s3fs.bucket}/large")[2] == body


@where_it_can_mount
def s3fs_folders_links_times_and_modes_are_kept_across_mounts(s3fs):
    with s3fs as mounted:
        (mounted.folder / "folder/deep").mkdir(parents=True)
        file = mounted.folder / "folder/deep/file"
        file.write_text("x")
        file.chmod(0o640)
        os.utime(file, (1_700_000_000, 1_700_000_000))
        (mounted.folder / "link").symlink_to("folder/deep/file")
    s3fs.folder.rmdir()
    with s3fs as mounted:
        found = (mounted.folder / "folder/deep/file").stat()
        assert (found.st_mode & 0o777, found.st_mtime, found.st_size) == (0o640, 1_700_000_000, 1)
        assert (mounted.folder / "link").read_text() == "x"
        subprocess.run(["/bin/rm", "-r", mounted.folder / "folder"], check=True, timeout=60)
        assert os.listdir(mounted.folder) == ["link"]
    assert s3fs.keys() == ["link"]


@where_it_can_mount
def s3fs_more_than_1000_objects_are_one_folder(s3fs):
    names = [f"{number:04}" for number in range(1010)]
    for name in names:
        assert signing.request(s3fs.server, "PUT", f"/{s3fs.bucket}/folder/{name}")[0] == 200
    with s3fs as mounted:
        assert sorted(os.listdir(mounted.folder / "folder")) == names


@where_it_can_mount
def s3fs_a_wrong_secret_is_told_in_the_log_of_the_mount(s3fs):
    logged = s3fs.refused_mount("dbglevel=err", "sigv4")
    assert AWS_TEXT in logged
    assert "secret" in logged.partition(AWS_TEXT)[2]
    assert "ALG-V2" not in logged
    # Left to itself it tries signature version 2 next, whose refusal is the last thing it logs.
    assert "(ALG-V2, exact)" in s3fs.refused_mount("dbglevel=err").partition("(SEC-WRONG, unproven)")[2]


@where_it_can_mount
def s3fs_in_the_background_ends_well_although_it_was_refused_and_says_why_in_its_log(s3fs):
    log = s3fs.passwords.with_name("log")
    s3fs.folder.mkdir()
    options = s3fs.options(WRONG_SECRET, ("sigv4", "dbglevel=err", f"logfile={log}"))
    Ran("/usr/bin/s3fs", s3fs.bucket, s3fs.folder, *options).well()
    deadline = time.monotonic() + 60
    while "Exiting FUSE event loop" not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    assert AWS_TEXT in log.read_text()


@where_it_can_mount
def s3fs_a_wrong_region_names_the_right_one(s3fs):
    logged = s3fs.refused_mount("sigv4", "dbglevel=err", secret=harness.SECRET, region="eu-central-1")
    assert "the region 'eu-central-1' is wrong; expecting 'us-east-1'" in logged


@where_it_can_mount
def s3fs_fields_that_the_documentation_names_are_where_it_says(s3fs):
    row = harness.documented("s3fs")
    logged = s3fs.refused_mount("sigv4", "dbglevel=err")
    for title, sign in (
        ("AWS code", "<Code>SignatureDoesNotMatch</Code>"), ("status", "HTTP response code 403"), ("sentence", AWS_TEXT),
        ("element", "<Diagnosis "), ("request id", "<RequestId>"),
    ):  # fmt: skip
        assert (row[title], sign in logged) == ("log with dbglevel=err", True), title
    assert (row["header"], "status=unproven;" in logged) == ("log with curldbg", False)
    assert "x-countersign-diagnosis: SEC-WRONG; status=unproven" in s3fs.refused_mount("sigv4", "dbglevel=info", "curldbg")
    assert row["AWS code on HEAD"] == "no"


def s3fs_uploads_that_were_begun_and_not_completed_are_listed_and_ended_without_a_mount(s3fs):
    assert signing.request(s3fs.server, "POST", f"/{s3fs.bucket}/half%20done", query={"uploads": ""})[0] == 200
    list_them = ("/usr/bin/s3fs", "--incomplete-mpu-list", s3fs.bucket, *s3fs.options())
    assert "/half done" in Ran(*list_them).well()
    Ran("/usr/bin/s3fs", "--incomplete-mpu-abort=all", s3fs.bucket, *s3fs.options(), stdin=b"Y\n").well()
    assert "There is no list" in Ran(*list_them).well()


def s3fs_a_wrong_secret_is_told_without_a_mount(s3fs):
    log = s3fs.passwords.with_name("log")
    options = s3fs.options(WRONG_SECRET, ("sigv4", "dbglevel=err", f"logfile={log}"))
    Ran("/usr/bin/s3fs", "--incomplete-mpu-list", s3fs.bucket, *options).refused()
    assert AWS_TEXT in log.read_text()
