"""Captures about secrets, access keys, tokens, regions, services and clocks."""

import base64
import urllib.parse

from case import case
from clients import KEY, SECRET, aws, boto3, curl, js_v2, js_v3, minio_js, minio_py, rclone, restic, s3cmd, signing_curl

OTHER = "nobody/ever/gave/out/this+secret/0000000"
TOKEN = "IQoJb3JpZ2luX2VjEA+/ab=="
LINK = 'link("get_object")'
LISTING = 's3.list_objects_v2(Bucket="photos")'

CASES = [
    case("SEC-NEWLINE", "boto3", "proven", lambda at: boto3(at, secret=f"{SECRET}\n")),
    case("SEC-NEWLINE", "js-v3", "proven", lambda at: js_v3(at, secret=f"{SECRET}\r\n")),
    case("SEC-NEWLINE", "aws-cli", "proven", lambda at: aws(at, secret=f"{SECRET}\n")),
    case("SEC-SPACE", "minio-js", "proven", lambda at: minio_js(at, secret=f"{SECRET} ")),
    case("SEC-SPACE", "s3cmd", "proven", lambda at: s3cmd(at, secret=f" {SECRET}")),
    case("SEC-QUOTES", "rclone", "proven", lambda at: rclone(at, secret=f'"{SECRET}"')),
    case("SEC-QUOTES", "aws-cli", "proven", lambda at: aws(at, secret=f"'{SECRET}'", version=1)),
    case("SEC-ZSH-PERCENT", "aws-cli", "proven", lambda at: aws(at, secret=f"{SECRET}%", version=1)),
    case("SEC-URLENC", "js-v3", "proven", lambda at: js_v3(at, secret=urllib.parse.quote(SECRET, safe=""))),
    case("SEC-URLENC", "minio-py", "proven", lambda at: minio_py(at, secret=urllib.parse.quote(SECRET, safe=""))),
    case("SEC-ESCAPE", "minio-py", "proven", lambda at: minio_py(at, secret=SECRET.replace("/", "\\/"))),
    case("SEC-BASE64", "rclone", "proven", lambda at: rclone(at, secret=base64.b64encode(SECRET.encode()).decode())),
    case("SEC-BASE64", "restic", "proven", lambda at: restic(at, secret=base64.b64encode(f"{SECRET}\n".encode()).decode())),
    case("SEC-AKID", "boto3", "proven", lambda at: boto3(at, LISTING, secret=KEY)),
    case("SEC-AKID", "js-v2", "proven", lambda at: js_v2(at, secret=KEY)),
    case("SEC-DEFAULT", "minio-js", "proven", lambda at: minio_js(at, secret="minioadmin")),
    case("SEC-DEFAULT", "js-v3", "proven", lambda at: js_v3(at, secret="undefined")),
    case("SEC-AWS4TWICE", "boto3", "proven", lambda at: boto3(at, secret=f"AWS4{SECRET}")),
    case("SEC-WRONG", "restic", "unproven", lambda at: restic(at, secret=OTHER)),
    case("SEC-WRONG", "aws-cli", "unproven", lambda at: aws(at, secret=OTHER)),
    case("SEC-WRONG", "s3cmd", "unproven", lambda at: s3cmd(at, secret=OTHER)),
    case("TOK-MISSING", "boto3", "exact", lambda at: boto3(at, LISTING, key="ASIAQWERTYUIOPASDF12"), context={"unknown_key": True}),
    case("TOK-INVALID", "boto3", "exact", lambda at: boto3(at, LISTING, token=TOKEN)),
    case("TOK-INVALID", "aws-cli", "exact", lambda at: aws(at, token=TOKEN)),
    case("TOK-INVALID", "js-v3-link", "exact", lambda at: curl(js_v3(at, "console.log(await get());", token=TOKEN))),
    case("TOK-INVALID, TOK-UNSIGNED", "boto3-link", "proven", about="TOK-UNSIGNED", send=lambda at: curl(boto3(at, LINK) + "&X-Amz-Security-Token=" + urllib.parse.quote(TOKEN, safe=""))),
    case("TOK-INVALID, TOK-ENCODING", "boto3-link", "proven", about="TOK-ENCODING", send=lambda at: curl(boto3(at, LINK, token=TOKEN).replace("%2B", "+"))),
    case("SCP-REGION", "boto3", "exact", lambda at: boto3(at, region="eu-central-1")),
    case("SCP-REGION", "rclone", "exact", lambda at: rclone(at, region="eu-west-1")),
    case("SCP-REGION", "js-v3-link", "exact", lambda at: curl(js_v3(at, "console.log(await get());", region="eu-central-1"))),
    case("SCP-AUTO", "js-v3", "exact", lambda at: js_v3(at, region="auto")),
    case("SCP-AUTO", "boto3", "exact", lambda at: boto3(at, region="garage")),
    case("SCP-SERVICE", "curl", "exact", lambda at: signing_curl(at, "/photos/cat.jpg", service="execute-api")),
    case("SCP-REGION, SCP-SERVICE", "curl-host-name", "exact", lambda at: signing_curl(at, "/photos/cat.jpg", region="")),
    case("CLK-SKEW", "boto3", "exact", lambda at: boto3(at, clock="-20m")),
    case("CLK-SKEW", "js-v3", "exact", lambda at: js_v3(at, clock="+25m")),
    case("CLK-SKEW", "aws-cli", "exact", lambda at: aws(at, clock="-3d")),
    case("CLK-TZ", "boto3", "inferred", lambda at: boto3(at, clock="+330m")),
    case("CLK-TZ", "minio-py", "inferred", lambda at: minio_py(at, clock="-8h")),
    # curl takes the first eight characters of a given date for the day of the credential.
    case("CLK-FORMAT", "curl", "exact", lambda at: signing_curl(at, "/photos/cat.jpg", "-H", "X-Amz-Date: 20261122 040000Z")),
    case("SCP-TERMINAL", "curl", "exact", lambda at: signing_curl(at, "/photos/cat.jpg", "-H", "X-Amz-Date: 2026-11-22T04:00:00Z")),
    case("AUTH-FORMAT", "curl", "exact", lambda at: signing_curl(at, "/photos/cat.jpg", "-H", "X-Amz-Date: Sun, 22 Nov 2026 04:00:00 GMT")),
    case("ALG-V2", "boto3", "exact", lambda at: boto3(at, config={"signature_version": "s3"})),
    case("ALG-V2", "s3cmd", "exact", lambda at: s3cmd(at, "--signature-v2", "ls", "s3://photos")),
    case("ALG-V2", "js-v2", "exact", lambda at: js_v2(at, config={"signatureVersion": "v2"})),
    case("ALG-V2", "boto3-link", "exact", lambda at: curl(boto3(at, LINK, config={"signature_version": "s3"}))),
]
