"""What goes wrong in a capture: how the client is set up, and what happens on the way. Each fault is one cause, or several that give the
same bytes.

Not here: which tool it happens to (`cases.py`). `way` says how the cause can be told of a text that shows both sides' texts:

    code      the server's own words say it
    compared  the two texts, without any secret
    mangled   the texts are equal; the clean secret proves how the client's was mangled
    secret    the texts are equal, and that is all
    elsewhere the client's text and signature show that it has another secret than the one that is right
    proven    the request, or the server's text, and the right secret
    sent      the request is signed rightly as it was sent, so that the fault lies behind it
    self      the text shows the fault by itself; likely: it shows what is most likely
    granted   the signature was right, or is not what the refusal is about
    nothing   the text shows too little
"""

import dataclasses
import email.utils
import hashlib
import html
import re
import urllib.parse
from collections.abc import Callable

from front import Message

KEY, SECRET = "AKIDEXAMPLE000000001", "wJalr/XUtnFEMI+K7MDENG/bPxRfiCY+SECRETKEY"
OTHER_SECRET = "kQ3vT9+anotherSecretThatNobodyHas/0123456"
HOUR = 3600


@dataclasses.dataclass
class Fault:
    causes: list
    way: str
    about: str
    client: dict = dataclasses.field(default_factory=dict)
    change: Callable | None = None
    # Seconds that the server's clock is ahead.
    clock: int = 0
    # Whose key it is: "root", "session" without its token, "old session", "mixed" token, or "guest" who may nothing.
    who: str = "root"


def host(value):
    return lambda request: request.set("host", value)


def port_dropped(request):
    request.set("host", request.get("host").partition(":")[0])


def header(name, change):
    def apply(request):
        if request.get(name) is not None:
            request.set(name, change(request.get(name)) if change else None)

    return apply


def target(*pair):
    def apply(request):
        request.target = request.target.replace(*pair)

    return apply


def body(request):
    request.body = request.body.replace(b"meow", b"woof")


def one_more(parameter):
    def apply(request):
        request.target += ("&" if "?" in request.target else "?") + parameter

    return apply


def redirect(status, code, message, endpoint):
    """As AWS answers at the wrong endpoint; the region in a header."""

    def apply(request):
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message><Endpoint>{endpoint}</Endpoint><Bucket>photos</Bucket>'
            "<RequestId>9Z0D5JKFDSZ8DRGK</RequestId><HostId>kAkwxdKqWfzmKNJ4DVYl1XWlQDNWBnBVuv0kWFmxSLpVSN8gl6zcNWSnD1i9bGKxDBWl7bGkEKk=</HostId></Error>"
        )
        told = [("x-amz-bucket-region", "eu-central-1"), ("x-amz-request-id", "9Z0D5JKFDSZ8DRGK"), ("Content-Type", "application/xml"), ("Date", email.utils.formatdate(usegmt=True)), ("Server", "AmazonS3")]
        if status.startswith("307"):
            told.append(("Location", f"http://{endpoint}{request.target}"))
        return Message(f"HTTP/1.1 {status}", told, b"" if request.method == "HEAD" else text.encode())

    return apply


def other_checksum(_request):
    """As servers answer that look at a checksum in a link, which AWS does not."""
    text = "<Error><Code>BadDigest</Code><Message>The CRC32 you specified did not match the calculated checksum.</Message><RequestId>7f2d0c1e</RequestId></Error>"
    return Message("HTTP/1.1 400 Bad Request", [("Content-Type", "application/xml"), ("Server", "TwistedWeb/24.3.0")], text.encode())


def computed(path=lambda path: path, leaves_out="-"):
    """As a server that makes its canonical request otherwise than the rules say, of a request that is signed rightly: with another path,
    or without some of the signed headers."""

    def apply(request):
        claim = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^, ]+)", request.get("authorization")))
        place, _, query = request.target.partition("?")
        names = [name for name in claim["SignedHeaders"].split(";") if not name.startswith(leaves_out)]
        lines = [request.method, path(place), query, *(f"{name}:{request.get(name)}" for name in names), "", ";".join(names), request.get("x-amz-content-sha256")]
        canonical = "\n".join(lines)
        scope = claim["Credential"].partition("/")[2]
        string = f"AWS4-HMAC-SHA256\n{request.get('x-amz-date')}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided. '
            f"Check your key and signing method.</Message><AWSAccessKeyId>{claim['Credential'].split('/')[0]}</AWSAccessKeyId><StringToSign>{string}</StringToSign>"
            f"<SignatureProvided>{claim['Signature']}</SignatureProvided><CanonicalRequest>{html.escape(canonical)}</CanonicalRequest><RequestId>51a9cd</RequestId></Error>"
        )
        return Message("HTTP/1.1 403 Forbidden", [("Content-Type", "application/xml")], text.encode())

    return apply


PERMANENT = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."
TEMPORARY = "Please re-send this request to the specified temporary endpoint. Continue to use the original request endpoint for future requests."

FAULTS = {
    "sec-wrong": Fault(["SEC-WRONG"], "secret", "another secret", {"secret": OTHER_SECRET}),
    "sec-newline": Fault(["SEC-NEWLINE"], "mangled", "a line break behind the secret", {"secret": SECRET + "\n"}),
    "sec-space": Fault(["SEC-SPACE"], "mangled", "a blank behind the secret", {"secret": SECRET + " "}),
    "sec-quotes": Fault(["SEC-QUOTES"], "mangled", "quotes around the secret", {"secret": f'"{SECRET}"'}),
    "sec-urlenc": Fault(["SEC-URLENC"], "mangled", "the secret URL-encoded", {"secret": SECRET.replace("/", "%2F").replace("+", "%2B")}),
    "sec-zsh-percent": Fault(["SEC-ZSH-PERCENT"], "mangled", "the prompt's percent sign behind the secret", {"secret": SECRET + "%"}),
    "sec-default": Fault(["SEC-DEFAULT"], "mangled", "the secret was never set", {"secret": "minioadmin"}),
    "sec-akid": Fault(["SEC-AKID"], "mangled", "the access key id for the secret", {"secret": KEY}),
    "scp-region": Fault(["SCP-REGION"], "code", "the client's region is eu-central-1, the server's us-east-1", {"region": "eu-central-1"}),
    "clk-skew": Fault(["CLK-SKEW"], "code", "the client's clock is 2 h 17 min behind", clock=2 * HOUR + 17 * 60),
    "clk-tz": Fault(["CLK-TZ"], "code", "the client's clock is 2 h behind to the second", clock=2 * HOUR),
    "hst-proxy": Fault(["HST-PROXY", "HST-REPLACED"], "compared", "a proxy puts its upstream's name into Host", change=host("storage:9000")),
    "hst-port-missing": Fault(["HST-PORT-MISSING"], "compared", "a proxy drops the port from Host", change=port_dropped),
    "hst-prefix": Fault(["HST-PREFIX"], "compared", "a proxy strips the prefix /s3", {"base": "/s3"}, change=target("/s3/", "/", 1)),
    "uri-merge": Fault(["URI-MERGE"], "compared", "a proxy merges slashes", {"object": "cats//tom.jpg"}, change=target("cats//tom", "cats/tom")),
    "uri-trailslash": Fault(["URI-TRAILSLASH"], "compared", "a proxy cuts the last slash", {"object": "cats/"}, change=target("cats/", "cats")),
    "uri-lower": Fault(["URI-CASE"], "compared", "a proxy lower-cases the path", {"object": "Cats/Tom.JPG"}, change=target("Cats/Tom.JPG", "cats/tom.jpg")),
    "hdr-ct-changed": Fault(["HDR-CT-CHANGED"], "compared", "a proxy sends another Content-Type", change=header("content-type", lambda _: "application/octet-stream")),
    "hdr-ct-charset": Fault(["HDR-CT-CHARSET"], "compared", "a proxy adds a charset to Content-Type", change=header("content-type", lambda value: f"{value};charset=UTF-8")),
    "hdr-missing": Fault(["HDR-MISSING"], "compared", "a proxy drops x-amz-meta-taken", change=header("x-amz-meta-taken", None)),
    "hdr-ae": Fault(["HDR-AE"], "compared", "a proxy sends another Accept-Encoding", change=header("accept-encoding", lambda _: "gzip, br")),
    "hdr-ua": Fault(["HDR-UA"], "compared", "a proxy appends to User-Agent", change=header("user-agent", lambda value: f"{value} via-proxy/1.0")),
    "qry-extra": Fault(["QRY-EXTRA"], "compared", "a parameter is added on the way", {"operation": "list"}, change=one_more("utm_source=mail")),
    "qry-dropped": Fault(["QRY-DROPPED"], "compared", "list-type=2 is lost on the way", {"operation": "list"}, change=target("list-type=2&", "")),
    "mth-proxy": Fault(["MTH-PROXY", "MTH-HEAD", "MTH-OTHER"], "compared", "a proxy makes a HEAD of a GET", {"operation": "get"}, change=lambda request: setattr(request, "first", request.first.replace("GET", "POST"))),
    "pay-mismatch": Fault(["PAY-MISMATCH"], "code", "the body changes on the way", change=body),
    "tok-missing": Fault(["TOK-MISSING"], "code", "temporary credentials without their token", who="session"),
    "tok-expired": Fault(["TOK-EXPIRED"], "code", "temporary credentials that have ended", clock=880, who="old session"),
    "tok-invalid": Fault(["TOK-INVALID"], "code", "the token of other credentials", who="mixed"),
    "red-301": Fault(["RED-301"], "code", "the bucket is at another endpoint", change=redirect("301 Moved Permanently", "PermanentRedirect", PERMANENT, "photos.s3.eu-central-1.amazonaws.com")),
    "red-307": Fault(["RED-307"], "code", "a new bucket at the global endpoint", change=redirect("307 Temporary Redirect", "TemporaryRedirect", TEMPORARY, "photos.s3.eu-central-1.amazonaws.com")),
    "srv-canon": Fault(["SRV-CANON"], "compared", "the server decodes the path before it signs", {"object": "cats/tom (1).jpg"}, change=computed(path=urllib.parse.unquote)),
    "hdr-gcs": Fault(["HDR-GCS"], "compared", "the server leaves the SDK's own headers out, as Google's does", change=computed(leaves_out="amz-sdk-")),
    "denied": Fault([], "granted", "an access policy does not allow it", who="guest"),
}
