"""Browser forms: signed by an SDK, then filled in as pages do it wrong."""

import base64
import json

from raw import Raw
from truth import single
from workers import PUBLIC, SECRET

BOUNDARY = "----WebKitFormBoundary4711"
SIGNERS = ("boto3", "js-v3", "js-v2", "minio-js")
FILE = ("file", 'filename="cat.jpg"', "image/jpeg", "meow")


def filled(fields, files=(FILE,), late=(), target="/photos"):
    """What a browser sends of a form."""
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in fields]
    parts += [f'Content-Disposition: form-data; name="{name}"; {about}\r\nContent-Type: {kind}\r\n\r\n{data}' for name, about, kind, data in files]
    parts += [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in late]
    body = "".join(f"--{BOUNDARY}\r\n{part}\r\n" for part in parts) + f"--{BOUNDARY}--\r\n"
    headers = [("Host", f" {PUBLIC}"), ("User-Agent", " Mozilla/5.0 (X11; Linux x86_64)"), ("Origin", " https://app.example"), ("Content-Type", f" multipart/form-data; boundary={BOUNDARY}"), ("Content-Length", f" {len(body)}")]
    return Raw("POST", target, "HTTP/1.1", headers, body.encode("latin-1"))


def make(book, clients):
    for name in SIGNERS:

        def form(secret=SECRET, code=None, **settings):
            from operations import SDKS

            code = code or SDKS[name]["post"].replace("{key}", repr("cat.jpg"))
            printed = json.loads(clients.workshop.printed(name, code, endpoint=f"http://{PUBLIC}", secret=secret, **settings))
            return list(printed["fields"].items())

        def add(words, raw, cause, what, name=name, time=None, **truth):
            at = dated(fields) if time is None else time
            book.add(name, words, raw, single(cause, **truth), what, time=at)

        fields = form()
        policy = dict(fields)["policy" if "policy" in dict(fields) else "Policy"]
        named = {field.lower(): field for field, _ in fields}

        def but(field, value=None, fields=fields, named=named):
            return [(each, value if each == named[field] else old) for each, old in fields if value is not None or each != named[field]]

        signature = dict(fields)[named["x-amz-signature"]]
        add("the file is the first field", filled([], late=fields), "POL-ORDER", "first")
        add("the policy stands behind the file", filled(but("policy"), late=[(named["policy"], policy)]), "POL-ORDER", "policy")
        add("the form has no signature", filled(but("x-amz-signature")), "POL-MISSING", "signature")
        add("the file has another name", filled(fields, files=[("files[]", *FILE[1:])]), "POL-MISSING", "file")
        lines = "\r\n".join(policy[at : at + 76] for at in range(0, len(policy), 76))
        add("the policy was written in lines of 76 letters", filled(but("policy", lines)), "POL-B64", "lines")
        add("the policy was sent in the alphabet of URLs", filled(but("policy", policy.replace("+", "-").replace("/", "_").rstrip("="))), "POL-B64", "urls") if policy.rstrip("=") != policy.replace("+", "-").replace("/", "_") else None
        add("the button has a name and is sent", filled([*fields, ("submit", "Go")]), "POL-COND", "button")
        add("another key is sent than the policy allows", filled(but("key", "dog.jpg")), "POL-COND", "key")
        add("the object key is in the form twice", filled([*fields, (named["key"].upper(), "dog.jpg")]), "POL-TWICE", "key")
        add("a field that the signer gave is added again", filled([*fields, ("policy", policy)]), "POL-TWICE", "policy")
        add("two files are sent", filled(fields, files=[FILE, FILE]), "POL-TWICE", "files")
        add("a preview stands before the file", filled([*fields, ("x-ignore-preview", "data:image/png;base64," + "A" * 20480)]), "POL-SIZE", "preview")
        long = ("file", f'filename="{"long" * 60}.jpg"', "image/jpeg", "meow")
        add("the name of the file stands in many places", filled([*fields, *((f"x-ignore-{place}", "${filename}" * 10) for place in range(10))], files=[long]), "POL-SIZE", "names")
        add("the field of the object key is empty", filled(but("key", "")), "POL-MISSING", "empty-key")
        by_hand = filled(fields)
        add("the type of the form is set by hand", by_hand.set("Content-Type", "multipart/form-data"), "POL-FORM", "no-boundary")
        other = filled(fields)
        add("the form is of another boundary than its type says", other.set("Content-Type", "multipart/form-data; boundary=other"), "POL-FORM", "other-boundary")
        broken = filled(fields)
        broken.body = broken.body.replace(f"--{BOUNDARY}--\r\n".encode(), b"")
        add("the form ends without its last boundary", broken.set("Content-Length", str(len(broken.body))), "POL-FORM", "no-end")
        short = filled(fields)
        short.body = short.body[:-40]
        add("the form breaks off before its announced length", short, "POL-FORM", "short")
        book.rows[name][f"{name}/POL-FORM/short"].more["ends_early"] = True
        nameless = filled(fields)
        nameless.body = nameless.body.replace(b'form-data; name="file";', b"form-data;")
        add("the part of the file has no name", nameless.set("Content-Length", str(len(nameless.body))), "POL-FORM", "no-name")
        add("the form is sent when its policy is over", filled(fields), "POL-COND", "over", time=dated(fields) + 86400 * 8)
        spoilt = form(secret=f"{SECRET}\n")
        add("the secret ends in a line feed", filled(spoilt), "SEC-NEWLINE", "form")
        spoilt = form(secret=f'"{SECRET}"')
        add("double quotes around the secret", filled(spoilt), "SEC-QUOTES", "form")
        assert len(signature) == 64
    typed = {
        "boto3": 'post(conditions=[["starts-with", "$Content-Type", "image/"]])',
        "js-v3": "console.log(JSON.stringify(await createPresignedPost(s3, { ...cat, Conditions: [['starts-with', '$Content-Type', 'image/']] })));",
        "js-v2": 'console.log(JSON.stringify(s3.createPresignedPost({ Bucket: "photos", Fields: { key: "cat.jpg" }, Conditions: [["starts-with", "$Content-Type", "image/"]], Expires: 300 })));',
    }
    for name, code in typed.items():
        printed = json.loads(clients.workshop.printed(name, code, endpoint=f"http://{PUBLIC}"))
        fields = list(printed["fields"].items())
        book.add(name, "the type stands in the part of the file and not in a field", filled(fields), single("POL-CT"), "part", time=dated(fields))
        if name == "boto3":
            wrong = [*fields, ("Content-Type", "text/plain")]
            book.add(name, "the field has another type than the policy allows", filled(wrong), single("POL-CT"), "field", time=dated(fields))
    hashed(book, clients.workshop)
    scoped(book, clients.workshop)
    older = clients.workshop.printed("boto3", "post()", endpoint=f"http://{PUBLIC}", config={"signature_version": "s3"})
    book.add("boto3", "the form is signed by version 2", filled(list(json.loads(older)["fields"].items())), single("POL-V2"), "form", time=NOON_LATE)
    older = clients.workshop.printed("js-v2", 'console.log(JSON.stringify(s3.createPresignedPost({ Bucket: "photos", Fields: { key: "cat.jpg" }, Expires: 300 })));', endpoint=f"http://{PUBLIC}")
    fields = [(name, value) for name, value in json.loads(older)["fields"].items() if not name.lower().startswith("x-amz-")]
    made = [*fields, ("AWSAccessKeyId", "AKIDEXAMPLE000000001"), ("signature", sha1_signature(dict(fields)["Policy" if "Policy" in dict(fields) else "policy"]))]
    book.add("js-v2", "the fields and the signature are those of version 2", filled(made), single("POL-V2"), "fields", time=NOON_LATE)


NOON_LATE = 1795320001
OTHER_SHA256, OTHER_MD5 = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=", "1B2M2Y8AsgTpgAmY7PhCfg=="


def hashed(book, workshop):
    """The hash of another file is in the form, and its policy allows it."""
    for what, field, value in (("sha256", "x-amz-checksum-sha256", OTHER_SHA256), ("md5", "Content-MD5", OTHER_MD5)):
        for name, code in (
            ("boto3", f"post(fields={{{field!r}: {value!r}}})"),
            ("js-v2", f'console.log(JSON.stringify(s3.createPresignedPost({{ Bucket: "photos", Fields: {{ key: "cat.jpg", {field!r}: {value!r} }}, Expires: 300 }})));'),
        ):
            fields = list(json.loads(workshop.printed(name, code, endpoint=f"http://{PUBLIC}"))["fields"].items())
            book.add(name, f"{field} is that of another file", filled(fields), single("PAY-MISMATCH", culprit="user"), f"form-{what}", time=dated(fields))


def sha1_signature(policy):
    import hashlib
    import hmac

    return base64.b64encode(hmac.new(SECRET.encode(), policy.encode(), hashlib.sha1).digest()).decode()


def dated(fields):
    from truth import arrived

    return arrived({name.lower(): value for name, value in fields}["x-amz-date"]) + 1


def scoped(book, workshop):
    """Signed by botocore, with a key of another day or region than the form says."""
    policy = {"expiration": "2026-11-22T05:00:00Z", "conditions": [{"bucket": "photos"}, {"key": "cat.jpg"}]}
    for what, words, derive in (("yesterday", "the key of the form is that of yesterday", {"date": "20261121"}), ("region", "the key of the form is that of another region", {"region": "eu-west-1"})):
        answer = workshop.sign("botocore", kind="post", method="POST", policy=json.loads(json.dumps(policy)), fields={"key": "cat.jpg"}, derive=derive)
        fields = list(answer["fields"].items())
        book.add("botocore", words, filled(fields), single("POL-SCOPE"), what, time=dated(fields))
    answer = workshop.sign("botocore", kind="post", method="POST", policy=policy, fields={"key": "cat.jpg"}, derive={"prefix": ""})
    fields = list(answer["fields"].items())
    book.add("botocore", "the derivation of the key begins without AWS4", filled(fields), single("SEC-AWS4TWICE"), "form", time=dated(fields))
