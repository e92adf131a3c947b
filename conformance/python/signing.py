"""Signature Version 4 in forty lines, for requests that no client would send.

Written from AWS's description and by nobody's library, so that the tests that attack the server can sign what they like.
Not for use by anything but tests: it signs exactly what it is given, right or wrong.
"""

import datetime
import hashlib
import hmac
import http.client
import json
import urllib.parse

from harness import ACCESS_KEY_ID, REGION, SECRET

EMPTY = hashlib.sha256(b"").hexdigest()


def stamp(offset_seconds=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_seconds)
    return moment.strftime("%Y%m%dT%H%M%SZ")


def encode(text, safe=""):
    return urllib.parse.quote(text, safe="-_.~" + safe)


def digest(secret, date, region, service, string_to_sign):
    value = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request", string_to_sign):
        value = hmac.new(value, part.encode(), hashlib.sha256).digest()
    return value.hex()


def canonical_query(query):
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(query.items()))


def sign(
    method, host, path, *, query=None, headers=None, payload=EMPTY, unsigned=(), at=None, service="s3", access_key_id=ACCESS_KEY_ID, secret=SECRET,
    region=REGION,
):  # fmt: skip
    """Headers for `method path?query`; `path` as it goes over the wire. `unsigned` names headers sent but not signed."""
    at = at or stamp()
    headers = {"host": host, "x-amz-date": at, "x-amz-content-sha256": payload, **(headers or {})}
    signed = sorted(name for name in headers if name not in unsigned)
    block = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in signed)
    canonical = "\n".join([method, path, canonical_query(query or {}), block, ";".join(signed), payload])
    scope = f"{at[:8]}/{region}/{service}/aws4_request"
    string_to_sign = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = digest(secret, at[:8], region, service, string_to_sign)
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={access_key_id}/{scope}, SignedHeaders={';'.join(signed)}, Signature={signature}"
    return headers


def presign(method, host, path, *, expires=300, at=None, headers=None, query=None):
    """The target (path and query) of a presigned link."""
    at, headers = at or stamp(), {"host": host, **(headers or {})}
    scope = f"{at[:8]}/{REGION}/s3/aws4_request"
    signed = ";".join(sorted(headers))
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{ACCESS_KEY_ID}/{scope}", "X-Amz-Date": at,
        "X-Amz-Expires": str(expires), "X-Amz-SignedHeaders": signed, **(query or {}),
    }  # fmt: skip
    block = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join([method, path, canonical_query(query), block, signed, "UNSIGNED-PAYLOAD"])
    string_to_sign = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return f"{path}?{canonical_query(query)}&X-Amz-Signature={digest(SECRET, at[:8], REGION, 's3', string_to_sign)}"


def request(server, method, path, *, query=None, body=b"", headers=None, **how):
    """One signed request over its own connection: `(status, headers, body)`."""
    payload = how.pop("payload", None) or hashlib.sha256(body).hexdigest()
    signed = sign(method, server.host, path, query=query, headers=headers, payload=payload, **how)
    return send(server.host, method, path + ("?" + canonical_query(query) if query else ""), signed, body)


def send(host, method, target, headers, body=b""):
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in ({"host": host} | headers).items():
            connection.putheader(name, value)
        if body or method in ("PUT", "POST"):
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def refusal(server, request_id):
    """The diagnosis on record, as the admin API tells root."""
    path = f"/api/v1/refusals/{request_id}"
    host = f"127.0.0.1:{server.admin_port}"
    status, _, body = send(host, "GET", path, sign("GET", host, path, service="countersign"))
    assert status == 200, body
    return json.loads(body)["diagnosis"]
