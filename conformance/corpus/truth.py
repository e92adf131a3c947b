"""What is true of a row: what was done to a request, written down by whoever did it.

Nothing in this folder looks at what the diagnosis says, or at how it finds it. `PROOF`, `CULPRIT` and `BROKEN` are what the fault is made
of; what a single row differs in is said where the row is made. `SAME` are causes that are one change of the same bytes, so that no signature
tells them apart.
"""

import calendar
import dataclasses
import json
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

# id: how a server can know it, who does it, what is then not as it was signed.
CAUSES = {
    "SEC-WRONG": ("infer", "credentials", "secret"),
    **dict.fromkeys(
        ("SEC-NEWLINE", "SEC-SPACE", "SEC-ZSH-PERCENT", "SEC-QUOTES", "SEC-URLENC", "SEC-ESCAPE", "SEC-BASE64", "SEC-AKID", "SEC-SMTP",
         "SEC-DEFAULT", "SEC-OTHERKEY", "SEC-ROTATED"), ("hmac", "credentials", "secret")),
    "SEC-AWS4TWICE": ("hmac", "", "secret"),
    "TOK-MISSING": ("exact", "", ""),
    "TOK-UNSIGNED": ("hmac", "user", "query headers"),
    "TOK-ENCODING": ("hmac", "sdk", "query"),
    "TOK-EXPIRED": ("exact", "credentials", ""),
    "TOK-INVALID": ("exact", "credentials", ""),
    "TOK-S3EXPRESS": ("hmac", "sdk", "headers"),
    "CLK-SKEW": ("exact", "clock", ""),
    "CLK-TZ": ("infer", "clock", ""),
    "CLK-SCOPEDATE": ("exact", "sdk", ""),
    "CLK-CALENDAR": ("hmac", "sdk", "time"),
    "CLK-FORMAT": ("exact", "sdk", "time"),
    "CLK-DATEHDR": ("hmac", "sdk", "time"),
    "CLK-STALE": ("infer", "", ""),
    "PRE-EXPIRED": ("exact", "user", ""),
    "PRE-TOOLONG": ("exact", "user", ""),
    "PRE-FUTURE": ("exact", "clock", ""),
    "PRE-USED": ("exact", "user", ""),
    "SCP-REGION": ("exact", "user", ""),
    "SCP-REGION-EMPTY": ("exact", "user", ""),
    "SCP-REGION-KEY": ("hmac", "sdk", "scope"),
    "SCP-AUTO": ("exact", "user", ""),
    "SCP-SERVICE": ("exact", "user", ""),
    "SCP-TERMINAL": ("exact", "sdk", ""),
    "ALG-V2": ("exact", "sdk", "mechanism"),
    "ALG-V4A": ("exact", "sdk", "mechanism"),
    "KEY-CHAIN": ("hmac", "sdk", "scope"),
    "STS-FORMAT": ("hmac", "sdk", "mechanism"),
    "AUTH-NONE": ("exact", "user", "mechanism"),
    "ACC-OWNER": ("exact", "user", ""),
    "AUTH-TWO": ("exact", "sdk", "mechanism"),
    "AUTH-FORMAT": ("exact", "sdk", "mechanism"),
    "HST-PROXY": ("hmac", "proxy", "host"),
    "HST-REPLACED": ("hmac", "user", "host"),
    "HST-FORWARDPROXY": ("hmac", "user", "host"),
    "HST-H2": ("hmac", "proxy", "host"),
    "HST-PORT-DEFAULT": ("hmac", "sdk", "host"),
    "HST-PORT-MISSING": ("hmac", "proxy", "host"),
    "HST-SCHEME": ("hmac", "user", "host"),
    "HST-VHOST": ("hmac", "proxy", "host uri"),
    "HST-BUCKET-TWICE": ("hmac", "proxy", "uri"),
    "HST-PREFIX": ("hmac", "proxy", "uri"),
    "HST-PREFIX-SLASH": ("hmac", "proxy", "uri"),
    "HST-CASE": ("hmac", "sdk", "host"),
    "HDR-CT-CHANGED": ("hmac", "sdk", "headers"),
    "HDR-CT-CHARSET": ("hmac", "sdk", "headers"),
    "HDR-CT-BOUNDARY": ("hmac", "user", "headers"),
    "HDR-AE": ("hmac", "proxy", "headers"),
    "HDR-EXPECT": ("hmac", "proxy", "headers"),
    "HDR-UA": ("hmac", "proxy", "headers"),
    "HDR-HOP": ("hmac", "proxy", "headers"),
    "HDR-TRACE": ("infer", "proxy", "headers"),
    "HDR-CL": ("hmac", "sdk", "headers"),
    "HDR-MD5": ("exact", "sdk", ""),
    "HDR-MISSING": ("exact", "user", "headers"),
    "HDR-UNSIGNED": ("exact", "user", ""),
    "HDR-HOISTED": ("exact", "user", ""),
    "HDR-FOLD": ("hmac", "sdk", "headers"),
    "HDR-NONASCII": ("hmac", "sdk", "headers"),
    "HDR-COPYSRC": ("hmac", "sdk", "headers"),
    "HDR-DUP": ("hmac", "proxy", "headers"),
    "HDR-ORDER": ("hmac", "sdk", "headers"),
    "HDR-CASEMAP": ("exact", "sdk", "headers"),
    "HDR-GCS": ("hmac", "", "headers"),
    "HDR-SHA-MISSING": ("exact", "sdk", ""),
    "HDR-RANGE": ("hmac", "proxy", "headers"),
    "URI-DOUBLE": ("hmac", "sdk", "uri"),
    "URI-RAW": ("hmac", "sdk", "uri"),
    "URI-MIXED": ("hmac", "sdk", "uri"),
    "URI-PLUS": ("hmac", "sdk", "uri"),
    "URI-SLASH": ("hmac", "sdk", "uri"),
    "URI-LOWERHEX": ("hmac", "sdk", "uri"),
    "URI-TILDE": ("hmac", "sdk", "uri"),
    "URI-MERGE": ("hmac", "proxy", "uri"),
    "URI-DOTS": ("hmac", "sdk", "uri"),
    "URI-TRAILSLASH": ("hmac", "proxy", "uri"),
    "URI-EMPTY": ("hmac", "sdk", "uri"),
    "URI-NFC": ("hmac", "sdk", "uri"),
    "URI-CHARSET": ("hmac", "sdk", "uri"),
    "URI-KEYCHANGED": ("infer", "user", "uri"),
    "URI-CASE": ("infer", "proxy", "uri"),
    "QRY-SORT": ("hmac", "sdk", "query"),
    "QRY-NOEQ": ("hmac", "sdk", "query"),
    "QRY-ENC": ("hmac", "sdk", "query"),
    "QRY-EXTRA": ("hmac", "user", "query"),
    "QRY-DROPPED": ("hmac", "proxy", "query"),
    "QRY-SECOND-QMARK": ("exact", "user", "query"),
    "QRY-AMP": ("exact", "user", "query"),
    "QRY-CRED-DOUBLE": ("exact", "sdk", "query"),
    "QRY-TRUNCATED": ("exact", "user", "query"),
    "QRY-CASE": ("hmac", "proxy", "query"),
    "QRY-TAMPER": ("hmac", "user", "query"),
    "MTH-HEAD": ("hmac", "sdk", "method"),
    "MTH-OTHER": ("hmac", "user", "method"),
    "MTH-OPTIONS": ("hmac", "sdk", "method"),
    "MTH-PROXY": ("hmac", "proxy", "method"),
    "MTH-CASE": ("hmac", "sdk", "method"),
    "PAY-MISMATCH": ("exact", "sdk", "body"),
    "PAY-EMPTYHASH": ("exact", "sdk", "body"),
    "PAY-UNSIGNED": ("hmac", "sdk", "payload"),
    "PAY-CHUNKED-RAW": ("exact", "proxy", "body"),
    "PAY-CE": ("hmac", "proxy", "headers"),
    "PAY-SDK2025": ("exact", "proxy", "headers"),
    "PAY-CRC-EMPTY": ("exact", "sdk", "body"),
    "STR-CHUNK": ("hmac", "sdk", "stream"),
    "STR-SEED": ("hmac", "sdk", "payload"),
    "STR-TRAILER": ("hmac", "sdk", "stream"),
    "STR-LENGTH": ("exact", "sdk", "body"),
    "STR-MODE": ("exact", "sdk", "payload"),
    "POL-ORDER": ("exact", "user", "policy"),
    "POL-MISSING": ("exact", "user", "policy"),
    "POL-B64": ("hmac", "user", "policy"),
    "POL-SCOPE": ("hmac", "sdk", "scope"),
    "POL-V2": ("exact", "sdk", "mechanism"),
    "POL-COND": ("exact", "user", ""),
    "POL-CT": ("exact", "user", ""),
    **dict.fromkeys(("POL-TWICE", "POL-FORM", "POL-SIZE"), ("exact", "user", "")),
    **dict.fromkeys(("CORS-NONE", "CORS-ORIGIN", "CORS-METHOD", "CORS-HEADER"), ("exact", "", "")),
}

# Causes that change the same bytes: a signature cannot tell them apart, only traces can.
SAME = [
    {"HST-PROXY", "HST-REPLACED", "HST-FORWARDPROXY", "HST-H2"},
    {"HST-PORT-MISSING", "HST-PROXY", "HST-REPLACED"},
    {"MTH-HEAD", "MTH-OTHER"},
    {"URI-DOUBLE", "URI-MIXED"},
]


@dataclasses.dataclass
class Row:
    """One line of the corpus."""

    signer: str
    name: str
    fault: str
    raw: object
    truth: dict
    server: str = "plain"
    late: int = 1
    time: int | None = None
    more: dict = dataclasses.field(default_factory=dict)

    def line(self, version):
        signed = self.time if self.time is not None else arrived(self.raw.date()) + self.late
        out = {"name": self.name, "signer": version, "fault": self.fault, "time": signed, "server": self.server, "head": self.raw.head()}
        if self.raw.body:
            out["body"] = framed(self.raw)
        return json.dumps(out | self.more | {"truth": self.truth}, ensure_ascii=True)


def arrived(date):
    """Seconds since 1970 of `YYYYMMDDTHHMMSSZ`."""
    return calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))


def framed(raw):
    """The body as it goes over a connection."""
    body = raw.body
    if (raw.get("transfer-encoding") or "").lower() == "chunked":
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    return body.decode("latin-1")


def group(cause, also=()):
    """A cause and what changes the same bytes."""
    same = sorted(set().union(*[each for each in SAME if cause in each], also) - {cause})
    return [cause, *same]


def single(cause, also=(), proof=None, culprit=None, broken=None):
    default = CAUSES[cause]
    return {
        "kind": "single",
        "causes": [group(cause, also)],
        "proof": proof or default[0],
        "culprit": default[1] if culprit is None else culprit,
        "broken": (default[2] if broken is None else broken).split(),
    }


def double(*causes, also=()):
    """Two faults, each written as its id; what is broken is the sum of both."""
    broken = dict.fromkeys(part for cause in causes for part in CAUSES[cause][2].split())
    return {"kind": "double", "causes": [group(cause, also) for cause in causes], "proof": "hmac", "culprit": "", "broken": list(broken)}


def negative(broken):
    return {"kind": "negative", "causes": [], "proof": "none", "culprit": "", "broken": broken.split()}


def right():
    return {"kind": "right", "causes": [], "proof": "none", "culprit": "", "broken": []}


class Book:
    """The rows of one file of the corpus."""

    def __init__(self):
        self.rows = {}

    def add(self, signer, fault, raw, truth, what="", **more):
        causes = "+".join(each[0] for each in truth["causes"]) or truth["kind"]
        name = "/".join(part for part in (signer, causes, what) if part)
        places = {place: more.pop(place) for place in ("server", "late", "time") if place in more}
        lines = self.rows.setdefault(signer, {})
        assert name not in lines, f"{name} is there already"
        lines[name] = Row(signer, name, fault, raw, truth, more=more, **places)

    def write(self, versions, folder=HERE / "rows"):
        folder.mkdir(exist_ok=True)
        for signer, lines in self.rows.items():
            text = "".join(row.line(versions(signer)) + "\n" for row in lines.values())
            (folder / f"{signer}.jsonl").write_text(text)
