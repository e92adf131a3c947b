"""The log of the AWS SDK for Java, version 2, put together line by line: no registry that is reached here has the SDK.

The lines are those that the SDK's sources write at DEBUG (`software.amazon.awssdk.request`, the signer
`software.amazon.awssdk.http.auth.aws.internal.signer.DefaultV4RequestSigner`, the wire log of Apache's client below it) and `S3Exception`
prints. The request is real, signed by botocore and refused by the server; only the words around it are ours.
"""

import datetime
import hashlib
import http.client
import re
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

INVOCATION = "5f4b7c1e-6d3a-2a0f-9a87-2f0f0c0f8a11"


class Signer(botocore.auth.S3SigV4Auth):
    """Keeps what it signed."""

    def canonical_request(self, request):
        self.canonical = super().canonical_request(request)
        return self.canonical


def log(at, client, wire=True):
    path = f"/photos/{quote(client.object)}"
    headers = {
        "amz-sdk-invocation-id": INVOCATION, "amz-sdk-request": "attempt=1; max=4", "Content-Type": "image/jpeg", "x-amz-meta-taken": "2026",
        "x-amz-content-sha256": hashlib.sha256(b"meow").hexdigest(),
    }  # fmt: skip
    request = AWSRequest("PUT", f"{at.url}{path}", headers=headers, data=b"meow")
    signer = Signer(Credentials(client.key, client.secret, client.token), "s3", client.region)
    signer.add_auth(request)
    string = signer.string_to_sign(request, signer.canonical)
    connection = http.client.HTTPConnection(at.host, timeout=20)
    sent = [("Host", at.host), *((name, value) for name, value in request.headers.items()), ("User-Agent", "aws-sdk-java/2.42.34 md/io#sync md/http#Apache"), ("Content-Length", "4")]
    connection.putrequest("PUT", path, skip_host=True, skip_accept_encoding=True)
    for name, value in sent:
        connection.putheader(name, value)
    connection.endheaders(b"meow")
    answer = connection.getresponse()
    document = answer.read().decode()
    begun = datetime.datetime.now(datetime.timezone.utc)
    lines = []

    def say(logger, text):
        moment = begun + datetime.timedelta(milliseconds=3 * len(lines))
        lines.append(f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03} [main] DEBUG {logger} - {text}")

    signer_name = "software.amazon.awssdk.http.auth.aws.internal.signer.DefaultV4RequestSigner"
    names = ", ".join(sorted(("amz-sdk-invocation-id", "Content-Length", "Content-Type", "User-Agent", "x-amz-meta-taken")))
    host, _, port = at.host.partition(":")
    say("software.amazon.awssdk.request", f"Sending Request: DefaultSdkHttpFullRequest(httpMethod=PUT, protocol=http, host={host}, port={port}, encodedPath={path}, headers=[{names}], queryParameters=[])")
    say(signer_name, f"AWS4 Canonical Request: {signer.canonical}")
    say(signer_name, f"AWS4 Canonical Request Hash: {string.rpartition(chr(10))[2]}")
    say(signer_name, f"AWS4 String to sign: {string}")
    if wire:
        for line in [f"PUT {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent), ""]:
            say("org.apache.http.wire", f'http-outgoing-0 >> "{line}[\\r][\\n]"')
        say("org.apache.http.wire", 'http-outgoing-0 >> "meow"')
        for line in [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in answer.getheaders()), ""]:
            say("org.apache.http.wire", f'http-outgoing-0 << "{line}[\\r][\\n]"')
        for line in document.split("\n"):
            say("org.apache.http.wire", f'http-outgoing-0 << "{line}[\\n]"')
    say("software.amazon.awssdk.request", f"Received error response: {answer.status}, Request ID: {answer.getheader('x-amz-request-id')}, Extended Request ID: {answer.getheader('x-amz-id-2')}")
    message = re.search("<Message>(.*?)</Message>", document, re.DOTALL).group(1)
    lines.append(
        f"software.amazon.awssdk.services.s3.model.S3Exception: {message} (Service: S3, Status Code: {answer.status}, Request ID: {answer.getheader('x-amz-request-id')}, "
        f"Extended Request ID: {answer.getheader('x-amz-id-2')}) (SDK Attempt Count: 1)"
    )
    return "\n".join(lines)
