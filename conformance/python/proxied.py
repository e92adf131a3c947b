"""Starts `countersign proxy` in front of a server; no expectations here."""

import os
import re
from pathlib import Path

from harness import ACCESS_KEY_ID, CONFORMANCE, REGION, SECRET, Process


class SigningProxy:
    """`countersign proxy --upstream URL` on a free port, with the key of the tests unless another is given."""

    def __init__(self, upstream, *arguments, access_key_id=ACCESS_KEY_ID, secret=SECRET, session_token=None, region=REGION):
        binary = Path(os.environ.get("COUNTERSIGN_BIN", CONFORMANCE / "../target/release/countersign")).resolve()
        environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_ACCESS_KEY_ID": access_key_id, "AWS_SECRET_ACCESS_KEY": secret,
            **({"AWS_SESSION_TOKEN": session_token} if session_token else {}),
        }  # fmt: skip
        command = [str(binary), "proxy", "--upstream", upstream, "--listen", "127.0.0.1:0", "--region", region, *arguments]
        self.found = None
        self.process = Process.__new__(Process)
        self.process.__init__(command, environment, self._ready)
        self.host = self.found
        self.url = f"http://{self.host}"

    def _ready(self):
        listening = re.search(r"S3 +http://(\S+)", self.process.output())
        self.found = listening and listening[1]
        return bool(self.found)

    def log(self):
        return self.process.output()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
