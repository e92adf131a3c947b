"""Faults of clocks, regions, services and versions: each is set in a client or a signer, which signs what it then believes."""

import urllib.parse

from clients import s3cmd
from truth import double, single
from workers import KEY, NOON, PUBLIC, REGION, link

MINUTE, HOUR, DAY = 60, 3600, 86400
CLOCKS = [
    ("CLK-SKEW", "behind", "the clock is 23 minutes behind", -23 * MINUTE, ("boto3", "js-v3", "aws-cli", "s3cmd", "curl")),
    ("CLK-SKEW", "ahead", "the clock is 1:07 h ahead", 67 * MINUTE, ("js-v2", "minio-py", "boto3")),
    ("CLK-SKEW", "days", "the clock is three days and seven minutes behind", -3 * DAY - 7 * MINUTE, ("minio-js", "boto3")),
    ("CLK-TZ", "berlin", "the clock shows the time of Berlin and calls it UTC", HOUR, ("boto3", "js-v3", "minio-js")),
    ("CLK-TZ", "india", "the clock shows the time of India and calls it UTC", 330 * MINUTE, ("minio-py", "js-v2")),
    ("CLK-TZ", "california", "the clock shows the time of California and calls it UTC", -8 * HOUR, ("boto3", "s3cmd")),
    ("PRE-FUTURE", "ahead", "the link was made by a clock that is 67 minutes ahead", 67 * MINUTE, ("boto3", "js-v3", "js-v2")),
]
REGIONS = [
    ("SCP-REGION", "europe", "eu-central-1", ("boto3", "js-v3", "rclone", "s3cmd", "curl", "minio-py")),
    ("SCP-REGION", "link", "eu-west-1", ("boto3", "js-v3", "js-v2", "minio-js")),
    ("SCP-AUTO", "auto", "auto", ("js-v3", "boto3", "curl")),
    ("SCP-AUTO", "garage", "garage", ("minio-js", "rclone", "minio-py")),
    ("SCP-AUTO", "global", "aws-global", ("curl",)),
]
WORKSHOP = ("botocore", "smithy", "aws-sigv4")


def make(book, clients):
    for cause, what, words, offset, names in CLOCKS:
        for name in names:
            operation = "link-get" if cause.startswith("PRE-") else "list"
            raw = clients.send(name, operation, offset=offset)
            book.add(name, words, raw, single(cause), what, time=NOON)
    for cause, what, region, names in REGIONS:
        for name in names:
            operation = "link-get" if what == "link" else "list"
            raw = clients.send(name, operation, region=region)
            book.add(name, f"the region is {region}", raw, single(cause), what)
    raw = clients.send("boto3", "list", region="us-east-1")
    book.add("boto3", "the region of the SDK's examples was kept", raw, single("SCP-REGION"), "default", server="europe")
    raw = clients.send("js-v3", "put", region="us-east-1")
    book.add("js-v3", "the region of the SDK's examples was kept", raw, single("SCP-REGION"), "default", server="europe")
    links(book, clients)
    versions(book, clients)
    signers(book, clients.workshop)


def links(book, clients):
    for name in ("boto3", "js-v3", "js-v2", "minio-js", "minio-py"):
        raw = clients.base(name, "link-get")
        late = 8 * DAY if name == "minio-py" else 2 * HOUR
        book.add(name, "the link is used when it is over", raw, single("PRE-EXPIRED"), late=late)
    at = clients.workshop.printed("boto3", 'link("get_object", expires=3600000)', endpoint=f"http://{PUBLIC}")
    book.add("boto3", "the link is to live longer than a week", link(at), single("PRE-TOOLONG"))
    for signer in ("botocore", "aws-sigv4"):
        raw = presigned(clients.workshop, signer, expires=864000)
        book.add(signer, "the link is to live longer than a week", raw, single("PRE-TOOLONG"))
    for name in ("boto3", "js-v2"):
        raw = clients.base(name, "get")
        book.add(name, "the request was sent eighteen minutes after it was signed", raw, single("CLK-STALE", also=["CLK-SKEW"], proof="exact", culprit=""), late=18 * MINUTE)
    for signer in ("botocore", "aws-sigv4"):
        raw = presigned(clients.workshop, signer, more="x-countersign-once=1", method="PUT")
        book.add(signer, "a link for one use is used again", raw, single("PRE-USED"), sent=2)


def presigned(workshop, signer, more="", **job):
    """A link made by a signer alone, opened."""
    url = job.pop("url", f"http://{PUBLIC}/photos/cat.jpg") + (f"?{more}" if more else "")
    method = job.get("method", "GET")
    if signer == "botocore":
        return link(workshop.sign(signer, kind="link", url=url, **job)["url"], method)
    host = url.partition("//")[2].partition("/")[0]
    headers = [["host", host], *job.pop("headers", [])]
    answer = workshop.sign(signer, kind="link", url=url, headers=headers, payload="UNSIGNED-PAYLOAD", **job)
    query = answer["query"] if isinstance(answer["query"], list) else list(answer["query"].items())
    front, _, given = url.partition("?")
    known = {piece.partition("=")[0] for piece in given.split("&") if piece}
    pieces = [*filter(None, given.split("&")), *(f"{name}={encoded(value)}" for name, value in query if name not in known)]
    return link(f"{front}?{'&'.join(pieces)}", method)


def encoded(text):
    return urllib.parse.quote(text, safe="-_.~")


def versions(book, clients):
    older = {
        "boto3": ('s3.list_objects_v2(Bucket="photos")', {"config": {"signature_version": "s3"}}),
        "js-v2": ('await s3.listObjectsV2({ Bucket: "photos" }).promise();', {"config": {"signatureVersion": "v2"}}),
    }
    for name, (code, settings) in older.items():
        raw = clients.workshop.client(name, code, endpoint=f"http://{PUBLIC}", **settings)
        book.add(name, "the client signs by version 2", raw, single("ALG-V2"), "header", time=NOON)
    raw = clients.workshop.tool(s3cmd, "--signature-v2", "ls", "s3://photos")
    book.add("s3cmd", "the client signs by version 2", raw, single("ALG-V2"), "header", time=NOON)
    at = clients.workshop.printed("boto3", 'link("get_object")', endpoint=f"http://{PUBLIC}", config={"signature_version": "s3"})
    book.add("boto3", "the link is signed by version 2", link(at), single("ALG-V2"), "link", time=NOON)
    for signer in WORKSHOP:
        raw = clients.workshop.signed(signer)
        words = raw.get("authorization").replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256").replace(f"/{REGION}/", "/")
        raw.set("Authorization", words).add("X-Amz-Region-Set", "*")
        book.add(signer, "the algorithm is that of version 4A", raw, single("ALG-V4A"))


def signers(book, workshop):
    """What only a signer of one's own does, by signers that are told to."""
    for signer in WORKSHOP:
        raw = workshop.signed(signer, region="")
        book.add(signer, "the region is empty", raw, single("SCP-REGION-EMPTY"))
        raw = workshop.signed(signer, service="execute-api")
        book.add(signer, "signed for the service execute-api", raw, single("SCP-SERVICE"), "execute-api")
        raw = presigned(workshop, signer, service="s3-outposts")
        # The SDK's signer hashes the body for any service but S3.
        truth = double("SCP-SERVICE", "PAY-UNSIGNED") if signer == "smithy" else single("SCP-SERVICE")
        book.add(signer, "the link is signed for the service s3-outposts", raw, truth, "link")
    today = "20261122"
    for kind in ("header", "link"):

        def departing(**job):
            return opened(workshop, kind, **job)

        for what, region in (("cached", "eu-west-1"), ("empty", ""), ("auto", "auto")):
            server, scope = ("europe", "eu-central-1") if what == "cached" else ("plain", REGION)
            region = "us-east-1" if what == "cached" else region
            raw = departing(region=scope, derive={"region": region})
            book.add("botocore", f"the key is derived for the region {region!r}, not for that of the credential", raw, single("SCP-REGION-KEY"), f"{what}-{kind}", server=server)
        raw = departing(derive={"service": "execute-api"})
        book.add("botocore", "the key is derived for another service than the credential says", raw, single("SCP-SERVICE", proof="hmac", broken="scope", culprit="sdk"), f"key-{kind}")
        for what, day in (("yesterday", "20261121"), ("tomorrow", "20261123")):
            raw = departing(derive={"date": day})
            book.add("botocore", f"the key is derived for {what}", raw, single("CLK-SCOPEDATE", proof="hmac", broken="scope"), f"{what}-{kind}")
        raw = departing(scope=f"20261121/{REGION}/s3/aws4_request") if kind == "header" else None
        if raw:
            raw.set("Authorization", raw.get("authorization").replace(f"{KEY}/{today}", f"{KEY}/20261121"))
            book.add("botocore", "the credential has the local day", raw, single("CLK-SCOPEDATE"), "local-day")
        for what, words, wrong in (("word", "the credential ends in another word", "aws4"), ("parts", "the credential lacks its service", "")):
            raw = departing()
            for change in ("s3/aws4_request", "s3%2Faws4_request"):
                separator = "/" if "%" not in change else "%2F"
                with_word = f"s3{separator}{wrong}" if wrong else "aws4_request"
                raw.target = raw.target.replace(change, with_word)
                if raw.has("authorization"):
                    raw.set("Authorization", raw.get("authorization").replace(change, with_word))
            book.add("botocore", words, raw, single("SCP-TERMINAL"), f"{what}-{kind}")
    for what, words, day in (("thai", "the key is derived for a day of the Buddhist calendar", "25691122"), ("hijri", "the key is derived for a day of the Hijri calendar", "14480611")):
        raw = workshop.signed("botocore", derive={"date": day})
        book.add("botocore", words, raw, single("CLK-CALENDAR", broken="scope"), what)
    for what, words, year in (("thai-date", "the date is of the Buddhist calendar", 543), ("japan", "the date is of the Japanese calendar", -2018)):
        date, day = f"{2026 + year:04}1122T040000Z", f"{2026 + year:04}1122"
        raw = workshop.signed("botocore", canonical=[["20261122T040000Z", date]], to_sign=[["20261122T040000Z", date], ["20261122/", f"{day}/"]], derive={"date": day})
        raw.set("X-Amz-Date", date).set("Authorization", raw.get("authorization").replace(today, day))
        book.add("botocore", words, raw, single("CLK-CALENDAR", proof="infer", broken=""), what, time=NOON)
    for what, words, date in (
        ("hyphens", "the date has hyphens and colons", "2026-11-22T04:00:00Z"), ("http", "the date is one of HTTP", "Sun, 22 Nov 2026 04:00:00 GMT"), ("zone", "the date ends in +0000", "20261122T040000+0000"),
    ):
        raw = workshop.signed("botocore", canonical=[["20261122T040000Z", date]], to_sign=[["20261122T040000Z", date]])
        raw.set("X-Amz-Date", date)
        book.add("botocore", words, raw, single("CLK-FORMAT", broken=""), what, time=NOON)
    for what, words, other in (("older", "the text is signed with the Date header, which is a minute older", "20261122T035900Z"), ("newer", "the text is signed with the Date header, which is newer", "20261122T040002Z")):
        raw = workshop.signed("botocore", to_sign=[["20261122T040000Z", other]])
        minute, second = other[11:13], other[13:15]
        raw.add("Date", f"Sun, 22 Nov 2026 {other[9:11]}:{minute}:{second} GMT")
        book.add("botocore", words, raw, single("CLK-DATEHDR"), what)


def opened(workshop, kind, **job):
    if kind == "header":
        return workshop.signed("botocore", **job)
    return link(workshop.sign("botocore", kind="link", **job)["url"])

