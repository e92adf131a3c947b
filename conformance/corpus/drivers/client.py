"""Runs one Python client again and again: a line of JSON with settings and code comes in, a line with what was printed goes out.

The code is that of `capture/clients.py`. A name that is no name of this machine leads to the recorder, so that a client may have any
endpoint.
"""

import contextlib
import io
import json
import os
import socket
import sys

RECORDER = ("127.0.0.1", int(os.environ["RECORDER_PORT"]))
resolve = socket.getaddrinfo


def resolved(host, port, *arguments, **named):
    if host in ("127.0.0.1", "localhost"):
        return resolve(host, port, *arguments, **named)
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", RECORDER)]


socket.getaddrinfo = resolved
prelude = os.environ["PRELUDE"]
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    order = json.loads(line)
    os.environ["CAPTURE"] = json.dumps(order["settings"])
    printed, trouble = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(prelude + order["code"], "order", "exec"), {"__name__": "order"})
        except Exception as error:
            trouble = f"{type(error).__name__}: {error}"
    answers.write(json.dumps({"printed": printed.getvalue().strip(), "trouble": trouble}) + "\n")
    answers.flush()
