"""Real proxies, configured wrong: what they make of what real clients send."""

import contextlib

from case import Place
from clients import signing_curl
from harness import Caddy, Haproxy, Nginx, first_free_port
from truth import single


PORTS = (8080, 8008, 8088, 8090)
# kind, its part of the configuration, cause, words, operations, the clients, the endpoint behind the host, and what else is so.
WRONG = [
    (Nginx, "rewrites-host-and-says-so", "HST-PROXY", "nginx puts its upstream into Host and tells the name before it", ("list", "put"), ("boto3", "js-v3", "js-v2", "minio-js", "minio-py"), "", {}),
    (Nginx, "stock", "HST-PROXY", "nginx as it is installed", ("list", "get"), ("js-v3", "boto3", "rclone", "s3cmd"), "", {"server": "declared"}),
    (Nginx, "drops-port", "HST-PORT-MISSING", "nginx passes $host on", ("list", "put"), ("js-v3", "boto3", "minio-js", "curl"), "", {}),
    (Nginx, "strips-prefix", "HST-PREFIX", "nginx strips /s3", ("put", "list"), ("boto3", "js-v3", "js-v2"), "/s3", {}),
    (Nginx, "serves-one-bucket", "HST-BUCKET-TWICE", "nginx puts the bucket in front", ("put", "list"), ("boto3", "js-v3", "minio-js"), "", {"also": ["HST-PREFIX"]}),
    (Nginx, "caches", "MTH-PROXY", "a cache of nginx makes a GET of a HEAD", ("head",), ("boto3", "js-v3", "js-v2", "minio-js"), "", {}),
    (Nginx, "adds-a-parameter", "QRY-EXTRA", "nginx adds a parameter", ("list", "get"), ("boto3", "js-v3", "s3cmd"), "", {"culprit": "proxy"}),
    (Nginx, "caches-slices", "HDR-RANGE", "a cache of nginx fetches slices", ("range",), ("boto3", "js-v3", "js-v2"), "", {}),
    (Haproxy, "sets-host", "HST-PROXY", "HAProxy sets Host and tells the name before it", ("list", "get"), ("boto3", "js-v3", "minio-py", "s3cmd", "rclone"), "", {}),
    (Haproxy, "strips-prefix", "HST-PREFIX", "HAProxy strips /s3", ("list", "get"), ("boto3", "js-v3", "js-v2"), "/s3", {}),
    (Haproxy, "deletes-acl", "HDR-MISSING", "HAProxy deletes x-amz-acl", ("put-acl",), ("boto3", "js-v3", "js-v2", "minio-js"), "", {"culprit": "proxy"}),
    (Haproxy, "doubles-metadata", "HDR-DUP", "HAProxy adds a header that is there", ("put-acl",), ("boto3", "js-v3", "js-v2"), "", {}),
    (Haproxy, "turns-head-into-get", "MTH-PROXY", "HAProxy makes a GET of a HEAD", ("head",), ("boto3", "js-v3", "s3cmd", "aws-cli"), "", {}),
    (Haproxy, "deletes-content-encoding", "PAY-CE", "HAProxy deletes Content-Encoding", ("stream",), ("js-v3",), "", {"also": ["HDR-MISSING"]}),
    (Haproxy, "deletes-trailer", "PAY-SDK2025", "HAProxy deletes x-amz-trailer", ("stream",), ("js-v3",), "", {"also": ["HDR-MISSING"]}),
    (Caddy, "sets-host", "HST-PROXY", "Caddy sets Host and tells the name before it", ("list", "put"), ("rclone", "boto3", "js-v3", "minio-js"), "", {}),
    (Caddy, "strips-prefix", "HST-PREFIX", "Caddy strips /s3", ("list", "put"), ("boto3", "js-v3", "js-v2"), "/s3", {}),
    (Caddy, "deletes-metadata", "HDR-MISSING", "Caddy deletes x-amz-meta-*", ("put-acl",), ("boto3", "js-v3", "minio-js"), "", {"culprit": "proxy"}),
]
KEYED = [
    (Nginx, "merges-slashes", "URI-MERGE", "nginx merges slashes", "put", "a//b//c.jpg", ("boto3", "js-v3", "js-v2")),
    (Haproxy, "cleans-paths", "URI-MERGE", "HAProxy merges slashes", "get", "a//b.jpg", ("boto3", "js-v3", "minio-py")),
    (Nginx, "cuts-the-last-slash", "URI-TRAILSLASH", "nginx cuts the slash at the end", "put", "folder/", ("boto3", "js-v3", "js-v2")),
]
CAT = "/photos/cat.jpg"
BY_CURL = [
    (Nginx, "drops-accept-encoding", "HDR-AE", "nginx drops Accept-Encoding", (CAT, "-H", "Accept-Encoding: gzip")),
    (Caddy, "sets-accept-encoding", "HDR-AE", "Caddy sets Accept-Encoding", (CAT, "-H", "Accept-Encoding: gzip")),
    (Nginx, "appends-to-user-agent", "HDR-UA", "nginx appends to User-Agent", (CAT, "-H", "User-Agent: my-signer/1.0")),
    (Nginx, "passes-host", "HDR-EXPECT", "nginx never passes Expect on", (CAT, "-X", "PUT", "--data-binary", "x", "-H", "Expect: 100-continue")),
    (Nginx, "passes-host", "HDR-HOP", "nginx sets Connection", (CAT, "-H", "Connection: keep-alive")),
    (Haproxy, "passes-on", "HDR-HOP", "HAProxy appends to X-Forwarded-For", (CAT, "-H", "X-Forwarded-For: 10.0.0.7")),
    (Haproxy, "begins-a-span", "HDR-TRACE", "HAProxy begins a span of its own", (CAT, "-H", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
    (Haproxy, "strips-prefix-and-slash", "HST-PREFIX-SLASH", "HAProxy strips /s3 and the slash at the end", ("/s3/photos/",)),
    (Haproxy, "cleans-paths", "URI-DOTS", "HAProxy removes ./", ("/photos/./cat.jpg", "--path-as-is")),
    (Nginx, "caches-slices", "HDR-RANGE", "a cache of nginx fetches slices", (CAT, "-H", "Range: bytes=0-")),
]
PASSES = {Nginx: "passes-host", Haproxy: "passes-on", Caddy: "passes-on"}


@contextlib.contextmanager
def behind(kind, part, upstream):
    with kind(part, upstream, first_free_port(*PORTS)) as front:
        yield Place(front.host, upstream)


def make(book, clients):
    workshop = clients.workshop
    for kind, part, cause, words, operations, names, prefix, more in WRONG:
        truth = {name: more[name] for name in ("culprit", "also") if name in more}
        with behind(kind, part, workshop.at.host) as place:
            for turn, name in enumerate(names):
                able = [operation for operation in operations if clients.can(name, operation)]
                if not able:
                    continue
                operation = able[turn % len(able)]
                if prefix:
                    raw = clients.send(name, operation, endpoint=place.url + prefix)
                elif name in ("boto3", "js-v3", "js-v2", "minio-js", "minio-py"):
                    raw = clients.send(name, operation, endpoint=place.url)
                else:
                    raw = clients.send(name, operation, at=place)
                book.add(name, words, raw, single(cause, **truth), f"{kind.kind}-{part}-{operation}", server=more.get("server", "plain"))
            if not prefix and cause == "HST-PROXY":
                at = clients.link("boto3", "link-get", endpoint=place.url)
                raw = through(workshop, at)
                book.add("boto3", f"{words}, and the client opens a link", raw, single(cause), f"{kind.kind}-{part}-link", server=more.get("server", "plain"))
    for kind, part, cause, words, operation, key, names in KEYED:
        with behind(kind, part, workshop.at.host) as place:
            for name in names:
                raw = clients.send(name, operation, object_key=key, endpoint=place.url)
                book.add(name, words, raw, single(cause, culprit="proxy"), f"{kind.kind}-{part}-{operation}")
    for kind, part, cause, words, arguments in BY_CURL:
        with behind(kind, part, workshop.at.host) as place:
            raw = workshop.tool(signing_curl, *arguments, at=place)
            also = ["HDR-MISSING"] if cause in ("HDR-AE", "HDR-EXPECT") else []
            book.add("curl", words, raw, single(cause, also=also, culprit="proxy"), f"{kind.kind}-{part}")
    with behind(Nginx, "bucket-into-path", workshop.at.host) as place:
        raw = workshop.tool(signing_curl, "/cat.jpg", at=place, host=f"photos.s3.example.com:{place.port}")
        book.add("curl", "nginx puts the bucket from the host into the path", raw, single("HST-VHOST"), "nginx", server="domains")
        raw = workshop.tool(signing_curl, "/?list-type=2", at=place, host=f"photos.s3.example.com:{place.port}")
        book.add("curl", "nginx puts the bucket from the host into the path", raw, single("HST-VHOST"), "nginx-list", server="domains")


def through(workshop, url):
    """A link opened with curl, through whatever stands at its host."""
    from clients import curl

    workshop.recorder.clear()
    curl(url)
    return workshop.recorded()


