"""Writes what was recorded as a fixture of `crates/diagnose/fixtures`: `request.http` and `context.json`.

`expected.txt` is not written here but by the tests, when they bless. Keeps true: no part that was signed is touched. The one thing
exchanged is the release of the kernel, which some clients put into a User-Agent that they do not sign.
"""

import email.parser
import email.policy
import json
import platform
import re

from harness import CONFORMANCE

FIXTURES = CONFORMANCE / "../crates/diagnose/fixtures"


def write(case, request, client, now, ports):
    head, body = request
    folder = FIXTURES / f"captured-{case.name}"
    context = {"cause": case.cause, "status": case.status, "client": client, "now": now, "listen_ports": ports, "peer_is_loopback": True, **case.context}
    text = "\n".join(printable(line) for line in without_kernel(head).split(b"\r\n"))
    form = re.search(rb"(?im)^content-type: *multipart/form-data", head)
    if form and head.startswith(b"POST "):
        context |= {"form": True}
        is_readable = re.search(rb"(?im)^content-type:[^\r\n]*boundary=", head)
        body, context["file_bytes"] = form_lines(head, body) if is_readable else (b"", 0)
    # A body that is not text has to be looked at elsewhere: a fixture is for reading.
    written = body.decode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "request.http").write_text(text + (f"\n\n{written}" if written else "\n"), newline="")
    (folder / "context.json").write_text(json.dumps(context, indent=2, ensure_ascii=False) + "\n")


def printable(line):
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in line)


def without_kernel(head):
    release = platform.release().encode()
    if re.search(rb"SignedHeaders=[^,&\s]*user-agent", head) and release in head:
        raise ValueError("the release of the kernel is signed")
    return head.replace(release, b"6.1.0")


def form_lines(head, body):
    """The form as fixtures write it, a part a line, and the size of its file."""
    kind = re.search(rb"(?im)^content-type: *([^\r\n]+)", head).group(1)
    parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + body)
    lines, size = [], 0
    for part in parts.iter_parts():
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if name == "file":
            given = part["content-type"]
            lines.append(f"@file {given}" if given else "@file")
            size = len(value)
        else:
            lines.append(f"{name}: {value.decode()}")
    return ("\n".join(lines) + "\n").encode(), size
