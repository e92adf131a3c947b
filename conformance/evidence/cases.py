"""The captures: a fault, a tool that shows it, and how the server worded its refusal.

Not here: running them (`make`). A case with a secret is one whose cause needs it: `proven` means that the request alone or the server's
text is there and the change is searched for; `sent` that the request was signed rightly as it was sent, so that the fault lies behind it;
`self` that the text shows the fault by itself.
"""

import dataclasses
import re
from collections.abc import Callable

import java_v2
import tools
from faults import FAULTS, Fault, host, other_checksum
from front import as_ceph, as_garage, as_google, without_texts


@dataclasses.dataclass
class Case:
    form: str
    name: str
    fault: Fault
    send: Callable
    tool: str
    speak: Callable | None = None
    server: str = "aws"
    # What is known beside the text.
    region: str | None = None
    # Whether the endpoint is told, as `--endpoint-url` tells it.
    endpoint: bool = False
    # Moves the moment at which the text is looked at.
    later: int = 0


CASES = []
WORDED = {"minio": without_texts, "ceph": as_ceph, "garage": as_garage, "google": as_google}


def add(form, fault, tool, send, *, way=None, causes=None, dialect="aws", suffix="", **more):
    """`fault` is a name in FAULTS, or a Fault; `way` and `causes` are other than the fault's where the text shows less or more."""
    name, fault = fault if isinstance(fault, tuple) else (fault, FAULTS[fault])
    fault = dataclasses.replace(fault, way=way or fault.way, causes=fault.causes if causes is None else causes)
    server = dialect if dialect in ("own", "rclone") else "aws"
    CASES.append(Case(form, name + suffix + ("" if dialect == "aws" else f"-{dialect}"), fault, send, tool, WORDED.get(dialect), server, **more))


def each(form, tool, send, faults, **more):
    for fault in faults.split():
        add(form, fault, tool, send, **more)


# Logs that hold what the client signed.
cli2 = lambda at, client: tools.aws_cli(at, client)  # noqa: E731
cli1 = lambda at, client: tools.aws_cli(at, client, major=1)  # noqa: E731
each("aws-cli", "aws-cli-2", cli2, "sec-wrong hst-proxy hdr-missing clk-skew tok-missing")
each("aws-cli", "aws-cli-1", cli1, "sec-quotes clk-skew uri-merge", suffix="-v1")
add("aws-cli", "sec-newline", "aws-cli-2", cli2, dialect="own")
# A client of another service: its path is encoded by the generic rule.
add("aws-cli", ("sec-wrong-sts", dataclasses.replace(FAULTS["sec-wrong"], client={"secret": FAULTS["sec-wrong"].client["secret"], "operation": "who"})), "aws-cli-2", cli2, way="elsewhere")

each("boto3", "boto3", tools.boto3, "sec-space hst-port-missing hdr-ct-changed qry-extra pay-mismatch clk-tz tok-expired red-301 denied")
add("boto3", "hst-proxy", "boto3", tools.boto3, dialect="minio", way="sent")
each("boto3", "boto3", tools.boto3, "uri-lower srv-canon")
add("boto3", ("two-requests", dataclasses.replace(FAULTS["uri-trailslash"], client={"object": "cats/", "operation": "two"})), "boto3", tools.boto3)

for major in (1, 2):
    go = lambda at, client, major=major: tools.go(at, client, major)  # noqa: E731
    each(f"go-v{major}", f"go-v{major}", go, "sec-newline hst-proxy scp-region hdr-ct-changed qry-extra")
add("go-v2", "uri-merge", "go-v2", lambda at, client: tools.go(at, client, 2))
add("go-v2", "hdr-gcs", "go-v2", lambda at, client: tools.go(at, client, 2))
add("go-v2", "hdr-ae", "go-v2", lambda at, client: tools.go(at, client, 2))
add("go-v2", "clk-skew", "go-v2", lambda at, client: tools.go(at, client, 2), dialect="minio")
add("go-v1", "tok-missing", "go-v1", lambda at, client: tools.go(at, client, 1))

each("java-v1", "java-v1", tools.java, "sec-quotes hst-proxy hdr-ua scp-region hdr-missing clk-skew hst-prefix")
add("java-v1", "hst-proxy", "java-v1", lambda at, client: tools.java(at, client, wire=False), way="nothing", suffix="-exception")
# The exception does not show that the key is a temporary one.
add("java-v1", "tok-missing", "java-v1", lambda at, client: tools.java(at, client, wire=False), way="granted", suffix="-exception")
add("java-v1", "denied", "java-v1", lambda at, client: tools.java(at, client, wire=False), suffix="-exception")
each("java-v2", "java-v2", java_v2.log, "sec-newline hst-proxy hdr-missing scp-region uri-merge")
add("java-v2", "hst-proxy", "java-v2", lambda at, client: java_v2.log(at, client, wire=False), way="nothing", suffix="-exception")
each("rust", "rust", tools.rust, "sec-default hst-port-missing hdr-missing scp-region uri-trailslash qry-dropped tok-invalid")
add("rust", "hst-proxy", "rust", lambda at, client: tools.rust(at, client, ansi=True), suffix="-ansi")

# Errors of the SDKs for JavaScript: what the server signed is in those of version 3.
for shows in ("error", "json"):
    show = lambda at, client, shows=shows: tools.js_v3(at, client, shows)  # noqa: E731
    each("js-v3", "js-v3", show, "sec-newline hst-proxy hdr-missing", way="proven", suffix=f"-{shows}", endpoint=True)
    each("js-v3", "js-v3", show, "scp-region clk-skew tok-missing pay-mismatch", suffix=f"-{shows}")
add("js-v3", "hdr-ct-charset", "js-v3", tools.js_v3, way="proven", dialect="own")
add("js-v3", "red-307", "js-v3", tools.js_v3)
middleware = lambda at, client: tools.js_v3(at, client, middleware=True)  # noqa: E731
each("js-middleware", "js-v3", middleware, "sec-quotes hst-proxy uri-merge", way="proven")
each("js-middleware", "js-v3", middleware, "sec-space sec-urlenc", way="proven", dialect="minio")
add("js-middleware", "hst-proxy", "js-v3", middleware, dialect="ceph", way="sent")
add("js-middleware", "qry-dropped", "js-v3", middleware, dialect="google", way="proven")
add("js-middleware", "srv-canon", "js-v3", middleware)
add("js-middleware", "denied", "js-v3", middleware)
each("js-v2", "js-v2", tools.js_v2, "scp-region tok-expired")
# Version 2 keeps no time of the server's.
add("js-v2", "clk-tz", "js-v2", tools.js_v2, causes=["CLK-SKEW", "CLK-TZ"])
add("js-v2", "sec-newline", "js-v2", lambda at, client: tools.js_v2(at, client, "request"), way="proven", suffix="-request")
add("js-v2", "sec-zsh-percent", "js-v2", lambda at, client: tools.js_v2(at, client, "request"), way="proven", suffix="-request", dialect="minio")
add("js-v2", "hst-proxy", "js-v2", lambda at, client: tools.js_v2(at, client, "body"), way="proven", suffix="-body", endpoint=True)
add("js-v2", "scp-region", "js-v2", lambda at, client: tools.js_v2(at, client, "logger"), suffix="-logger")
add("js-v2", "sec-wrong", "js-v2", lambda at, client: tools.js_v2(at, client, "json"), way="nothing", suffix="-json")

# Error documents alone.
answered = lambda send: lambda at, client: (send(at, client), at.answered)[1]  # noqa: E731
each("error-document", "boto3", answered(lambda at, client: tools.boto3(at, client, logs=False)), "hst-proxy hdr-ct-changed uri-merge sec-newline sec-default", way="proven", endpoint=True)
each("error-document", "boto3", answered(lambda at, client: tools.boto3(at, client, logs=False)), "clk-skew tok-expired pay-mismatch red-301")
add("error-document", "scp-region", "js-v3", answered(tools.js_v3))
add("error-document", "sec-akid", "js-v3", answered(tools.js_v3), way="proven", dialect="own")
add("error-document", "qry-dropped", "js-v3", answered(tools.js_v3), way="nothing", dialect="google")

# Links, as people paste them. What is wrong shows in the link, or with the secret.
told = lambda about, causes, way, **more: Fault(causes, way, about, **more)  # noqa: E731
cut = lambda link: link[: link.index("&X-Amz-SignedHeaders")]  # noqa: E731
add("link", ("pre-expired", told("looked at after its end", ["PRE-EXPIRED"], "self")), "aws-cli-2", tools.aws_presign, later=3600)
add("link", ("pre-future", told("made with a clock that is ahead", ["PRE-FUTURE"], "self")), "js-v3", tools.js_v3_link, later=-7200)
add("link", ("pre-toolong", told("a life of eight days", ["PRE-TOOLONG"], "self")), "boto3", lambda at, client: tools.boto3_link(at, client, expires=691200))
add("link", ("qry-amp", told("copied out of a page's source", ["QRY-AMP"], "self")), "js-v2", lambda at, client: tools.js_v2_link(at, client).replace("&", "&amp;"))
add("link", ("qry-truncated", told("cut at an ampersand", ["QRY-TRUNCATED"], "self")), "aws-cli-2", lambda at, client: cut(tools.aws_presign(at, client)))
add("link", ("qry-cred-double", told("encoded once more", ["QRY-CRED-DOUBLE"], "self")), "boto3", lambda at, client: tools.boto3_link(at, client).replace("%2F", "%252F"))
add("link", ("pay-crc-empty", told("an upload link with the checksum of an empty body", ["PAY-CRC-EMPTY"], "likely")), "js-v3", lambda at, client: tools.js_v3_link(at, client, "put"))
add("link", ("hst-replaced", told("the host in the link was replaced", ["HST-REPLACED", "HST-PROXY"], "proven")), "js-v3",
    lambda at, client: tools.js_v3_link(at, client).replace(at.host, "cdn.example.com"), endpoint=True)
add("link", ("qry-extra", told("a parameter was added to the link", ["QRY-EXTRA"], "proven")), "js-v2", lambda at, client: tools.js_v2_link(at, client) + "&utm_source=mail")
add("link", ("sec-newline", dataclasses.replace(FAULTS["sec-newline"], way="proven")), "aws-cli-2", tools.aws_presign)
add("link", ("qry-tamper", told("a longer life was written into the link", ["QRY-TAMPER"], "proven")), "js-v3", lambda at, client: tools.js_v3_link(at, client).replace("X-Amz-Expires=300", "X-Amz-Expires=3600"))

# Headers, as people paste them.
sent = lambda send: lambda at, client: (send(at, client), f"Authorization: {at.request.get('authorization')}")[1]  # noqa: E731
region = lambda name: Fault(["SCP-REGION"], "self", f"signed for {name}", {"region": name})  # noqa: E731
add("authorization", ("scp-region", region("eu-central-1")), "go-v1", sent(lambda at, client: tools.go(at, client, 1)), region="us-east-1")
add("authorization", ("scp-region-js", region("eu-west-1")), "js-v3", sent(tools.js_v3), region="us-east-1")
add("authorization", ("scp-auto", Fault(["SCP-AUTO", "SCP-REGION"], "self", "signed for auto", {"region": "auto"})), "js-v3", sent(tools.js_v3), region="us-east-1")
add("authorization", ("scp-service", told("signed for another service", ["SCP-SERVICE"], "self")), "curl",
    sent(lambda at, client: tools.signing_curl(at, client, "/photos/cat.jpg", service="execute-api")))
add("authorization", ("alg-v2", told("signature version 2", ["ALG-V2"], "self")), "boto3", sent(lambda at, client: tools.boto3(at, client, config={"signature_version": "s3"})))
add("authorization", ("auth-format", told("the list of headers is cut out", ["AUTH-FORMAT"], "self")), "js-v2", lambda at, client: re.sub(r" SignedHeaders=[^,]*,", "", sent(tools.js_v2)(at, client)))
add("authorization", ("tok-missing", dataclasses.replace(FAULTS["tok-missing"], way="nothing")), "go-v2", sent(lambda at, client: tools.go(at, client, 2)))

# What `curl -v` prints.
def opened(link, *arguments):
    """A link that is opened with curl."""
    return lambda at, client: tools.curl(link(at, client), *arguments)


def uploaded(*arguments):
    return ("-X", "PUT", "--data-binary", "meow", *arguments)


upload_link = lambda at, client: tools.boto3_link(at, client, "put_object", ContentType="image/jpeg")  # noqa: E731
plain_link = lambda at, client: tools.boto3_link(at, client, "put_object")  # noqa: E731
get_link = lambda at, client: tools.aws_presign(at, client)  # noqa: E731
signed = lambda target, *arguments, **more: lambda at, client: tools.signing_curl(at, client, target, *arguments, **more)  # noqa: E731
verbose = lambda name, about, causes, way, send, **more: add("curl-verbose", (name, told(about, causes, way)), "curl", send, **more)  # noqa: E731
verbose("hdr-ct-changed", "another Content-Type than the link was made for", ["HDR-CT-CHANGED"], "proven", opened(upload_link, *uploaded("-H", "Content-Type: image/png")))
verbose("hdr-ct-default", "the Content-Type that curl adds by itself", ["HDR-CT-CHANGED"], "proven", opened(upload_link, *uploaded()), dialect="minio")
verbose("hdr-unsigned", "a header that the link was not made for", ["HDR-UNSIGNED"], "code", opened(plain_link, *uploaded("-H", "x-amz-acl: public-read")))
verbose("mth-other", "a link for GET used for PUT", ["MTH-OTHER"], "proven", opened(get_link, *uploaded()))
verbose("mth-head", "a link for GET asked for its head", ["MTH-HEAD", "MTH-OTHER"], "proven", opened(get_link, "-I"))
verbose("auth-two", "a link and an Authorization header", ["AUTH-TWO"], "code", opened(get_link, "-H", "Authorization: Bearer eyJhbGciOiJub25lIn0.e30."))
verbose("uri-raw", "characters that this curl signs as they are", ["URI-RAW"], "proven", signed("/photos/a=b(1).txt"))
verbose("qry-sort", "a query that this curl does not sort", ["QRY-SORT"], "proven", signed("/photos?prefix=a&list-type=2"))
verbose("hdr-sha-missing", "no x-amz-content-sha256", ["HDR-SHA-MISSING"], "code", signed("/photos/cat.jpg", payload=None))
verbose("pay-emptyhash", "the hash of an empty body for a body", ["PAY-EMPTYHASH"], "code",
        signed("/photos/cat.jpg", *uploaded(), payload="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
verbose("scp-service", "signed for another service", ["SCP-SERVICE"], "code", signed("/photos/cat.jpg", service="es"))
verbose("hdr-md5", "the MD5 of another body", ["HDR-MD5"], "code", signed("/photos/cat.jpg", *uploaded("-H", "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==")))
add("curl-verbose", ("pay-crc-empty", told("an upload link with the checksum of an empty body", ["PAY-CRC-EMPTY"], "code", change=other_checksum)), "curl",
    opened(lambda at, client: tools.js_v3_link(at, client, "put"), *uploaded()))
add("curl-verbose", "red-307", "curl", opened(get_link, "-L", "--max-redirs", "0"))
add("curl-verbose", "sec-newline", "curl", opened(get_link), way="proven", dialect="minio")
add("curl-verbose", "hst-proxy", "curl", opened(get_link), way="sent", dialect="garage")
add("curl-verbose", "hst-proxy", "curl", opened(get_link), way="proven", dialect="own")
add("curl-verbose", ("pre-expired", told("opened after its end", ["PRE-EXPIRED"], "code", clock=3600)), "curl", opened(get_link))

# Commands of curl. Each is run as it is written; the text is the command alone.
def command(words):
    def send(at, client):
        line = words(at, client)
        at.refused_by(tools.shell(line))
        return line

    return send


typed = lambda name, about, causes, way, words, **more: add("curl-command", (name, told(about, causes, way)), "curl", command(words), **more)  # noqa: E731
typed("hdr-ct-changed", "another Content-Type than the link was made for", ["HDR-CT-CHANGED"], "proven",
      lambda at, client: f"curl -X PUT -H 'Content-Type: image/png' --data-binary @meow.txt '{upload_link(at, client)}'")
typed("hdr-ct-default", "the Content-Type that curl adds by itself", ["HDR-CT-CHANGED"], "proven", lambda at, client: f'curl -sS -XPUT -d meow "{upload_link(at, client)}"')
typed("mth-other", "a link for PUT opened with GET", ["MTH-OTHER"], "proven", lambda at, client: f"curl \\\n  --silent --show-error \\\n  '{plain_link(at, client)}'")
typed("mth-head", "a link for GET asked for its head", ["MTH-HEAD", "MTH-OTHER"], "proven", lambda at, client: f"$ curl -I '{get_link(at, client)}'".removeprefix("$ "))
typed("auth-two", "a link and an Authorization header", ["AUTH-TWO"], "self", lambda at, client: f"curl --location --request GET '{get_link(at, client)}' \\\n--header 'Authorization: Bearer eyJhbGciOiJub25lIn0.e30.'")
typed("hdr-unsigned", "a header that the link was not made for", ["HDR-UNSIGNED"], "self",
      lambda at, client: f"curl --upload-file meow.txt --header 'x-amz-acl: public-read' '{plain_link(at, client)}'")
typed("qry-truncated", "a link without quotes, which the shell cuts", ["QRY-TRUNCATED"], "self", lambda at, client: f"curl -sS {get_link(at, client)}")
typed("qry-extra", "a parameter was added to the link", ["QRY-EXTRA"], "proven", lambda at, client: f"curl '{get_link(at, client)}&download=1'")
typed("qry-amp", "copied out of a page's source", ["QRY-AMP"], "self", lambda at, client: "curl '%s'" % get_link(at, client).replace("&", "&amp;"))

# Archives of a browser.
def page(*steps):
    return lambda at, client: tools.browser(*({"url": url(at, client), "options": options} for url, options in steps))


archived = lambda name, about, causes, way, *steps, **more: add("har", (name, told(about, causes, way)), "chromium", page(*steps), **more)  # noqa: E731
put = lambda content_type, **headers: {"method": "PUT", "body": "meow", "headers": {"content-type": content_type, **headers}}  # noqa: E731
archived("hdr-ct-changed", "another Content-Type than the link was made for", ["HDR-CT-CHANGED"], "proven", (upload_link, put("image/png")))
archived("hdr-ct-charset", "the charset that fetch adds to a text", ["HDR-CT-CHARSET", "HDR-CT-CHANGED"], "proven",
         (lambda at, client: tools.boto3_link(at, client, "put_object", ContentType="text/plain"), {"method": "PUT", "body": "meow"}))
archived("hdr-unsigned", "a header that the link was not made for", ["HDR-UNSIGNED"], "code", (plain_link, put("image/jpeg", **{"x-amz-acl": "public-read"})))
archived("auth-two", "a link and an Authorization header", ["AUTH-TWO"], "code", (get_link, {"headers": {"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}}))
archived("mth-other", "a link for GET used for PUT", ["MTH-OTHER"], "proven", (get_link, {}), (get_link, put("image/jpeg")))
archived("qry-extra", "a parameter against caches", ["QRY-EXTRA"], "proven", (lambda at, client: get_link(at, client) + "&_=1795672800000", {}))
archived("cors-none", "a bucket without rules for pages", ["CORS-NONE", "CORS-ORIGIN"], "likely", (lambda at, client: get_link(at, client).replace("/photos/", "/closed/"), put("image/jpeg")))
add("har", ("hst-proxy", told("a proxy puts its upstream's name into Host", ["HST-PROXY", "HST-REPLACED"], "sent", change=host("storage:9000"))), "chromium", page((get_link, {})), dialect="minio")
add("har", ("pre-expired", told("opened after its end", ["PRE-EXPIRED"], "code", clock=3600)), "chromium", page((get_link, {})))

# Another server that verifies signatures and says nothing of what it compared with.
add("boto3", "sec-newline", "boto3", tools.boto3, dialect="rclone", way="proven")
add("aws-cli", "hst-proxy", "aws-cli-2", cli2, dialect="rclone", way="sent")
add("js-middleware", "sec-quotes", "js-v3", middleware, dialect="rclone", way="proven")
add("curl-verbose", "sec-newline", "curl", opened(get_link), dialect="rclone", way="proven")
add("error-document", "sec-wrong", "js-v3", answered(tools.js_v3), dialect="rclone", way="nothing")
