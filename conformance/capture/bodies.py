"""Captures about bodies: forms, checksums, and streams."""

import hashlib

from case import case, haproxy
from clients import boto3, js_v3, posted

FILE = "file=meow;filename=cat.jpg"
FETCHED = """
const { url, fields } = await createPresignedPost(s3, { ...cat, %s });
const form = new FormData(), file = new Blob(["meow"], { type: "image/png" });
%s
await fetch(url, { method: "POST", body: form });
"""
TYPED = FETCHED.replace("body: form }", "body: form, headers: { 'Content-Type': 'multipart/form-data' } }")
FILLED = "for (const [name, value] of Object.entries(fields)) form.append(name, value);"
APPENDED = "form.append('file', file, 'cat.png');"
STREAM = 'await put({ Body: Readable.from([Buffer.from("meow")]), ContentLength: 4 });'
# Another program writes to the file between its being hashed and its being sent.
CHANGING = """
body = io.BytesIO(b"meow")
def write(**_):
    body.getbuffer()[0:4] = b"MEOW"
s3.meta.events.register("before-send.s3.PutObject", write)
s3.put_object(Bucket="photos", Key="cat.jpg", Body=body)
"""

CASES = [
    case("POL-ORDER", "boto3", "exact", lambda at: posted(boto3(at, "post()"), FILE, last=("policy",))),
    case("POL-ORDER", "js-v3", "exact", lambda at: js_v3(at, FETCHED % ("", APPENDED + FILLED))),
    case("POL-MISSING", "boto3", "exact", lambda at: posted(boto3(at, "post()"), FILE, without=("x-amz-signature",))),
    case("POL-MISSING", "js-v3", "exact", lambda at: js_v3(at, FETCHED % ("", FILLED + "form.append('files[]', file, 'cat.png');"))),
    case("POL-COND", "boto3", "exact", lambda at: posted(boto3(at, "post(expires=-60)"), FILE)),
    case("POL-COND", "boto3-button", "exact", lambda at: posted(boto3(at, "post()"), FILE, more=[("submit", "Go")])),
    case("POL-COND", "js-v3", "exact", lambda at: js_v3(at, FETCHED % ("Conditions: [['content-length-range', 0, 3]]", FILLED + APPENDED))),
    case("POL-CT", "boto3", "exact", lambda at: posted(boto3(at, 'post(conditions=[["starts-with", "$Content-Type", "image/"]])'), f"{FILE};type=image/png")),
    case("POL-CT", "js-v3", "exact", lambda at: js_v3(at, FETCHED % ("Conditions: [['starts-with', '$Content-Type', 'image/']]", FILLED + APPENDED))),
    case("POL-TWICE", "boto3", "exact", lambda at: posted(boto3(at, "post()"), FILE, more=[("key", "dog.jpg")]), context={"form_fault": "twice key"}),
    case("POL-TWICE", "js-v3", "exact", lambda at: js_v3(at, FETCHED % ("", FILLED + "form.append('key', 'dog.jpg');" + APPENDED)), context={"form_fault": "twice key"}),
    case("POL-FORM", "js-v3", "exact", lambda at: js_v3(at, TYPED % ("", FILLED + APPENDED)), context={"form_fault": "no boundary"}),
    case("POL-V2", "boto3", "exact", lambda at: posted(boto3(at, "post()", config={"signature_version": "s3"}), FILE)),
    case("SEC-NEWLINE", "js-v3-form", "proven", lambda at: js_v3(at, FETCHED % ("", FILLED + APPENDED), secret="wJalr/XUtnFEMI+K7MDENG/bPxRfiCY+SECRETKEY\n")),
    case("HDR-MD5", "boto3", "exact", lambda at: boto3(at, f's3.put_object(Bucket="photos", Key="cat.jpg", Body=b"meow", ContentMD5="{hashlib.md5(b"meow").hexdigest()}")'), context={"body_fault": {"kind": "md5-malformed"}}),
    # The file is shorter by the time it is read than it was when it was measured.
    case("STR-LENGTH", "js-v3", "exact", lambda at: js_v3(at, STREAM.replace("ContentLength: 4", "ContentLength: 6"))),
    case("PAY-MISMATCH", "boto3", "exact", lambda at: boto3(at, CHANGING, config={"request_checksum_calculation": "when_required"})),
    case("PAY-SDK2025", "js-v3-haproxy", "proven", lambda at: js_v3(at, STREAM), through=haproxy("deletes-trailer")),
    case("PAY-CE", "js-v3-haproxy", "proven", lambda at: js_v3(at, STREAM), through=haproxy("deletes-content-encoding")),
    case("HDR-MISSING", "js-v3-haproxy", "exact", lambda at: js_v3(at, STREAM), through=haproxy("deletes-decoded-length")),
]
