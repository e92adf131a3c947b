"""What signers do otherwise than S3: curl by itself, `aws-sigv4` and the SDK for JavaScript by their settings, and botocore where one step of it
is replaced, as in signers that people write themselves.

Where one text is signed and another sent, both are written out: `signed` is what the signer was given, `sent` what arrives.
"""

from clients import signing_curl
from faults.scope import presigned
from truth import single
from workers import PUBLIC, link

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
WORKSHOP = ("botocore", "smithy", "aws-sigv4")

# cause, what, words, the path that is signed as S3 has it, the path that is sent.
PATHS = [
    ("URI-PLUS", "blank-sent", "a blank is signed and a plus sent", "/photos/a%20cat.jpg", "/photos/a+cat.jpg"),
    ("URI-PLUS", "plus-sent", "a plus is signed and a blank sent", "/photos/a%2Bcat.jpg", "/photos/a%20cat.jpg"),
    ("URI-DOUBLE", "again", "the path is encoded once more for the signature", "/photos/a%2520cat.jpg", "/photos/a%20cat.jpg"),
    ("URI-DOUBLE", "on-the-way", "the HTTP client encodes the path once more", "/photos/a%20cat.jpg", "/photos/a%2520cat.jpg"),
    ("URI-NFC", "composed", "the name is signed decomposed and sent composed", "/photos/e%CC%81te.jpg", "/photos/%C3%A9te.jpg"),
    ("URI-NFC", "decomposed", "the name is signed composed and sent decomposed", "/photos/%C3%A9te.jpg", "/photos/e%CC%81te.jpg"),
    ("URI-CHARSET", "latin-1", "the name is signed in Latin-1 and sent in UTF-8", "/photos/%E9te.jpg", "/photos/%C3%A9te.jpg"),
    ("URI-CHARSET", "mojibake", "the name is signed as UTF-8 that was read as Latin-1", "/photos/%C3%83%C2%A9te.jpg", "/photos/%C3%A9te.jpg"),
    ("URI-MERGE", "signer", "the signer merges the slashes of a key", "/photos/a/b.jpg", "/photos/a//b.jpg"),
    ("URI-MERGE", "way", "the slashes of a key are merged on the way", "/photos/a//b//c.jpg", "/photos/a/b/c.jpg"),
    ("URI-DOTS", "signer", "the signer removes the dots of a key", "/photos/b.jpg", "/photos/a/../b.jpg"),
    ("URI-DOTS", "here", "the signer removes ./ from a key", "/photos/a/b.jpg", "/photos/a/./b.jpg"),
    ("URI-TRAILSLASH", "lost", "the slash at the end is lost", "/photos/folder/", "/photos/folder"),
    ("URI-CASE", "lower", "the path is sent in small letters", "/photos/Cat.JPG", "/photos/cat.jpg"),
    ("HST-BUCKET-TWICE", "signed", "the bucket is signed twice and sent once", "/photos/photos/cat.jpg", "/photos/cat.jpg"),
    ("HST-PREFIX", "usual", "the prefix /minio is signed and not sent", "/minio/photos/cat.jpg", "/photos/cat.jpg"),
    ("HST-PREFIX", "added", "the prefix /storage is put in front on the way", "/photos/cat.jpg", "/storage/photos/cat.jpg"),
    ("HST-PREFIX-SLASH", "", "the prefix /s3 is stripped, and the slash at the end with it", "/s3/photos/", "/photos"),
]

# cause, what, words, the path and query that are sent, and what botocore writes into its canonical request otherwise; where that is nothing, it
# signs by itself what stands in the URL.
TEXTS = [
    ("URI-RAW", "equals", "an equals sign is signed as it is", "/photos/a=b.jpg", []),
    ("URI-RAW", "parentheses", "parentheses are signed as they are", "/photos/cat(1).jpg", []),
    ("URI-RAW", "at", "an at sign is signed as it is", "/photos/me@home.jpg", []),
    ("URI-SLASH", "whole", "the slashes of the key are signed encoded", "/photos/a/b/cat.jpg", [["/photos/a/b/cat.jpg", "/photos/a%2Fb%2Fcat.jpg"]]),
    ("URI-LOWERHEX", "", "the codes are signed in small letters", "/photos/caf%C3%A9.jpg", [["%C3%A9", "%c3%a9"]]),
    ("URI-TILDE", "", "a tilde is signed encoded", "/photos/~cat.jpg", [["~cat", "%7Ecat"]]),
    ("URI-MIXED", "", "what looks encoded is left as it is when the rest is encoded", "/photos/a%2520b%20c.jpg", [["a%2520b%20c", "a%20b%20c"]]),
    ("URI-EMPTY", "root", "the path of the root is signed as nothing", "/", [["GET\n/\n", "GET\n\n"]]),
    ("URI-EMPTY", "slash", "the first slash is not signed", "/photos/cat.jpg", [["\n/photos", "\nphotos"]]),
    ("QRY-SORT", "capitals", "parameters are sorted without regard to capitals", "/photos?list-type=2&Prefix=a&delimiter=b", [["Prefix=a&delimiter=b&list-type=2", "delimiter=b&list-type=2&Prefix=a"]]),
    ("QRY-SORT", "wire", "parameters are signed in the order of the URL", "/photos?prefix=a&list-type=2", [["list-type=2&prefix=a", "prefix=a&list-type=2"]]),
    ("QRY-NOEQ", "bare", "a parameter without a value is signed without its equals sign", "/photos?versioning", [["versioning=", "versioning"]]),
    ("QRY-NOEQ", "dropped", "a parameter without a value is not signed", "/photos?acl", [["\nacl=\n", "\n\n"]]),
    ("QRY-ENC", "slash", "the slashes of a value are signed as they are", "/photos?list-type=2&prefix=a%2Fb", [["a%2Fb", "a/b"]]),
    ("QRY-ENC", "plus", "a blank in a value is signed as a plus", "/photos?list-type=2&prefix=a%20b", [["a%20b", "a+b"]]),
    ("QRY-ENC", "twice", "a value is encoded twice", "/photos?list-type=2&prefix=a%2Fb", [["a%2Fb", "a%252Fb"]]),
    ("QRY-ENC", "lower", "the codes of a value are signed in small letters", "/photos?list-type=2&prefix=a%2Fb", [["a%2Fb", "a%2fb"]]),
    ("HST-SCHEME", "http", "the scheme is signed in front of the host", "/photos/cat.jpg", [[f"host:{PUBLIC}", f"host:http://{PUBLIC}"]]),
    ("HST-SCHEME", "slash", "a slash is signed behind the host", "/photos/cat.jpg", [[f"host:{PUBLIC}", f"host:{PUBLIC}/"]]),
    ("HST-PORT-DEFAULT", "443", "the port 443 is signed and not sent", "/photos/cat.jpg", [[f"host:{PUBLIC}", f"host:{PUBLIC}:443"]]),
    ("HST-PORT-MISSING", "signer", "the signer leaves the port out", ":9000/photos/cat.jpg", [[f"host:{PUBLIC}:9000", f"host:{PUBLIC}"]]),
    ("MTH-CASE", "", "the method is signed in small letters", "/photos/cat.jpg", [["GET\n", "get\n"]]),
    ("PAY-UNSIGNED", "line", "UNSIGNED-PAYLOAD is signed and the hash is sent", "/photos/cat.jpg", [[f"\n\nhost;x-amz-content-sha256;x-amz-date\n{EMPTY}", "\n\nhost;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD"]]),
]


def make(book, clients):
    workshop = clients.workshop
    for place, (cause, what, words, signed, sent) in enumerate(PATHS):
        for signer in (WORKSHOP[place % 3], WORKSHOP[(place + 1) % 3]):
            for kind in ("header", "link") if signer != "smithy" else ("header",):
                raw = by(workshop, signer, kind, url=f"http://{PUBLIC}{signed}")
                if raw.path != signed:
                    # It encodes the path itself.
                    continue
                raw.path = sent
                culprit = "" if what in ("lower", "way", "added", "usual", "lost", "signed", "") else None
                culprit = "sdk" if what == "signer" else culprit
                also = ["HST-PREFIX"] if cause == "HST-BUCKET-TWICE" else []
                book.add(signer, words, raw, single(cause, also=also, culprit=culprit), f"{what}-{kind}")
    for cause, what, words, sent, changes in TEXTS:
        for kind in ("header", "link"):
            if kind == "link" and (cause in ("QRY-SORT", "PAY-UNSIGNED") or what == "dropped"):
                continue
            port = sent.startswith(":")
            url = f"http://{PUBLIC}{sent}"
            own = changes if kind == "header" else [[old.replace("\nacl=\n", "acl="), new] for old, new in changes]
            raw = by(workshop, "botocore", kind, url=url, canonical=own)
            raw.target = sent[sent.index("/") :] + ("" if kind == "header" else ("&" if "?" in sent else "?") + signature_of(raw, sent))
            # What is left out was put in afterwards, for all that a signature says.
            also = ["QRY-EXTRA"] if what == "dropped" else []
            book.add("botocore", words, raw, single(cause, also=also, culprit="sdk"), f"{what}-{kind}")
            assert port or raw.get("host") == PUBLIC, raw.get("host")
    settings(book, workshop)
    by_curl(book, clients)
    lines(book, workshop)


def signature_of(raw, sent):
    """The parameters of the signature, without those that were there before."""
    own = len([piece for piece in sent.partition("?")[2].split("&") if piece])
    pieces = [piece for piece in raw.query.split("&") if piece.startswith("X-Amz-")]
    assert len(pieces) + own == len(raw.query.split("&")), raw.query
    return "&".join(pieces)


def by(workshop, signer, kind, **job):
    return workshop.signed(signer, **job) if kind == "header" else presigned(workshop, signer, **job)


def settings(book, workshop):
    """What the setting of a signer does."""
    url = f"http://{PUBLIC}/photos/a%20cat.jpg"
    for signer in ("smithy", "aws-sigv4"):
        book.add(signer, "the setting for other services than S3, which encode the path twice", workshop.signed(signer, url=url, double=True), single("URI-DOUBLE"), "setting")
    raw = workshop.signed("aws-sigv4", url=f"http://{PUBLIC}/photos/a/../b.jpg", normalize=True)
    book.add("aws-sigv4", "the setting for other services than S3, which normalise the path", raw, single("URI-DOTS"), "setting")
    raw = workshop.signed("aws-sigv4", method="PUT", body="meow", payload=EMPTY)
    book.add("aws-sigv4", "the hash of nothing is signed for a body", raw, single("PAY-EMPTYHASH"))
    raw = workshop.signed("botocore", method="PUT", body="meow", payload=EMPTY)
    book.add("botocore", "the hash of nothing is signed for a body", raw, single("PAY-EMPTYHASH"))
    raw = workshop.signed("smithy", checksum=False)
    raw.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    book.add("smithy", "the hash is signed and UNSIGNED-PAYLOAD is sent", raw, single("PAY-UNSIGNED"), "sent")
    raw = presigned(workshop, "aws-sigv4")
    assert raw.has("host")
    raw = link(workshop.sign("botocore", kind="link", payload=EMPTY)["url"])
    book.add("botocore", "the link is signed with the hash of nothing", raw, single("PAY-UNSIGNED"), "link")
    raw = workshop.signed("aws-sigv4", no_checksum=True)
    book.add("aws-sigv4", "x-amz-content-sha256 is not sent", raw, single("HDR-SHA-MISSING"))
    raw = workshop.signed("smithy", checksum=False)
    book.add("smithy", "x-amz-content-sha256 is not sent", raw, single("HDR-SHA-MISSING"))


def by_curl(book, clients):
    """curl signs what stands in the URL."""
    for cause, what, words, target in (
        ("URI-RAW", "parentheses", "curl signs parentheses as they are", "/photos/a=b(1).txt"), ("URI-LOWERHEX", "", "curl signs the codes as they stand in the URL", "/photos/caf%c3%a9.txt"),
        ("URI-TILDE", "", "curl signs %7E as it stands in the URL", "/photos/%7Ecat"), ("URI-SLASH", "", "curl signs %2F as it stands in the URL", "/photos/a%2Fb"),
        ("QRY-NOEQ", "", "curl signs ?acl without an equals sign", "/photos?acl"), ("QRY-ENC", "", "curl signs a value as it stands in the URL", "/photos?list-type=2&prefix=a/b(1)"),
        ("QRY-SORT", "", "curl signs parameters as they stand in the URL", "/photos?prefix=a&list-type=2"),
    ):
        raw = clients.workshop.tool(signing_curl, target)
        book.add("curl", words, raw, single(cause), what)
    raw = clients.workshop.tool(signing_curl, "/photos/cat.jpg", sha=False)
    book.add("curl", "x-amz-content-sha256 is not sent", raw, single("HDR-SHA-MISSING"))
    raw = clients.workshop.tool(signing_curl, "/photos/cat.jpg", "-H", "x-amz-meta-a: 1", "-H", "x-amz-meta-a-b: 2")
    book.add("curl", "curl sorts headers with their colons", raw, single("HDR-ORDER"))
    raw = clients.workshop.tool(signing_curl, "/photos/cat.jpg", service="execute-api")
    book.add("curl", "signed for the service execute-api", raw, single("SCP-SERVICE"))


# cause, what, words, the header that is signed, the one that is sent (None: none), traces of a proxy, and what else is true.
HEADERS = [
    ("HDR-AE", "cloudflare", "Cloudflare rewrites Accept-Encoding", ("Accept-Encoding", "identity"), "gzip, br", {"CF-Ray": "8f2a1b3c4d5e6f70-FRA", "CDN-Loop": "cloudflare; loops=1"}, {}),
    ("HDR-AE", "google", "the front end of Google appends to Accept-Encoding", ("Accept-Encoding", "gzip"), "gzip,gzip(gfe)", {"Via": "1.1 google"}, {}),
    ("HDR-AE", "dropped", "nginx drops Accept-Encoding", ("Accept-Encoding", "gzip, deflate"), None, {"X-Forwarded-For": "203.0.113.9"}, {}),
    ("HDR-EXPECT", "swallowed", "a proxy swallows Expect", ("Expect", "100-continue"), None, {"X-Forwarded-For": "203.0.113.9"}, {}),
    ("HDR-UA", "appended", "a proxy appends itself to User-Agent", ("User-Agent", "my-signer/1.0"), "my-signer/1.0 edge/2.1", {"Via": "1.1 edge"}, {}),
    ("HDR-HOP", "connection", "a proxy sets Connection", ("Connection", "keep-alive"), "close", {"X-Forwarded-For": "203.0.113.9"}, {}),
    ("HDR-HOP", "forwarded-for", "a proxy appends to X-Forwarded-For", ("X-Forwarded-For", "10.0.0.7"), "10.0.0.7, 203.0.113.9", {}, {}),
    ("HDR-HOP", "te", "a proxy drops TE", ("TE", "trailers"), None, {"X-Forwarded-For": "203.0.113.9"}, {}),
    ("HDR-TRACE", "span", "a proxy begins a span of its own", ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01", {"X-Forwarded-For": "203.0.113.9"}, {}),
    ("HDR-TRACE", "amazon", "a load balancer sets X-Amzn-Trace-Id", ("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678"), "Root=1-67891234-0123456789abcdef01234567", {"X-Forwarded-For": "203.0.113.9"}, {}),
    ("HDR-RANGE", "player", "a cache asks for another range", ("Range", "bytes=0-"), "bytes=0-1048575", {"X-Forwarded-For": "203.0.113.9"}, {}),
    ("HDR-DUP", "blank", "two lines are joined with a comma and a blank", ("x-amz-meta-tags", "a,b"), "a, b", {"Via": "1.1 edge"}, {}),
    ("HDR-MISSING", "class", "the storage class is signed and not sent", ("x-amz-storage-class", "STANDARD_IA"), None, {}, {}),
    ("HDR-MISSING", "encryption", "the encryption is signed and not sent", ("x-amz-server-side-encryption", "AES256"), None, {}, {}),
    ("HDR-NONASCII", "latin-1", "a name is signed in UTF-8 and sent in Latin-1", ("x-amz-meta-name", "caf\u00e9"), "caf\xe9", {}, {"culprit": "sdk"}),
    ("HDR-COPYSRC", "encoded", "the source of a copy is signed encoded and sent bare", ("x-amz-copy-source", "photos/a%20dog.jpg"), "photos/a dog.jpg", {}, {}),
    ("HDR-MD5", "hex", "Content-MD5 is signed in hex and sent in base64", ("Content-MD5", "4a4be40c96ac6314e91d93f38043a634"), "SkvkDJasYxTpHZPzgEOmNA==", {}, {"proof": "hmac", "broken": "headers"}),
    ("HDR-CL", "zero", "Content-Length is signed as 0", ("Content-Length", "0"), "4", {}, {}),
    ("HDR-CL", "unknown", "Content-Length is signed as -1", ("Content-Length", "-1"), "4", {}, {}),
    ("PAY-CE", "joined", "a proxy puts a blank into Content-Encoding", ("Content-Encoding", "gzip,aws-chunked"), "gzip, aws-chunked", {"Via": "1.1 edge"}, {}),
]


def lines(book, workshop):
    for place, (cause, what, words, (name, signed), sent, traces, more) in enumerate(HEADERS):
        for signer in (WORKSHOP[place % 3], WORKSHOP[(place + 1) % 3]):
            if signer == "smithy" and name.lower() in ("user-agent", "expect", "te", "connection", "x-amzn-trace-id", "traceparent"):
                continue
            if signer != "botocore" and not signed.isascii():
                signer = "botocore"
            job = {"headers": [[name, signed]], "left_out": [], "every_header": True}
            if cause in ("HDR-CL", "HDR-MD5", "HDR-COPYSRC", "PAY-CE", "HDR-NONASCII", "HDR-MISSING", "HDR-DUP", "HDR-EXPECT"):
                job |= {"method": "PUT", "body": "meow"}
            raw = workshop.signed(signer, agent=name != "User-Agent", **job)
            if name.lower() not in raw.signed_headers():
                continue
            if sent is None:
                raw.drop(name)
            else:
                raw.set(name, sent)
            for each, value in traces.items():
                raw.set(each, value)
            row = f"{what}"
            if any(f"{signer}/{cause}/{row}" == each for each in book.rows.get(signer, {})):
                continue
            # A signed header that does not come is one and the same change, whoever took it.
            also = ["HDR-MISSING"] if sent is None and cause != "HDR-MISSING" else []
            book.add(signer, words, raw, single(cause, also=also, **more), row)
    folds = [("blanks", "the blanks of a value are signed as they are", "a   b", "x-amz-meta-a:a b", "x-amz-meta-a:a   b"), ("end", "the blank at the end of a value is signed", "a ", "x-amz-meta-a:a", "x-amz-meta-a:a ")]
    for what, words, value, old, new in folds:
        raw = workshop.signed("botocore", method="PUT", body="meow", headers=[["x-amz-meta-a", value]], canonical=[[old, new]])
        book.add("botocore", words, raw, single("HDR-FOLD"), what)
    orders = [
        ("reversed", "headers are signed in the order they are set", [["host:s3.example.com\nx-amz-content-sha256:", "HOLD"], ["x-amz-date:20261122T040000Z\n", "x-amz-date:20261122T040000Z\nhost:s3.example.com\n"], ["HOLD", "x-amz-content-sha256:"]]),
        ("no-line", "the empty line behind the headers is not signed", [["Z\n\nhost;", "Z\nhost;"]]),
    ]
    for what, words, changes in orders:
        raw = workshop.signed("botocore", canonical=changes)
        if what == "reversed":
            raw = workshop.signed("botocore", canonical=[*changes, ["host;x-amz-content-sha256;x-amz-date", "x-amz-content-sha256;x-amz-date;host"]])
            raw.set("Authorization", raw.get("authorization").replace("host;x-amz-content-sha256;x-amz-date", "x-amz-content-sha256;x-amz-date;host"))
        book.add("botocore", words, raw, single("HDR-ORDER"), what)
    for what, name, small in (("index", "X-Amz-Meta-Index", "x-amz-meta-\u0131ndex"), ("id", "X-Amz-Meta-Id", "x-amz-meta-\u0131d")):
        wire = small.encode().decode("latin-1")
        raw = workshop.signed("botocore", headers=[[name, "a"]], canonical=[[name.lower(), small]])
        raw.set("Authorization", raw.get("authorization").replace(name.lower(), wire))
        book.add("botocore", "the name of a header is made small by Turkish rules", raw, single("HDR-CASEMAP", broken=""), what)
