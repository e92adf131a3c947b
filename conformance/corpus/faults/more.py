"""Ways of hosts and methods that need more than one change, or a client set up in a way of its own."""

from faults.scope import opened, presigned
from truth import single
from workers import PUBLIC, link

AS_HOST = {
    "boto3": {"config": {"s3": {"addressing_style": "virtual"}}},
    "js-v3": {"config": {"forcePathStyle": False}},
    "js-v2": {"config": {"s3ForcePathStyle": False}},
}


def make(book, clients):
    workshop = clients.workshop
    for name, settings in AS_HOST.items():
        for operation in ("put", "list"):
            raw = clients.send(name, operation, **settings)
            assert raw.get("host") == f"photos.{PUBLIC}", raw.head()
            raw.set("Host", PUBLIC)
            raw.path = f"/photos{raw.path}" if raw.path != "/" else "/photos/"
            raw.set("X-Forwarded-For", "203.0.113.9")
            book.add(name, "a proxy moves the bucket from the host into the path", raw, single("HST-VHOST"), f"into-path-{operation}", server="domains")
        raw = clients.base(name, "put")
        raw.set("Host", f"photos.{PUBLIC}")
        raw.path = raw.path.removeprefix("/photos")
        book.add(name, "a proxy moves the bucket from the path into the host", raw, single("HST-VHOST"), "into-host", server="domains")
    for name in ("boto3", "js-v3", "minio-py"):
        raw = clients.send(name, "get", endpoint="http://cache.internal:3128")
        raw.set("Host", PUBLIC).set("Via", "1.1 cache.internal:3128 (squid/5.7)").set("X-Forwarded-For", "10.0.0.7")
        book.add(name, "a caching proxy was set as the endpoint and sends the name of the store", raw, single("HST-FORWARDPROXY", culprit=""))
    # Either name of the host may be signed, if the list says so; here it says the other one.
    names = "host;x-amz-content-sha256;x-amz-date"
    other = names.replace("host", ":authority")
    raw = opened(workshop, "header", canonical=[[f"host:{PUBLIC}", f":authority:{PUBLIC}"]])
    book.add("botocore", "the line of the host is signed as :authority", raw, single("HST-H2", culprit="", broken="headers"), "line")
    raw = opened(workshop, "header", canonical=[[f"\n{names}\n", f"\n{other}\n"]])
    raw.set("Authorization", raw.get("authorization").replace(names, other))
    book.add("botocore", "the list of signed headers says :authority", raw, single("HST-H2", culprit="", broken="headers"), "list")
    for name in ("boto3", "js-v3", "js-v2", "minio-js", "minio-py"):
        raw = clients.base(name, "link-put")
        raw.method, raw.body = "OPTIONS", b""
        raw.drop("Content-Length")
        book.add(name, "a link is asked with OPTIONS", raw, single("MTH-OPTIONS", proof="exact", broken="method"), "link")
    for signer in ("botocore", "aws-sigv4"):
        raw = presigned(workshop, signer)
        raw.method = "PUT"
        raw.add("Content-Length", "4").body = b"meow"
        book.add(signer, "a link for downloads is used to upload", raw, single("MTH-OTHER"), "put")
    at = clients.workshop.printed("js-v3", "console.log(await upload({}, { Metadata: { a: '1' } }));", endpoint=f"http://{PUBLIC}")
    book.add("js-v3", "metadata stands in the link and is sent as well", link(at, "PUT", b"meow", **{"x-amz-meta-a": "2"}), single("HDR-HOISTED"), "metadata")
    for name in ("boto3", "js-v2"):
        raw = clients.base(name, "link-put")
        raw.method = "put"
        book.add(name, "the method is sent in small letters", raw, single("MTH-CASE", culprit=""), "link")
    at = clients.workshop.printed("boto3", 'link("head_object")', endpoint=f"http://{PUBLIC}")
    book.add("boto3", "a link for HEAD is opened", link(at), single("MTH-OTHER", also=["MTH-PROXY"], culprit=""), "head")
    raw = workshop.tool(curl_signed, "/photos/cat.jpg")
    raw.method = "POST"
    raw.add("Content-Length", "0").add("X-HTTP-Method-Override", "GET")
    book.add("curl", "a framework sends the method in a header of its own", raw, single("MTH-CASE", also=["MTH-OTHER"], culprit=""), "override")


def curl_signed(at, target, **more):
    from clients import signing_curl

    return signing_curl(at, target, **more)
