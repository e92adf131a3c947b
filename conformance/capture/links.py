"""Captures about presigned links: made by an SDK, then opened in the ways links are."""

from case import case
from clients import boto3, curl, js_v3, shell

GET = "console.log(await get());"
LINK, PUT_LINK = 'link("get_object")', 'link("put_object")'
UPLOAD = ("-X", "PUT", "--data-binary", "x")
TYPED = "upload({ signableHeaders: new Set(['content-type']) }, { ContentType: 'image/png' })"


def fetched(link, url="link", options="{}"):
    """What a page does with a link. Node's `fetch` obeys the specification that a browser's does."""
    return f"const link = await {link}; await fetch({url}, {options});"


CASES = [
    case("PRE-EXPIRED", "boto3", "exact", lambda at: curl(boto3(at, LINK, clock="-2h"))),
    case("PRE-EXPIRED", "js-v3", "exact", lambda at: js_v3(at, fetched("upload({ expiresIn: 60, signingDate: new Date(Date.now() - 7200000) })", options='{ method: "PUT", body: "x" }'))),
    case("PRE-FUTURE", "boto3", "exact", lambda at: curl(boto3(at, LINK, clock="+1h"))),
    case("PRE-TOOLONG", "boto3", "exact", lambda at: curl(boto3(at, 'link("get_object", expires=3600000)'))),
    case("MTH-OTHER", "js-v3", "proven", lambda at: js_v3(at, fetched("upload()"))),
    case("MTH-OTHER", "boto3", "proven", lambda at: curl(boto3(at, PUT_LINK))),
    case("MTH-HEAD", "boto3", "proven", lambda at: curl(boto3(at, LINK), "-I")),
    case("MTH-CASE", "curl", "proven", lambda at: curl(boto3(at, PUT_LINK), "-X", "put", "--data-binary", "x", "-H", "Content-Type:")),
    case("QRY-EXTRA", "js-v3", "proven", lambda at: js_v3(at, fetched("get()", "link + '&fbclid=IwAR0abc'"))),
    case("QRY-EXTRA", "boto3", "proven", lambda at: curl(boto3(at, LINK) + "&utm_source=mail&utm_medium=link")),
    case("QRY-AMP", "boto3", "exact", lambda at: curl(boto3(at, LINK).replace("&", "&amp;"))),
    case("QRY-CRED-DOUBLE", "js-v3", "exact", lambda at: js_v3(at, fetched("get()", "encodeURI(link)"))),
    case("QRY-SECOND-QMARK", "boto3", "exact", lambda at: curl(boto3(at, LINK) + "?download=1")),
    case("QRY-SECOND-QMARK", "js-v3", "proven", lambda at: js_v3(at, fetched("get()", "link + '?download=1'"))),
    case("QRY-TRUNCATED", "shell", "exact", lambda at: shell("curl -sS " + boto3(at, LINK))),
    case("QRY-TRUNCATED", "boto3", "exact", lambda at: curl(boto3(at, LINK)[:-12])),
    case("AUTH-TWO", "js-v3", "exact", lambda at: js_v3(at, fetched("get()", options='{ headers: { authorization: "Bearer abc" } }'))),
    case("HDR-CT-CHANGED", "js-v3", "proven", lambda at: js_v3(at, fetched(TYPED, options='{ method: "PUT", body: "x", headers: { "content-type": "image/jpeg" } }'))),
    case("HDR-CT-CHANGED", "curl", "proven", lambda at: curl(boto3(at, 'link("put_object", ContentType="image/png")'), *UPLOAD)),
    case("HDR-CT-CHARSET", "js-v3", "proven", lambda at: js_v3(at, fetched(TYPED.replace("image/png", "text/plain"), options='{ method: "PUT", body: "x" }'))),
    case("HDR-CT-BOUNDARY", "js-v3", "proven", lambda at: js_v3(at, "const form = new FormData(); form.append('file', new Blob(['x']), 'cat.png');" + fetched(TYPED, options='{ method: "PUT", body: form }'))),
    case("HDR-MISSING", "boto3", "proven", lambda at: curl(boto3(at, 'link("put_object", ACL="public-read")'), *UPLOAD, "-H", "Content-Type:")),
    case("HDR-UNSIGNED", "js-v3", "exact", lambda at: js_v3(at, fetched("upload()", options='{ method: "PUT", body: "x", headers: { "x-amz-acl": "public-read" } }'))),
    case("HDR-UNSIGNED", "boto3", "exact", lambda at: curl(boto3(at, PUT_LINK), *UPLOAD, "-H", "Content-Type:", "-H", "x-amz-meta-a: 1")),
    case("HDR-HOISTED", "js-v3", "exact", lambda at: js_v3(at, fetched("upload({}, { ACL: 'private' })", options='{ method: "PUT", body: "x", headers: { "x-amz-acl": "public-read" } }'))),
    case("HST-REPLACED", "boto3", "proven", lambda at: curl(boto3(at, LINK, endpoint=f"http://localhost:{at.port}").replace("localhost", "127.0.0.1"))),
    case("HST-REPLACED", "js-v3", "proven", lambda at: curl(js_v3(at, GET, endpoint="http://minio:9000").replace("minio:9000", at.host))),
    case("PAY-CRC-EMPTY", "js-v3", "exact", lambda at: js_v3(at, fetched("upload({ unhoistableHeaders: new Set(['x-amz-checksum-crc32']) })", options='{ method: "PUT", body: "meow", headers: { "x-amz-checksum-crc32": "AAAAAA==" } }')),
         context={"body_fault": {"kind": "checksum", "header": "x-amz-checksum-crc32", "sent": "AAAAAA==", "computed": "j9SmSg=="}}),
]
