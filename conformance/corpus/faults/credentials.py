"""Faults of secrets and keys: each is set in a client as people set it, and the client signs."""

import base64
import hashlib
import hmac
import json
import urllib.parse

from truth import HERE, negative, single
from workers import KEY, SECRET, link

# cause, what, the words, the secret that the client has.
SPOILT = [
    ("SEC-NEWLINE", "line-feed", "the secret ends in a line feed", f"{SECRET}\n"),
    ("SEC-NEWLINE", "windows", "the secret ends as lines of Windows do", f"{SECRET}\r\n"),
    ("SEC-SPACE", "behind", "a blank behind the secret", f"{SECRET} "),
    ("SEC-SPACE", "before", "a blank before the secret", f" {SECRET}"),
    ("SEC-SPACE", "tab", "a tab behind the secret", f"{SECRET}\t"),
    ("SEC-SPACE", "no-break", "a no-break space behind the secret", f"{SECRET}\u00a0"),
    ("SEC-SPACE", "mark", "a byte order mark before the secret", f"\ufeff{SECRET}"),
    ("SEC-ZSH-PERCENT", "", "the % that zsh prints was copied", f"{SECRET}%"),
    ("SEC-QUOTES", "double", "double quotes around the secret", f'"{SECRET}"'),
    ("SEC-QUOTES", "single", "single quotes around the secret", f"'{SECRET}'"),
    ("SEC-QUOTES", "left", "a double quote before the secret", f'"{SECRET}'),
    ("SEC-URLENC", "all", "the secret was URL-encoded", urllib.parse.quote(SECRET, safe="")),
    ("SEC-URLENC", "slash", "the slash in the secret was URL-encoded", SECRET.replace("/", "%2F")),
    ("SEC-URLENC", "lower", "the secret was URL-encoded with small letters", SECRET.replace("/", "%2f").replace("+", "%2b")),
    ("SEC-ESCAPE", "slash", "the slash in the secret was escaped", SECRET.replace("/", "\\/")),
    ("SEC-BASE64", "", "the secret is the base64 text of a Kubernetes secret", base64.b64encode(SECRET.encode()).decode()),
    ("SEC-BASE64", "line", "base64 of the secret and a line feed", base64.b64encode(f"{SECRET}\n".encode()).decode()),
    ("SEC-AKID", "", "the access key id was given as the secret", KEY),
    ("SEC-DEFAULT", "minioadmin", "the secret was left at minioadmin", "minioadmin"),
    ("SEC-DEFAULT", "undefined", "an unset variable became `undefined`", "undefined"),
    ("SEC-DEFAULT", "none", "an unset variable became `None`", "None"),
    ("SEC-DEFAULT", "placeholder", "the placeholder of a guide stands in for the secret", "YOUR_SECRET_KEY"),
    ("SEC-AWS4TWICE", "", "the secret has the prefix of the key derivation already", f"AWS4{SECRET}"),
]
OTHER = "nobody/ever/gave/out/this+secret/0000000"
FOREIGN = [
    ("other", "a secret of another server", OTHER),
    ("first", "the first letter is another", "v" + SECRET[1:]),
    ("last", "the last letter is another", SECRET[:-1] + "Z"),
    ("short", "the last letter is missing", SECRET[:-1]),
    ("half", "only the first half was pasted", SECRET[: len(SECRET) // 2]),
    ("tail", "the first letter is missing", SECRET[1:]),
    ("capitals", "the secret is in capitals", SECRET.upper()),
    ("small", "the secret is in small letters", SECRET.lower()),
    ("turned", "the secret is back to front", SECRET[::-1]),
    ("stars", "the secret is what a masked field shows", "*" * 40),
    ("exchanged", "two letters are exchanged", SECRET[1] + SECRET[0] + SECRET[2:]),
    ("twice", "the secret was pasted twice", SECRET * 2),
]
# What each client can be asked, in turn, so that headers and links are both there.
IN_TURN = {
    "boto3": ["put", "link-get", "list", "head"],
    "js-v3": ["put", "link-put", "list", "get"],
    "js-v2": ["put", "link-get", "list"],
    "minio-js": ["put", "get", "link-put"],
    "minio-py": ["put", "head", "link-get"],
    "s3cmd": ["list"],
    "rclone": ["list"],
    "aws-cli": ["list"],
    "curl": ["get", "list", "put"],
}
# Starting one takes a second, and a third of the secrets says as much.
SLOW = {"aws-cli": 3, "s3cmd": 2, "rclone": 2}
WORKSHOP = ["botocore", "smithy", "aws-sigv4"]


def make(book, clients):
    turn = 0
    for name, operations in IN_TURN.items():
        for place, (cause, what, words, secret) in enumerate(SPOILT):
            if place % SLOW.get(name, 1) or not can_be_given(name, secret):
                continue
            operation = operations[turn % len(operations)]
            turn += 1
            raw = clients.send(name, operation, secret=secret)
            book.add(name, words, raw, single(cause), f"{what}-{operation}".strip("-"))
        for place, (what, words, secret) in enumerate(FOREIGN):
            if place % SLOW.get(name, 1):
                continue
            operation = operations[place % len(operations)]
            raw = clients.send(name, operation, secret=secret)
            book.add(name, words, raw, negative("secret"), f"{what}-{operation}")
    derived(book, clients.workshop)
    pairs(book, clients)


def can_be_given(name, secret):
    """Command lines and files end at a line, and what is around a value is theirs."""
    if name == "s3cmd":
        return "\n" not in secret and "\r" not in secret
    return True


def derived(book, workshop):
    """Where signers of people's own begin the derivation of the key."""
    for kind in ("header", "link"):
        raw = opened(workshop, kind, derive={"prefix": ""})
        book.add("botocore", "the derivation of the key begins without AWS4", raw, single("SEC-AWS4TWICE"), f"missing-{kind}")
    for signer in WORKSHOP:
        raw = workshop.signed(signer, secret=f"{SECRET}\n")
        book.add(signer, "the secret ends in a line feed", raw, single("SEC-NEWLINE"))
        raw = workshop.signed(signer, secret=hashlib.sha256(SECRET.encode()).hexdigest())
        book.add(signer, "the SHA-256 of the secret, as some vendors' API tokens want it", raw, single("SEC-SMTP"), "sha256")
        raw = workshop.signed(signer, secret=smtp_password(SECRET, "us-east-1"))
        book.add(signer, "the SMTP password of SES that belongs to the secret", raw, single("SEC-SMTP", proof="hmac"), "ses")
        raw = workshop.signed(signer, secret=OTHER)
        book.add(signer, "a secret of another server", raw, single("SEC-WRONG"))


def opened(workshop, kind, **job):
    """Signed by botocore, as a header or as a link."""
    if kind == "header":
        return workshop.signed("botocore", **job)
    return link(workshop.sign("botocore", kind="link", **job)["url"])


def smtp_password(secret, region):
    """SPEC: https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html: five HMACs from the secret, behind a version byte."""
    key = f"AWS4{secret}".encode()
    for step in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + key).decode()


def pairs(book, clients):
    """Keys of a user who has several, and keys that were removed."""
    servers = json.loads((HERE / "servers.json").read_text())
    first, second = servers["pairs"]["keys"][:2]
    (removed,) = [key for key in servers["rotated"]["keys"] if key.get("is_removed")]
    (kept,) = [key for key in servers["rotated"]["keys"] if not key.get("is_removed")]
    for name in ("boto3", "js-v3", "js-v2", "minio-js", "minio-py", "s3cmd", "rclone", "aws-cli"):
        operation = IN_TURN[name][0]
        raw = clients.send(name, operation, key_id=first["access_key_id"], secret=second["secret"])
        book.add(name, "id and secret are of two keys of one user", raw, single("SEC-OTHERKEY"), operation, server="pairs")
        raw = clients.send(name, operation, key_id=kept["access_key_id"], secret=removed["secret"])
        book.add(name, "the secret is that of the key before the rotation", raw, single("SEC-ROTATED"), operation, server="rotated")
    for signer in WORKSHOP:
        raw = clients.workshop.signed(signer, key=second["access_key_id"], secret=first["secret"])
        book.add(signer, "id and secret are of two keys of one user", raw, single("SEC-OTHERKEY"), server="pairs")
        raw = clients.workshop.signed(signer, key=kept["access_key_id"], secret=removed["secret"])
        book.add(signer, "the secret is that of the key before the rotation", raw, single("SEC-ROTATED"), server="rotated")
