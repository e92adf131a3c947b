"""Session tokens that have ended, and such as are not where, or not as, they were signed.

The tokens are those that the servers of `servers.json` give out: a test of the server writes them into `tokens.json`.
"""

import json

from faults.scope import presigned
from truth import HERE, double, single
from workers import link

WORKSHOP = ("botocore", "smithy", "aws-sigv4")
TOKENS = json.loads((HERE / "tokens.json").read_text())


def make(book, clients):
    workshop, token = clients.workshop, "IQoJb3JpZ2luX2VjEA+/ab=="
    key = {"key": "ASIACORPUS3333333333", "secret": "k2Jh4Gf6Ds8Qa1Wz3Xe5Cr7Vt9By0NuMiOpLkJhG"}
    over = {"key": "ASIACORPUS2222222222", "secret": "Ty6Gh9Bn3Mk7Lp2Qw5Er8Ui4Oz1XcVbNaSdFgHjK"}
    given, ended = TOKENS[key["key"]], TOKENS[over["key"]]
    for signer in WORKSHOP:
        raw = workshop.signed(signer, token=ended, **over)
        book.add(signer, "the session has ended", raw, single("TOK-EXPIRED"), "header", server="sessions")
        raw = workshop.signed(signer, token=given, **key)
        raw.set("x-amz-security-token", token)
        book.add(signer, "the token is one of other keys", raw, single("TOK-INVALID", broken="headers"), "header", server="sessions")
    raw = presigned(workshop, "aws-sigv4", token=ended, **over)
    book.add("aws-sigv4", "the session of the link has ended", raw, single("TOK-EXPIRED"), "link", server="sessions")
    raw = presigned(workshop, "aws-sigv4", token=given, token_left_out=True, **key)
    book.add("aws-sigv4", "the token is put into the link after signing", raw, single("TOK-UNSIGNED", broken="query"), "link", server="sessions")
    raw = workshop.signed("botocore", **key)
    raw.add("X-Amz-Security-Token", given)
    book.add("botocore", "the token is added to the headers after signing", raw, single("TOK-UNSIGNED", also=["HDR-UNSIGNED"], proof="exact", broken=""), "header", server="sessions")
    raw = link(workshop.sign("botocore", kind="link", **key)["url"])
    raw.query = f"{raw.query}&X-Amz-Security-Token={given}"
    book.add("botocore", "the token is put into the link after signing", raw, single("TOK-UNSIGNED", broken="query"), "link", server="sessions")
    raw = workshop.signed("aws-sigv4", token=given, s3_express=True, **key)
    book.add("aws-sigv4", "the token is sent as that of a directory bucket", raw, single("TOK-S3EXPRESS", also=["TOK-MISSING"], proof="exact", broken=""), "sent", server="sessions")
    raw = workshop.signed("aws-sigv4", token=given, s3_express=True, **key)
    raw.headers = [("x-amz-security-token" if name == "x-amz-s3session-token" else name, value) for name, value in raw.headers]
    book.add("aws-sigv4", "the token is signed as that of a directory bucket and sent as the other", raw, single("TOK-S3EXPRESS"), "signed", server="sessions")
    # The tokens of this server hold no letter that is encoded. One of AWS does, and is none of this server's either.
    for what, words, change in (("bare", "the token in the link is not encoded", lambda text: text.replace("%2B", "+").replace("%2F", "/")), ("twice", "the token in the link is encoded twice", lambda text: text.replace("%2", "%252"))):
        for signer in ("botocore", "aws-sigv4"):
            raw = presigned(workshop, signer, token=token)
            front, mark, rest = raw.target.partition("X-Amz-Security-Token=")
            value, separator, rest = rest.partition("&")
            raw.target = front + mark + change(value) + separator + rest
            book.add(signer, words, raw, double("TOK-INVALID", "TOK-ENCODING"), what)
