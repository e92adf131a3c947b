"""Streams in signed chunks: the chain is made by `aws-sigv4`, link by link, and broken where a row says so."""

import base64
import hashlib
import zlib

from faults.scope import presigned
from truth import single
from workers import PUBLIC, link

WHOLE, TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CRC = ("x-amz-checksum-crc32", "j9SmSg==")
EIGHT = "x" * 8192
URL = f"http://{PUBLIC}/photos/cat.jpg"


class Stream:
    """A body in chunks, signed as S3 has it unless a hook says otherwise."""

    def __init__(self, workshop, pieces=("meow",), payload=WHOLE, line=None, method="PUT", decoded=None, trailer=None, **job):
        self.workshop, self.pieces, self.trailer, self.job = workshop, list(pieces), trailer, job
        length = sum(map(len, pieces)) if decoded is None else decoded
        headers = [["Content-Encoding", "aws-chunked"], ["x-amz-decoded-content-length", str(length)]]
        if trailer:
            headers.append(["x-amz-trailer", trailer[0]])
        self.raw = workshop.signed("aws-sigv4", method=method, url=URL, headers=headers, payload=line or payload, **job)
        self.raw.set("x-amz-content-sha256", payload)
        self.seed = self.raw.get("authorization").rpartition("=")[2]

    def sign(self, chunk, previous, **more):
        return self.workshop.sign("aws-sigv4", kind="chunk", chunk=chunk, previous=previous, **{**self.job, **more})["signature"]

    def sign_trailer(self, previous, text=None, **more):
        pair = text or self.trailer
        return self.workshop.sign("aws-sigv4", kind="trailer", headers=[list(pair)], previous=previous, **{**self.job, **more})["signature"]

    def chain(self, sign=None, send=None, trailer=None, last=True):
        """The request with its body. `sign` makes the signature of a chunk, `send` the line and the data that are sent of it."""
        sign = sign or (lambda place, chunk, before: self.sign(chunk, before[-1]))
        send = send or (lambda place, chunk, signature: f"{len(chunk):x};chunk-signature={signature}\r\n{chunk}\r\n")
        before, body = [self.seed], ""
        for place, chunk in enumerate([*self.pieces, ""] if last else self.pieces):
            signature = sign(place, chunk, before)
            before.append(signature)
            is_last = place == len(self.pieces)
            if is_last and self.trailer:
                body += f"0;chunk-signature={signature}\r\n"
            else:
                body += send(place, chunk, signature)
        if self.trailer:
            body += (trailer or (lambda before: self.signed_trailer(self.sign_trailer(before[-1]))))(before)
        return self.with_body(body)

    def signed_trailer(self, signature):
        return f"{self.trailer[0]}:{self.trailer[1]}\r\nx-amz-trailer-signature:{signature}\r\n\r\n"

    def with_body(self, body):
        raw = self.raw.copy()
        raw.body = body.encode("latin-1")
        return raw.set("Content-Length", str(len(raw.body)))


def make(book, clients):
    workshop = clients.workshop

    def add(words, raw, cause, what, **truth):
        more = {name: truth.pop(name) for name in ("ends_early",) if name in truth}
        book.add("aws-sigv4", words, raw, single(cause, **truth), what, **more)

    stream = Stream(workshop, [EIGHT, "meow"])
    add("the data of a chunk is changed on the way", stream.chain(send=lambda place, chunk, s: f"{len(chunk):x};chunk-signature={s}\r\n{chunk.upper()}\r\n"), "STR-CHUNK", "changed", culprit="proxy", proof="infer")
    add("each chunk is signed with the signature of the request before it", stream.chain(sign=lambda place, chunk, before: stream.sign(chunk, before[0])), "STR-CHUNK", "unchained")
    add("the hash of a chunk covers its line break", stream.chain(sign=lambda place, chunk, before: stream.sign(f"{chunk}\r\n", before[-1])), "STR-CHUNK", "line-break")
    add("the hash of a chunk is that of nothing", stream.chain(sign=lambda place, chunk, before: stream.sign("", before[-1])), "STR-CHUNK", "nothing")
    add("the chunks are signed with the key of no region", stream.chain(sign=lambda place, chunk, before: stream.sign(chunk, before[-1], region="")), "STR-CHUNK", "region")
    add("a chunk has no signature", stream.chain(send=lambda place, chunk, s: f"{len(chunk):x}\r\n{chunk}\r\n"), "STR-CHUNK", "unsigned", proof="exact")
    add("the signature of a chunk is cut off", stream.chain(send=lambda place, chunk, s: f"{len(chunk):x};chunk-signature={s[:20]}\r\n{chunk}\r\n"), "STR-CHUNK", "cut", proof="exact")

    trailing = Stream(workshop, [EIGHT, "meow"], payload=TRAILER, trailer=("x-amz-checksum-crc32", crc32(EIGHT + "meow")))
    checksum = f"{trailing.trailer[0]}:{trailing.trailer[1]}"
    add("the trailer is changed on the way", trailing.chain(trailer=lambda before: f"x-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:{trailing.sign_trailer(before[-1])}\r\n\r\n"), "STR-TRAILER", "changed", proof="infer", culprit="proxy")
    add("the trailer is signed behind the last chunk with data", trailing.chain(trailer=lambda before: trailing.signed_trailer(trailing.sign_trailer(before[-2]))), "STR-TRAILER", "order")
    add("the trailer has no signature", trailing.chain(trailer=lambda before: f"{checksum}\r\n\r\n"), "STR-TRAILER", "unsigned", proof="exact")
    add("the trailer is missing", trailing.chain(trailer=lambda before: "\r\n"), "STR-TRAILER", "missing", proof="exact")
    add("the trailer is signed like a chunk", trailing.chain(trailer=lambda before: trailing.signed_trailer(trailing.sign(f"{checksum}\n", before[-1]))), "STR-TRAILER", "as-chunk")

    for what, payload, line in (("trailer", WHOLE, TRAILER), ("whole", TRAILER, WHOLE), ("unsigned", WHOLE, "UNSIGNED-PAYLOAD"), ("hash", WHOLE, hashlib.sha256(b"meow").hexdigest())):
        trailer = CRC if payload == TRAILER else None
        seeded = Stream(workshop, payload=payload, line=line, trailer=trailer)
        # The hash of the data is known to nobody who has not read it.
        add(f"{line[:40]} is signed and {payload} is sent", seeded.chain(), "STR-SEED", what, proof="infer" if what == "hash" else "hmac")

    short = Stream(workshop, [EIGHT, "meow"], decoded=9000)
    add("more bytes are announced than the chunks hold", short.chain(), "STR-LENGTH", "announced")
    whole = stream.chain()
    half = whole.copy()
    half.body = half.body[:5000]
    add("the upload ends in the middle", half, "STR-LENGTH", "cut-off", ends_early=True, culprit="")
    missing = Stream(workshop)
    raw = missing.chain().drop("x-amz-decoded-content-length")
    add("a proxy takes the announced length away", raw, "HDR-MISSING", "decoded-length", culprit="proxy")
    raw = presigned(workshop, "aws-sigv4", method="PUT", headers=[["x-amz-content-sha256", WHOLE]])
    raw.add("x-amz-content-sha256", WHOLE)
    raw.body = stream.chain().body
    add("a link for a stream", raw.set("Content-Length", str(len(raw.body))), "STR-MODE", "link")
    raw = presigned(workshop, "aws-sigv4", method="PUT", headers=[["x-amz-checksum-crc32", "AAAAAA=="]])
    raw.add("x-amz-checksum-crc32", "AAAAAA==")
    raw.body = b"meow"
    add("the link was signed with the checksum of nothing, and something is uploaded", raw.set("Content-Length", "4"), "PAY-CRC-EMPTY", "header")
    raw = Stream(workshop, payload="STREAMING-AWS4-HMAC-SHA512-PAYLOAD").chain()
    add("the kind of stream is none that there is", raw, "STR-MODE", "word")
    add("a proxy takes Content-Encoding away", stream.chain().drop("content-encoding"), "PAY-CE", "removed", also=["HDR-MISSING"])
    add("a proxy appends to Content-Encoding", stream.chain().set("content-encoding", "aws-chunked,gzip"), "PAY-CE", "appended")

    framed = f"4;chunk-signature={'0' * 64}\r\nmeow\r\n0;chunk-signature={'0' * 64}\r\n\r\n"
    raw = workshop.signed("aws-sigv4", method="PUT", url=URL, body="meow")
    raw.body = framed.encode()
    add("the body is framed, and nothing says so", raw.set("Content-Length", str(len(framed))), "PAY-CHUNKED-RAW", "hash", broken="body", culprit="")
    raw = workshop.signed("botocore", method="PUT", url=URL, body="meow")
    raw.body = b"4\r\nmeow\r\n0\r\nx-amz-checksum-crc32:j9SmSg==\r\n\r\n"
    book.add("botocore", "the body is framed without signatures, and nothing says so", raw.set("Content-Length", str(len(raw.body))), single("PAY-CHUNKED-RAW", culprit=""))
    sdk(book, clients)


def crc32(text):
    return base64.b64encode(zlib.crc32(text.encode()).to_bytes(4)).decode()


def sdk(book, clients):
    """What the SDKs do with checksums by themselves since 2025, and what proxies do to that."""
    raw = clients.base("js-v3", "stream")
    assert raw.get("x-amz-content-sha256") == UNSIGNED, raw.head()
    for cause, what, words, header, culprit in (
        ("PAY-CE", "removed", "a proxy takes Content-Encoding away", "content-encoding", "proxy"), ("PAY-SDK2025", "trailer", "a proxy takes x-amz-trailer away", "x-amz-trailer", "proxy"),
        ("HDR-MISSING", "decoded-length", "a proxy takes the announced length away", "x-amz-decoded-content-length", "proxy"),
    ):
        changed = raw.copy().drop(header)
        for name, value in (("X-Forwarded-For", "203.0.113.9"), ("Via", "1.1 edge")):
            changed.set(name, value)
        also = ["HDR-MISSING"] if cause != "HDR-MISSING" else []
        book.add("js-v3", words, changed, single(cause, also=also, culprit=culprit), what)
    changed = raw.copy()
    changed.body = changed.body.replace(b"meow", b"MEOW")
    book.add("js-v3", "the data is changed on the way, and its checksum is not", changed, single("PAY-MISMATCH", also=["PAY-SDK2025"], culprit=""), "trailer")
    code = 'await put({ Body: Readable.from([Buffer.from("meow")]), ContentLength: 6 });'
    sent = clients.workshop.client("js-v3", code, endpoint=f"http://{PUBLIC}")
    book.add("js-v3", "the file is shorter than it was when it was measured", sent, single("STR-LENGTH"), "shorter")
    for name, package in (("js-v3", "upload({ unhoistableHeaders: new Set(['x-amz-checksum-crc32']) })"),):
        at = clients.workshop.printed(name, f"console.log(await {package});", endpoint=f"http://{PUBLIC}")
        put = link(at, "PUT", b"meow", **{"x-amz-checksum-crc32": "AAAAAA=="})
        book.add(name, "the link holds the checksum of nothing, and something is uploaded", put, single("PAY-CRC-EMPTY"), "header")
    wrong = {
        "boto3": ('s3.put_object(Bucket="photos", Key="cat.jpg", Body=b"meow", ContentMD5="4a4be40c96ac6314e91d93f38043a634")', "the MD5 is written in hex"),
        "js-v2": ('await s3.putObject({ Bucket: "photos", Key: "cat.jpg", Body: "meow", ContentMD5: "4a4be40c96ac6314e91d93f38043a634" }).promise();', "the MD5 is written in hex"),
    }
    for name, (code, words) in wrong.items():
        book.add(name, words, clients.workshop.client(name, code, endpoint=f"http://{PUBLIC}"), single("HDR-MD5"), "hex")
    code = 's3.put_object(Bucket="photos", Key="cat.jpg", Body=b"meow", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")'
    book.add("boto3", "the MD5 is that of nothing", clients.workshop.client("boto3", code, endpoint=f"http://{PUBLIC}"), single("HDR-MD5", also=["PAY-MISMATCH"]), "nothing")
    names = {
        "js-v3": [("HDR-NONASCII", "metadata", "metadata with an accent", 'await put({ Body: Buffer.from("meow"), Metadata: { name: "café" } });'),
                  ("HDR-COPYSRC", "accent", "the source of a copy has an accent", 'await s3.send(new S3.CopyObjectCommand({ ...cat, CopySource: "photos/a café.jpg" }));')],
        "js-v2": [("HDR-COPYSRC", "accent", "the source of a copy has an accent", 'await s3.copyObject({ Bucket: "photos", Key: "cat.jpg", CopySource: "photos/a café.jpg" }).promise();')],
        "minio-js": [("HDR-NONASCII", "metadata", "metadata with an accent", 'await client.putObject("photos", "cat.jpg", "meow", 4, { name: "café" });')],
    }
    for name, cases in names.items():
        for cause, what, words, code in cases:
            book.add(name, words, clients.workshop.client(name, code, endpoint=f"http://{PUBLIC}"), single(cause), what)
