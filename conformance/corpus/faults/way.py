"""What happens to a request between signing and sending: a change of the bytes that a client has signed.

Each change says which requests it can be made to and what it breaks. It is made to what each client sends, so that the same fault is there in
the headers of all of them.
"""

import dataclasses
from collections.abc import Callable

from truth import arrived, right, single
from workers import PUBLIC

UPSTREAM = "minio:9000"


@dataclasses.dataclass
class Change:
    cause: str
    what: str
    words: str
    operations: list
    make: Callable
    fits: Callable = lambda raw: True
    truth: dict = dataclasses.field(default_factory=dict)
    more: dict = dataclasses.field(default_factory=dict)
    settings: dict = dataclasses.field(default_factory=dict)
    clients: tuple = ()


def forwarded(raw, **headers):
    """Behind a proxy that leaves its traces."""
    for name, value in headers.items():
        raw.set(name.replace("_", "-"), value)
    return raw


def replaced_host(*, to=UPSTREAM, **traces):
    return lambda raw: forwarded(raw.set("Host", to), **traces)


def stock(raw):
    """As nginx goes on when nobody tells it anything."""
    raw.version = "HTTP/1.0"
    return raw.set("Host", UPSTREAM).set("Connection", "close")


def moved(change, **traces):
    def make(raw):
        raw.path = change(raw.path)
        return forwarded(raw, **traces)

    return make


def other(name, value, **traces):
    return lambda raw: forwarded(raw.set(name, value), **traces)


def signs(name):
    return lambda raw: name in raw.signed_headers()


def body(change):
    def make(raw):
        raw.body = change(raw.body)
        return raw.set("Content-Length", str(len(raw.body)))

    return make


def doubled(name, value=None):
    return lambda raw: raw.add(name, value or raw.get(name))


def method(name, **traces):
    def make(raw):
        raw.method = name
        return forwarded(raw, **traces)

    return make


def asked(change, **traces):
    def make(raw):
        raw.query = change(raw.query)
        return forwarded(raw, **traces)

    return make


def without(*names):
    """Parameters of the query that do not arrive."""

    def change(query):
        kept = [piece for piece in query.split("&") if piece.partition("=")[0] not in names]
        assert len(kept) < len(query.split("&")), f"none of {names} in {query}"
        return "&".join(kept)

    return change


def has_parameter(name):
    return lambda raw: raw.parameter(name) is not None


NGINX = {"X_Forwarded_For": "203.0.113.9", "X_Real_IP": "203.0.113.9"}
CADDY = {"X_Forwarded_For": "203.0.113.9", "X_Forwarded_Proto": "http", "Via": "1.1 Caddy"}
CLOUDFLARE = {"CF_Ray": "8f2a1b3c4d5e6f70-FRA", "CDN_Loop": "cloudflare; loops=1", "X_Forwarded_For": "203.0.113.9"}
WITH_PREFIX = {"endpoint": f"http://{PUBLIC}/s3"}
WITH_PORT = {"endpoint": f"http://{PUBLIC}:9000"}
MEOW = b"meow"

CHANGES = [
    Change("HST-PROXY", "forwarded-host", "a proxy puts its upstream into Host and the name before it into X-Forwarded-Host", ["put", "get", "list"],
           replaced_host(X_Forwarded_Host=PUBLIC, **NGINX), settings={}),
    Change("HST-PROXY", "forwarded", "a proxy puts its upstream into Host and the name before it into Forwarded", ["list", "head"],
           replaced_host(Forwarded=f"for=203.0.113.9;host={PUBLIC};proto=http")),
    Change("HST-PROXY", "stock-nginx", "nginx puts its upstream into Host and loses the name; the operator declared it", ["put", "range"], stock, more={"server": "declared"}),
    Change("HST-PORT-MISSING", "dropped", "nginx passes $host on, which has no port", ["put", "list"], replaced_host(to=PUBLIC, **NGINX), settings=WITH_PORT),
    Change("HST-PORT-DEFAULT", "added", "the port 80 is sent though it was not signed", ["get", "link-get"], replaced_host(to=f"{PUBLIC}:80"), truth={"culprit": "sdk"}),
    Change("HST-CASE", "dot", "the name is sent with a dot at the end", ["list"], replaced_host(to=f"{PUBLIC}.")),
    Change("HST-CASE", "capitals", "the name is sent in capitals", ["get"], replaced_host(to="S3.Example.Com")),
    Change("HST-PREFIX", "stripped", "a proxy strips the prefix /s3", ["put", "list"], moved(lambda path: path.removeprefix("/s3"), **NGINX), settings=WITH_PREFIX),
    Change("HST-PREFIX", "told", "a proxy strips the prefix and says so", ["get"], moved(lambda path: path.removeprefix("/s3"), X_Forwarded_Prefix="/s3"), settings=WITH_PREFIX),
    Change("HST-BUCKET-TWICE", "added", "the proxy puts the bucket in front of a path that has it", ["put", "list"], moved(lambda path: f"/photos{path}", **NGINX), truth={"also": ["HST-PREFIX"]}),
    Change("HDR-CT-CHANGED", "octet-stream", "another Content-Type is sent than was signed", ["put"], other("Content-Type", "application/octet-stream"), signs("content-type")),
    Change("HDR-CT-CHANGED", "form", "the HTTP client puts its usual Content-Type", ["put-plain"], other("Content-Type", "application/x-www-form-urlencoded"), signs("content-type")),
    Change("HDR-CT-CHARSET", "appended", "the HTTP client appends a charset", ["put-plain"], other("Content-Type", "text/plain;charset=UTF-8"), signs("content-type")),
    Change("HDR-MISSING", "acl", "a proxy takes x-amz-acl away", ["put-acl"], lambda raw: forwarded(raw.drop("x-amz-acl"), **NGINX), signs("x-amz-acl"), truth={"culprit": "proxy"}),
    Change("HDR-MISSING", "metadata", "a proxy takes the metadata away", ["put-acl"], lambda raw: forwarded(raw.drop("x-amz-meta-a"), **CADDY), signs("x-amz-meta-a"), truth={"culprit": "proxy"}),
    Change("HDR-UNSIGNED", "metadata", "a header x-amz-meta-* is added after signing", ["put", "get"], lambda raw: raw.add("x-amz-meta-added", "1"), truth={"broken": ""}),
    Change("HDR-UNSIGNED", "acl", "x-amz-acl is added after signing", ["put-plain", "link-put"], lambda raw: raw.add("x-amz-acl", "public-read"), truth={"broken": ""}),
    Change("HDR-DUP", "metadata", "a proxy adds a header that is there", ["put-acl"], lambda raw: forwarded(doubled("x-amz-meta-a")(raw), **NGINX), signs("x-amz-meta-a")),
    Change("HDR-RANGE", "slices", "a cache fetches another range than was signed", ["range"], other("Range", "bytes=0-1048575", **NGINX), signs("range")),
    Change("MTH-PROXY", "head", "a cache makes a GET of a HEAD", ["head"], method("GET", **NGINX)),
    Change("MTH-OTHER", "opened", "an upload link is opened", ["link-put"], lambda raw: opened(raw), truth={"culprit": "user"}),
    Change("MTH-OTHER", "posted", "a link for downloads is posted to", ["link-get"], method("POST", Content_Length="0"), truth={"culprit": "user"}),
    Change("MTH-HEAD", "link", "a link for GET is asked with HEAD", ["link-get"], method("HEAD"), truth={"culprit": ""}),
    Change("PAY-MISMATCH", "changed", "the body is another than was signed", ["put"], body(lambda data: data.upper()), lambda raw: has_hash(raw) and MEOW in raw.body),
    Change("PAY-MISMATCH", "empty", "the stream was read before it was sent", ["put-plain"], body(lambda data: b""), lambda raw: has_hash(raw) and raw.body == MEOW and not signs("content-length")(raw)),
    Change("PAY-MISMATCH", "mark", "a byte order mark is put before the text", ["put-plain"], body(lambda data: b"\xef\xbb\xbf" + data), lambda raw: has_hash(raw) and raw.body == MEOW and not signs("content-length")(raw)),
    Change("URI-TRAILSLASH", "added", "a slash is sent at the end that was not signed", ["get", "link-get"], moved(lambda path: f"{path}/", **NGINX)),
    Change("URI-KEYCHANGED", "renamed", "the link was edited to name another object", ["link-get"], moved(lambda path: path.replace("cat.jpg", "dog.png")), truth={"culprit": "user"}),
    Change("QRY-EXTRA", "tracker", "a tracker is added to the link", ["link-get"], asked(lambda query: f"{query}&utm_source=mail")),
    Change("QRY-EXTRA", "name", "response-content-disposition is added to the link", ["link-get"], asked(lambda query: f"{query}&response-content-disposition=attachment")),
    Change("QRY-EXTRA", "edge", "a proxy adds a parameter", ["list"], asked(lambda query: f"{query}&edge=frankfurt", **NGINX), truth={"culprit": "proxy"}),
    Change("QRY-DROPPED", "list-type", "list-type is lost on the way", ["list"], asked(without("list-type"), **NGINX), has_parameter("list-type")),
    Change("QRY-DROPPED", "x-id", "x-id is lost on the way", ["get", "put", "link-put"], asked(without("x-id"), **NGINX), has_parameter("x-id")),
    Change("QRY-DROPPED", "uploads", "?uploads is lost on the way", ["uploads"], asked(without("uploads"), **NGINX), has_parameter("uploads")),
    Change("QRY-TAMPER", "expires", "X-Amz-Expires is raised after signing", ["link-get"], asked(lambda query: query.replace("X-Amz-Expires=300", "X-Amz-Expires=3600")), has_parameter("X-Amz-Expires"),
           clients=("boto3", "js-v3", "js-v2", "minio-js")),
    Change("QRY-CASE", "lower", "a proxy writes the parameters in small letters", ["link-get"], asked(lambda query: query.replace("X-Amz-", "x-amz-")), has_parameter("X-Amz-Date")),
    Change("QRY-AMP", "html", "the link was escaped for HTML", ["link-get"], asked(lambda query: query.replace("&", "&amp;")), has_parameter("X-Amz-Date")),
    Change("QRY-AMP", "json", "the link was escaped for JSON", ["link-put"], asked(lambda query: query.replace("&", "\\u0026")), has_parameter("X-Amz-Date"), clients=("boto3", "js-v3")),
    Change("QRY-CRED-DOUBLE", "", "the whole link was encoded again", ["link-get"], asked(lambda query: query.replace("%", "%25")), has_parameter("X-Amz-Date")),
    Change("QRY-TRUNCATED", "shell", "a shell took the first & for its own", ["link-get"], asked(lambda query: query.split("&")[0]), has_parameter("X-Amz-Date")),
    Change("QRY-TRUNCATED", "signature", "the end of the link is missing", ["link-put"], asked(lambda query: cut(query)), lambda raw: "X-Amz-Signature=" in raw.query),
    Change("QRY-SECOND-QMARK", "", "?download=1 is added to a link that has a query", ["link-get"], asked(lambda query: f"{query}?download=1"), has_parameter("X-Amz-Date")),
    Change("AUTH-TWO", "bearer", "a link is used with the Authorization header of another site", ["link-get"], lambda raw: raw.add("Authorization", "Bearer abc"), has_parameter("X-Amz-Date"), truth={"broken": ""}),
    Change("AUTH-FORMAT", "commas", "the commas of the Authorization header are lost", ["list"], lambda raw: raw.set("Authorization", raw.get("authorization").replace(",", "")), truth={"broken": ""}),
    Change("AUTH-FORMAT", "quotes", "the values of the Authorization header are quoted", ["get"], lambda raw: raw.set("Authorization", quoted(raw.get("authorization"))), truth={"broken": ""}),
    Change("TOK-MISSING", "", "temporary keys are used without their token", ["put", "link-get"], lambda raw: raw, settings={"key_id": "ASIAQWERTYUIOPASDF12"}),
    Change("TOK-INVALID", "", "the token of other keys is left in the environment", ["list", "link-get"], lambda raw: raw, settings={"token": "IQoJb3JpZ2luX2VjEAaaab=="}, clients=("boto3", "js-v3", "js-v2", "minio-js")),
    Change("HST-REPLACED", "localhost", "localhost in the link was replaced by an address", ["link-get"], replaced_host(to="192.0.2.7:9000"), settings={"endpoint": "http://localhost:9000"}),
    Change("HST-REPLACED", "docker", "the name of a container in the link was replaced by a public one", ["link-put"], replaced_host(to=PUBLIC), settings={"endpoint": "http://minio:9000"}),
    Change("HST-REPLACED", "cdn", "a link for the server is used at a name of a CDN", ["link-get"], replaced_host(to="cdn.example.net", **CLOUDFLARE), truth={"culprit": ""}, more={"server": "declared"}),
    Change("HDR-CT-CHANGED", "link", "a link for one type is used with another", ["link-put-typed"], other("Content-Type", "image/png"), signs("content-type"), truth={"culprit": "user"}),
    Change("HDR-CT-CHARSET", "link", "the HTTP client appends a charset", ["link-put-plain"], other("Content-Type", "text/plain;charset=UTF-8"), signs("content-type")),
    Change("HDR-CT-BOUNDARY", "link", "a form is put where a file was signed", ["link-put-typed"], other("Content-Type", "multipart/form-data; boundary=----4711"), signs("content-type")),
    Change("HDR-MISSING", "link", "the link was signed with x-amz-acl, which is not sent", ["link-put-acl"], lambda raw: raw, signs("x-amz-acl")),
    Change("HDR-HOISTED", "", "x-amz-acl stands in the link and is sent as well", ["link-put-hoisted"], lambda raw: raw.add("x-amz-acl", "public-read"), truth={"broken": ""}),
]


def opened(raw):
    raw.method, raw.body = "GET", b""
    return raw.drop("Content-Length")


def has_hash(raw):
    return len(raw.get("x-amz-content-sha256") or "") == 64


def cut(query):
    """Without the last letters of the signature, and what follows it."""
    front, mark, rest = query.partition("X-Amz-Signature=")
    return front + mark + rest[:52]


def quoted(text):
    scheme, _, rest = text.partition(" ")
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in (part.strip().split("=", 1) for part in rest.split(",")))


# Clients with an endpoint that can be any name. The tools have the address of the recorder.
ANYWHERE = ("boto3", "js-v3", "js-v2", "minio-js", "minio-py")


def make(book, clients):
    for name in clients.names():
        for change in CHANGES:
            if change.clients and name not in change.clients:
                continue
            can = [operation for operation in change.operations if clients.can(name, operation)]
            if not can or (change.settings and name not in ANYWHERE) or unfit(name, change):
                continue
            # In turn, so that not all clients are asked the same.
            operation = can[(clients.names().index(name) + len(change.what)) % len(can)]
            raw = clients.base(name, operation, **change.settings)
            if not change.fits(raw):
                continue
            made = change.make(raw.copy())
            # What happens to it on the way may take the date along.
            time = arrived(raw.date()) + 1
            book.add(name, change.words, made, single(change.cause, **change.truth), f"{change.what}-{operation}".strip("-"), time=time, **change.more)
        for operation in ("put", "get", "list", "link-get"):
            if clients.can(name, operation):
                book.add(name, "nothing", clients.base(name, operation), right(), operation)


def unfit(name, change):
    if name not in ANYWHERE and change.cause.startswith("HST-"):
        return True
    # It takes no path in an endpoint.
    if name in ("minio-js", "minio-py") and change.settings == WITH_PREFIX:
        return True
    return False
