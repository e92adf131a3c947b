"""The AWS CLI, version 1 from PyPI and version 2 from Debian: what people type, and what they read when it is refused."""

import json
import os
import subprocess

import harness
import pytest
import signing
from harness import AWS_TEXT, CONFORMANCE, DIFFICULT_KEYS, MIB, NGINX_LINE, REGION, WRONG_SECRET, Nginx, Server, bucket_name

CLIS = {"v1": str(CONFORMANCE / ".venv-awscli/bin/aws"), "v2": "/usr/bin/aws"}


class Cli:
    """One of the two programs, pointed at one server."""

    def __init__(self, version, server):
        self.version, self.server = version, server

    def run(self, *arguments, secret=harness.SECRET, access_key_id=harness.ACCESS_KEY_ID, region=REGION, endpoint=None, faketime=None, stdin=None, **environment):
        command = [CLIS[self.version], "--endpoint-url", endpoint or self.server.url, "--region", region, *arguments]
        if faketime:
            command = ["/usr/bin/faketime", "-f", faketime, *command]
        variables = {"AWS_ACCESS_KEY_ID": access_key_id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_MAX_ATTEMPTS": "1", "AWS_RETRY_MODE": "standard"}
        return subprocess.run(command, env=harness.clean_environment(**variables, **environment), input=stdin, capture_output=True, timeout=120)

    def do(self, *arguments, **how):
        done = self.run(*arguments, **how)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def api(self, *arguments, **how):
        return json.loads(self.do("s3api", *arguments, "--output", "json", **how) or "null")

    def refused(self, code, *arguments, **how):
        """What the CLI prints when it is refused."""
        done = self.run(*arguments, **how)
        printed = done.stderr.decode()
        assert done.returncode != 0, done.stdout.decode()
        assert f"({code})" in printed, printed
        return printed


@pytest.fixture(scope="module", params=["v1", "v2"], ids=["awscli-v1", "awscli-v2"])
def cli(request, server):
    return Cli(request.param, server)


@pytest.fixture(scope="module")
def bucket(cli):
    name = bucket_name(f"cli-{cli.version}")
    assert "make_bucket" in cli.do("s3", "mb", f"s3://{name}")
    return name


def put(bucket):
    return ("s3api", "put-object", "--bucket", bucket, "--key", "refused", "--body", __file__)


def awscli_s3_cp_copies_up_and_down_with_parts(cli, bucket, tmp_path):
    for name, size in (("small", 10), ("large", 17 * MIB + 3)):
        body = os.urandom(size)
        (tmp_path / name).write_bytes(body)
        assert "upload:" in cli.do("s3", "cp", str(tmp_path / name), f"s3://{bucket}/cp/{name}")
        cli.do("s3", "cp", f"s3://{bucket}/cp/{name}", str(tmp_path / "back"))
        assert (tmp_path / "back").read_bytes() == body
    assert cli.api("head-object", "--bucket", bucket, "--key", "cp/large")["ETag"].endswith('-3"')


def awscli_s3_cp_from_a_pipe_and_between_keys(cli, bucket):
    cli.do("s3", "cp", "-", f"s3://{bucket}/pipe", stdin=b"from a pipe")
    cli.do("s3", "cp", f"s3://{bucket}/pipe", f"s3://{bucket}/copied ö")
    assert cli.do("s3", "cp", f"s3://{bucket}/copied ö", "-") == "from a pipe"
    cli.do("s3", "mv", f"s3://{bucket}/copied ö", f"s3://{bucket}/moved")
    assert cli.do("s3", "cp", f"s3://{bucket}/moved", "-") == "from a pipe"


def awscli_overwriting_replaces_the_object(cli, bucket):
    for body in (b"old", b"new"):
        cli.do("s3", "cp", "-", f"s3://{bucket}/overwritten", stdin=body)
    assert cli.do("s3", "cp", f"s3://{bucket}/overwritten", "-") == "new"


def awscli_s3_sync_ls_and_rm(cli, bucket, tmp_path):
    names = ["one.txt", "folder/a b+c.txt", "folder/日本=(1).txt", "folder/deep/x"]
    for name in names:
        (tmp_path / "up" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "up" / name).write_text(name)
        # Older than the upload by more than the second that S3's Last-Modified is rounded to.
        os.utime(tmp_path / "up" / name, (1_700_000_000, 1_700_000_000))
    cli.do("s3", "sync", str(tmp_path / "up"), f"s3://{bucket}/sync")
    assert cli.do("s3", "sync", str(tmp_path / "up"), f"s3://{bucket}/sync") == "", "a second sync has nothing to do"
    listed = cli.do("s3", "ls", f"s3://{bucket}/sync/", "--recursive")
    assert all(f"sync/{name}" in listed for name in names)
    assert "PRE folder/" in cli.do("s3", "ls", f"s3://{bucket}/sync/")
    assert bucket in cli.do("s3", "ls")
    cli.do("s3", "sync", f"s3://{bucket}/sync", str(tmp_path / "down"))
    assert {str(file.relative_to(tmp_path / "down")) for file in (tmp_path / "down").rglob("*") if file.is_file()} == set(names)
    cli.do("s3", "rm", f"s3://{bucket}/sync", "--recursive")
    # Version 2 prints nothing at all where version 1 prints an empty answer.
    assert "Contents" not in (cli.api("list-objects-v2", "--bucket", bucket, "--prefix", "sync/") or {})


def awscli_s3_mb_and_rb(cli):
    name = bucket_name("cli-rb")
    cli.do("s3", "mb", f"s3://{name}")
    cli.do("s3", "cp", "-", f"s3://{name}/x", stdin=b"x")
    cli.refused("BucketNotEmpty", "s3api", "delete-bucket", "--bucket", name)
    cli.do("s3", "rb", f"s3://{name}", "--force")
    cli.refused("NoSuchBucket", "s3", "ls", f"s3://{name}")


def awscli_difficult_keys_are_put_read_listed_and_removed_as_themselves(cli, tmp_path):
    name = bucket_name("cli-keys")
    cli.do("s3", "mb", f"s3://{name}")
    file, back = tmp_path / "body", tmp_path / "back"
    # A start of either CLI costs half a second, so these few stand for the others, which boto3 takes one by one.
    keys = [each for each in DIFFICULT_KEYS if each in ("equals=sign.txt", "a blank.txt", "plus+plus.txt", "per%20cent", "double//slash", "../../x", "é", "tilde~", "question?mark", "hash#mark", "amp&ersand", "paren(1).txt")]
    assert len(keys) == 12
    for each in keys:
        file.write_text(each)
        cli.api("put-object", "--bucket", name, "--key", each, "--body", str(file))
    assert {entry["Key"] for entry in cli.api("list-objects-v2", "--bucket", name)["Contents"]} == set(keys)
    for each in keys[::3]:
        cli.api("get-object", "--bucket", name, "--key", each, str(back))
        assert back.read_text() == each
    cli.do("s3", "rb", f"s3://{name}", "--force")


def awscli_presigned_link_downloads(cli, bucket):
    cli.do("s3", "cp", "-", f"s3://{bucket}/ö link", stdin=b"by link")
    link = cli.do("s3", "presign", f"s3://{bucket}/ö link").strip()
    # Debian's v2 and PyPI's v1 sign links with SigV4 for every region but the oldest ones, where v1 still makes a SigV2 link.
    if "X-Amz-Signature" not in link:
        link = cli.do("s3", "presign", f"s3://{bucket}/ö link", AWS_CONFIG_FILE=str(CONFIG)).strip()
    done = subprocess.run(["/usr/bin/curl", "-sS", "-f", link], env=harness.clean_environment(), capture_output=True, timeout=60)
    assert done.stdout == b"by link", done.stderr.decode()


CONFIG = CONFORMANCE / "python/awscli-s3v4.ini"


def awscli_conditional_put_is_kept(cli, bucket, tmp_path):
    (tmp_path / "x").write_text("x")
    etag = cli.api("put-object", "--bucket", bucket, "--key", "conditional", "--body", str(tmp_path / "x"))["ETag"]
    done = cli.run("s3api", "get-object", "--bucket", bucket, "--key", "conditional", "--if-none-match", etag, str(tmp_path / "y"))
    assert "(304)" in done.stderr.decode()
    answer = cli.api("get-object", "--bucket", bucket, "--key", "conditional", "--range", "bytes=0-0", str(tmp_path / "y"))
    assert answer["ContentRange"] == "bytes 0-0/1"


# Refusals


def awscli_wrong_secret_prints_cause_and_cure(cli, bucket):
    printed = cli.refused("SignatureDoesNotMatch", *put(bucket), secret=WRONG_SECRET)
    assert AWS_TEXT in printed
    assert "aws_secret_access_key (aws configure)" in printed.partition(AWS_TEXT)[2]


def awscli_s3_cp_with_a_wrong_secret_prints_cause_and_cure(cli, bucket, tmp_path):
    (tmp_path / "large").write_bytes(os.urandom(20 * MIB))
    printed = cli.refused("SignatureDoesNotMatch", "s3", "cp", str(tmp_path / "large"), f"s3://{bucket}/x", secret=WRONG_SECRET)
    assert "secret" in printed.partition(AWS_TEXT)[2]


def awscli_secret_with_a_line_break_or_blank_is_told(cli, bucket):
    assert "ends in a line" in cli.refused("SignatureDoesNotMatch", *put(bucket), secret=harness.SECRET + "\n")
    assert "blank" in cli.refused("SignatureDoesNotMatch", *put(bucket), secret=harness.SECRET + " ")


def awscli_unknown_key_is_invalid_access_key_id(cli, bucket):
    assert "does not exist in our records." in cli.refused("InvalidAccessKeyId", *put(bucket), access_key_id="NOBODYSKEYID00000001")


def awscli_wrong_region_names_the_right_one(cli):
    printed = cli.refused("AuthorizationHeaderMalformed", "s3api", "list-buckets", region="eu-central-1")
    assert "the region 'eu-central-1' is wrong; expecting 'us-east-1'" in printed


def awscli_wrong_region_is_corrected_for_a_bucket(cli, bucket):
    cli.do("s3api", "put-object", "--bucket", bucket, "--key", "region", "--body", __file__, region="eu-central-1")
    assert "region" in cli.do("s3", "ls", f"s3://{bucket}/region")


def awscli_clock_20_minutes_behind_or_ahead_is_told(cli, bucket):
    assert "behind" in cli.refused("RequestTimeTooSkewed", *put(bucket), faketime="-20m")
    assert "ahead" in cli.refused("RequestTimeTooSkewed", *put(bucket), faketime="+20m")


def awscli_head_has_no_body_and_the_refusal_is_on_record(cli, bucket):
    cli.do("s3", "cp", "-", f"s3://{bucket}/head", stdin=b"x")
    done = cli.run("--debug", "s3api", "head-object", "--bucket", bucket, "--key", "head", secret=WRONG_SECRET)
    printed = done.stderr.decode()
    assert "(403)" in printed
    assert "SEC-WRONG; status=unproven" in printed, "with --debug the header is printed"


def awscli_fields_that_the_documentation_names_are_where_it_says(cli, bucket):
    row = harness.documented(f"awscli-{cli.version}")
    printed = cli.refused("SignatureDoesNotMatch", *put(bucket), secret=WRONG_SECRET)
    assert row["AWS code"] == row["sentence"] == "stderr"
    assert (row["element"], "Cure" in printed) == ("no", False)
    assert (row["header"], "SEC-WRONG;" in printed) == ("stderr with --debug", False)
    debug = cli.run("--debug", *put(bucket), secret=WRONG_SECRET).stderr.decode()
    assert "SEC-WRONG; status=unproven" in debug
    assert row["request id"] == "stderr with --debug"
    assert "x-amz-request-id" in debug
    head = cli.run("s3api", "head-object", "--bucket", bucket, "--key", "x", secret=WRONG_SECRET).stderr.decode()
    assert f"({row['AWS code on HEAD']})" in head


def awscli_through_nginx_that_passes_host_works(cli, bucket, tmp_path):
    with Nginx("passes-host", cli.server.host) as nginx:
        body = os.urandom(9 * MIB)
        (tmp_path / "body").write_bytes(body)
        cli.do("s3", "cp", str(tmp_path / "body"), f"s3://{bucket}/nginx/a b+c=é", endpoint=nginx.url)
        cli.do("s3", "cp", f"s3://{bucket}/nginx/a b+c=é", str(tmp_path / "back"), endpoint=nginx.url)
        assert (tmp_path / "back").read_bytes() == body


def awscli_through_nginx_that_rewrites_host_both_values_and_the_nginx_line_are_named(cli, bucket):
    with Nginx("rewrites-host-and-says-so", cli.server.host) as nginx:
        printed = cli.refused("SignatureDoesNotMatch", *put(bucket), endpoint=nginx.url)
        for part in (nginx.host, cli.server.host, NGINX_LINE):
            assert part in printed


def awscli_through_stock_nginx_a_proxy_is_named_as_possible(cli, bucket):
    with Nginx("stock", cli.server.host) as nginx:
        assert "proxy" in cli.refused("SignatureDoesNotMatch", *put(bucket), endpoint=nginx.url).partition(AWS_TEXT)[2].lower()


def awscli_through_stock_nginx_with_public_url_both_hosts_are_named(cli):
    port = harness.free_port()
    with Server("--public-url", f"http://127.0.0.1:{port}") as named, Nginx("stock", named.host, port) as nginx:
        printed = Cli(cli.version, named).refused("SignatureDoesNotMatch", *put("any-bucket"), endpoint=nginx.url)
        for part in (nginx.host, named.host, NGINX_LINE):
            assert part in printed


def awscli_refusal_is_on_record(cli, bucket):
    debug = cli.run("--debug", *put(bucket), secret=WRONG_SECRET).stderr.decode()
    request_id = debug.partition("x-amz-request-id")[2].split("'")[2]
    assert signing.refusal(cli.server, request_id)["causes"][0]["id"] == "SEC-WRONG"
