"""Signs what it is told with botocore's signer, one line of JSON after the other.

A job may say how this signer departs from the rules, as signers of people's own do: other texts in the canonical request or the string to
sign, another key. Everything else is botocore's.
"""

import base64
import datetime
import hashlib
import hmac
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def hexed(digest):
    return digest.hex().encode()


# How signers of people's own make the signing key of the right secret: the order of the steps, which of two texts is the key, what of a step goes
# into the next.
CHAINS = {
    "": ("date", "region", "service", "end"),
    "region-first": ("region", "date", "service", "end"),
    "not-terminated": ("date", "region", "service"),
    "exchanged": ("date", "region", "service", "end"),
    "hex": ("date", "region", "service", "end"),
}
# How they write the string to sign: from that of botocore and the canonical request.
WRITTEN = {
    "": lambda lines, canonical: "\n".join(lines),
    "capitals": lambda lines, canonical: "\n".join([*lines[:3], lines[3].upper()]),
    "base64": lambda lines, canonical: "\n".join([*lines[:3], base64.b64encode(bytes.fromhex(lines[3])).decode()]),
    "not-hashed": lambda lines, canonical: "\n".join([*lines[:3], canonical]),
    "line-at-end": lambda lines, canonical: "\n".join(lines) + "\n",
    "windows": lambda lines, canonical: "\r\n".join(lines),
    "day": lambda lines, canonical: "\n".join([lines[0], lines[1][:8], *lines[2:]]),
    "no-algorithm": lambda lines, canonical: "\n".join(lines[1:]),
}


class Departing:
    """What one step of a signer does otherwise. `job` is set on the object."""

    def canonical_request(self, request):
        text = super().canonical_request(request)
        for old, new in self.job.get("canonical", []):
            assert old in text, f"{old!r} is not in {text!r}"
            text = text.replace(old, new)
        self.made = text = text + self.job.get("behind_canonical", "")
        return text

    def string_to_sign(self, request, canonical_request):
        text = super().string_to_sign(request, canonical_request)
        for old, new in self.job.get("to_sign", []):
            assert old in text, f"{old!r} is not in {text!r}"
            text = text.replace(old, new)
        if self.job.get("written") == "credential":
            first, moment, scope, digest = text.split("\n")
            return "\n".join([first, moment, f"{self.credentials.access_key}/{scope}", digest])
        return WRITTEN[self.job.get("written", "")](text.split("\n"), canonical_request)

    def signature(self, string_to_sign, request):
        key = self.job.get("derive", {})
        if not key:
            return super().signature(string_to_sign, request)
        seed = key.get("prefix", "AWS4").encode() + key.get("secret", self.credentials.secret_key).encode()
        texts = {"date": key.get("date", request.context["timestamp"][:8]), "region": key.get("region", self._region_name), "service": key.get("service", self._service_name), "end": "aws4_request"}
        chain = key.get("chain", "")
        for step in CHAINS[chain]:
            pair = (texts[step].encode(), seed) if chain == "exchanged" else (seed, texts[step].encode())
            seed = hmac.new(*pair, hashlib.sha256).digest()
            seed = hexed(seed) if chain == "hex" else seed
        return hmac.new(seed, string_to_sign.encode(), hashlib.sha256).hexdigest()

    def credential_scope(self, request):
        return self.job.get("scope", super().credential_scope(request))


class Headers(Departing, botocore.auth.S3SigV4Auth):
    def payload(self, request):
        return self.job.get("payload") or super().payload(request)


class Query(Departing, botocore.auth.S3SigV4QueryAuth):
    def payload(self, request):
        return self.job.get("payload") or super().payload(request)


class Post(Departing, botocore.auth.S3SigV4PostAuth):
    pass


class Older(botocore.auth.HmacV1Auth):
    pass


def sign(job):
    moment = datetime.datetime.fromtimestamp(job["time"], datetime.timezone.utc).replace(tzinfo=None)
    botocore.auth.get_current_datetime = lambda **_: moment
    botocore.auth.SIGNED_HEADERS_BLACKLIST[:] = job.get("left_out", ["user-agent", "expect", "transfer-encoding"])
    credentials = Credentials(job["key"], job["secret"], job.get("token"))
    request = AWSRequest(method=job["method"], url=job["url"], headers=dict(job.get("headers", [])), data=job.get("body", "").encode("latin-1"))
    kind = job.get("kind", "header")
    if kind == "post":
        signer = Post(credentials, job["service"], job["region"])
        request.context["s3-presign-post-policy"] = job["policy"]
        request.context["s3-presign-post-fields"] = dict(job.get("fields", {}))
    elif kind == "link":
        signer = Query(credentials, job["service"], job["region"], expires=job.get("expires", 300))
    elif kind == "older":
        signer = Older(credentials)
    else:
        signer = Headers(credentials, job["service"], job["region"])
    signer.job = job
    signer.add_auth(request)
    if kind == "post":
        return {"fields": request.context["s3-presign-post-fields"]}
    return {"url": request.url, "headers": [[name, value] for name, value in request.headers.items()], "canonical": getattr(signer, "made", "")}


for line in sys.stdin:
    print(json.dumps(sign(json.loads(line))), flush=True)
