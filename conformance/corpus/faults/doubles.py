"""Two faults at once: one in the settings of a client, one on the way, or two on the way in different places."""

from faults.way import CHANGES
from truth import double, negative
from workers import NOON, PUBLIC, SECRET

# The fault that a client is set up with.
SET = [
    ("SEC-NEWLINE", {"secret": f"{SECRET}\n"}), ("SEC-QUOTES", {"secret": f'"{SECRET}"'}), ("SEC-SPACE", {"secret": f"{SECRET} "}), ("SEC-AKID", {"secret": "AKIDEXAMPLE000000001"}),
    ("SEC-DEFAULT", {"secret": "minioadmin"}), ("SCP-REGION", {"region": "eu-central-1"}), ("CLK-SKEW", {"offset": -23 * 60}),
]
# The names of changes on the way, by cause and what.
ON_THE_WAY = [
    ("HST-PROXY", "forwarded-host"), ("HST-PORT-MISSING", "dropped"), ("HST-PREFIX", "stripped"), ("HDR-CT-CHANGED", "octet-stream"), ("HDR-MISSING", "acl"), ("MTH-PROXY", "head"),
    ("QRY-EXTRA", "edge"), ("URI-TRAILSLASH", "added"), ("HDR-UNSIGNED", "metadata"), ("HST-CASE", "dot"),
]
# Two on the way, in parts that do not touch.
BOTH = [
    (("HST-PROXY", "forwarded-host"), ("HDR-CT-CHANGED", "octet-stream"), "put"), (("HST-PROXY", "forwarded-host"), ("HDR-CT-CHARSET", "appended"), "put-plain"), (("HST-PROXY", "forwarded-host"), ("HDR-MISSING", "acl"), "put-acl"),
    (("HST-PORT-MISSING", "dropped"), ("HDR-DUP", "metadata"), "put-acl"), (("HST-PROXY", "forwarded-host"), ("HDR-RANGE", "slices"), "range"), (("HST-PREFIX", "stripped"), ("HDR-CT-CHANGED", "octet-stream"), "put"),
    (("HST-PROXY", "forwarded-host"), ("MTH-PROXY", "head"), "head"), (("HST-PORT-DEFAULT", "added"), ("URI-TRAILSLASH", "added"), "get"), (("HST-PROXY", "forwarded-host"), ("QRY-EXTRA", "edge"), "list"),
    (("HST-PREFIX", "stripped"), ("QRY-DROPPED", "list-type"), "list"),
]
NAMES = ("boto3", "js-v3", "js-v2", "minio-js", "minio-py")
NO_PREFIX = ("minio-js", "minio-py")


def change(cause, what):
    return next(each for each in CHANGES if (each.cause, each.what) == (cause, what))


def make(book, clients):
    turn = 0
    for way in ON_THE_WAY:
        one = change(*way)
        for cause, settings in SET:
            name = NAMES[turn % len(NAMES)]
            turn += 1
            operation = next((each for each in one.operations if clients.can(name, each) and not each.startswith("link-")), None)
            if operation is None or (way[0] == "HST-PREFIX" and name in NO_PREFIX):
                continue
            raw = clients.send(name, operation, **{**one.settings, **settings})
            if not one.fits(raw):
                continue
            raw = one.make(raw)
            more = dict(one.more) | ({"time": NOON} if cause == "CLK-SKEW" else {})
            book.add(name, f"{settings}, and {one.words}", raw, double(cause, one.cause), f"{one.what}-{operation}", **more)
    for first, second, operation in BOTH:
        one, two = change(*first), change(*second)
        for name in ("boto3", "js-v3", "js-v2"):
            if not clients.can(name, operation):
                continue
            raw = clients.base(name, operation, **one.settings)
            if not (one.fits(raw) and two.fits(raw)):
                continue
            raw = two.make(one.make(raw))
            book.add(name, f"{one.words}, and {two.words}", raw, double(one.cause, two.cause), f"{one.what}-{two.what}-{operation}", **one.more)
    foreign(book, clients)


def foreign(book, clients):
    """Signatures of something else, and of nobody."""
    for name in NAMES:
        other, raw = clients.base(name, "list"), clients.base(name, "get")
        signature = other.get("authorization").rpartition("=")[2]
        raw.set("Authorization", raw.get("authorization").rpartition("=")[0] + "=" + signature)
        book.add(name, "the signature of another request", raw, negative("uri query"), "of-another")
        raw = clients.base(name, "get")
        raw.set("Authorization", raw.get("authorization").rpartition("=")[0] + "=" + "0123456789abcdef" * 4)
        book.add(name, "a signature that somebody made up", raw, negative("mechanism secret"), "made-up")
        raw = clients.base(name, "link-get")
        raw.query = raw.query.replace("X-Amz-Expires=300", "X-Amz-Expires=301").replace("X-Amz-Expires=604800", "X-Amz-Expires=604799")
        raw.path = raw.path.replace("cat.jpg", "a-much-longer-name.tiff")
        book.add(name, "a link that was edited in two places", raw, negative("uri query"), "edited")
        raw = clients.base(name, "list")
        raw.query = raw.query.replace("cats", "dogs")
        book.add(name, "another prefix is listed than was signed", raw, negative("query"), "prefix")
        raw = clients.base(name, "put")
        raw.set("x-amz-content-sha256", "ab" * 32)
        book.add(name, "the hash of the body was exchanged", raw, negative("payload headers"), "hash")
        raw = clients.base(name, "get")
        raw.set("Host", "s3.somewhere-else.example:8443")
        raw.set("X-Forwarded-Host", "neither.this.example")
        book.add(name, "the host is another, and what a proxy tells of it is wrong", raw, negative("host"), "host") if PUBLIC not in raw.get("host") else None
