"""Starts what a Python test needs: the real server, a real nginx, a scratch folder; and the clients' clean environment.

Not here: any expectation. Keeps true: a process is ended by its own id, a port is one the system said is free, and
no variable of the caller's AWS set-up or proxies reaches a client.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

CONFORMANCE = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
ACCESS_KEY_ID = "CONFORMANCEROOT00001"
SECRET = "conformance/root+secret/with/40/letters1"
WRONG_SECRET = "nobody/ever/gave/out/this+secret/0000000"
AWS_TEXT = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)
NGINX_LINE = "proxy_set_header Host $http_host"
MIB = 1024 * 1024

# Keys that people's uploads break on. Each stays one object with exactly this name.
DIFFICULT_KEYS = [
    "equals=sign.txt", "at@sign.txt", "paren(1).txt", "plus+plus.txt", "a blank.txt", "two  blanks", "amp&ersand", "100%", "per%20cent", "%2F",
    "double//slash", "/leading/slash", "trailing/slash/", "../../x", "a/./b", "a/../b", "é", "e\u0301", "日本語/ファイル.txt", "😀", "tilde~", "single'quote",
    'double"quote', "star*", "question?mark", "hash#mark", "semi;colon,comma", "a:b", "[brackets]{braces}", "back\\slash", "<tag>", "`tick`|pipe^caret",
    "$dollar!bang", "?acl", "uploads?",
]  # fmt: skip


def clean_environment(**more):
    """The environment of a client: nothing of the caller's but where programs are found."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    kept |= {
        "LANG": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_PAGER": "", "NO_PROXY": "*",
    }  # fmt: skip
    return kept | more


def clean_own_environment():
    """boto3 lives in this process, so the process itself has to be clean."""
    for name in list(os.environ):
        if re.match(r"(AWS_.*|.*_proxy|REQUESTS_CA_BUNDLE)$", name, re.IGNORECASE):
            del os.environ[name]
    os.environ.update({name: value for name, value in clean_environment().items() if name.startswith("AWS_")})


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def first_free_port(*candidates):
    """The first of these ports that nobody listens on: for tests about ports that the server would think of."""
    for port in candidates:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"somebody listens on each of {candidates}")


def bucket_name(about):
    return f"{about}-{uuid.uuid4().hex[:12]}"


class Ran:
    """A command-line client that has run to its end: exit code, and what it printed as text."""

    def __init__(self, *command, stdin=None, timeout=120, **environment):
        self.command = [str(word) for word in command]
        ended = subprocess.run(self.command, env=clean_environment(**environment), input=stdin, capture_output=True, timeout=timeout)
        self.code, self.bytes = ended.returncode, ended.stdout
        self.out, self.err = (stream.decode(errors="replace") for stream in (ended.stdout, ended.stderr))

    def well(self):
        """What it printed, when it ended well."""
        assert self.code == 0, f"{self.command} ended with {self.code}\n{self.out}\n{self.err}"
        return self.out

    def refused(self):
        """What it complained about, when it did not."""
        assert self.code != 0, f"{self.command} ended well\n{self.out}\n{self.err}"
        return self.err


def write_tree(folder, files):
    """`files` is relative path -> bytes."""
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)


def read_tree(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


class Process:
    """A child that is ended by its id, whose output is kept for the report of a failure."""

    def __init__(self, command, environment, ready):
        self.log = tempfile.TemporaryFile()
        self.child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.pid = self.child.pid
        deadline = time.monotonic() + 60
        while not ready():
            if self.child.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{command[0]} was not ready (exit {self.child.returncode}):\n{self.output()}")
            time.sleep(0.02)

    def output(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def kill(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
        self.child.wait()


def answers(url, accept=lambda status: status == 200):
    def ready():
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as response:
                return accept(response.status)
        except urllib.error.HTTPError as error:
            return accept(error.code)
        except OSError:
            return False

    return ready


class Server:
    """`countersign serve` on a scratch folder, or on `data_dir` where one is to be opened again; `ready` is how it is waited for."""

    def __init__(self, *args, port=None, data_dir=None, ready=None, environment=None):
        binary = Path(os.environ.get("COUNTERSIGN_BIN", CONFORMANCE / "../target/release/countersign")).resolve()
        self.scratch = None if data_dir else tempfile.mkdtemp(prefix="countersign-conformance-")
        self.data_dir = Path(data_dir or self.scratch)
        self.port, self.admin_port = port or free_port(), free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.url, self.admin_url = f"http://{self.host}", f"http://127.0.0.1:{self.admin_port}"
        environment = {
            "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"),
            "COUNTERSIGN_ROOT_ACCESS_KEY_ID": ACCESS_KEY_ID, "COUNTERSIGN_ROOT_SECRET_ACCESS_KEY": SECRET, **(environment or {}),
        }  # fmt: skip
        command = [
            str(binary), "serve", "--data-dir", str(self.data_dir / "data"), "--listen", self.host,
            "--admin-listen", f"127.0.0.1:{self.admin_port}", "--region", REGION, *args,
        ]  # fmt: skip
        self.process = Process(command, environment, ready or answers(f"{self.url}/-/readyz"))
        self.pid = self.process.pid

    def kill(self):
        self.process.kill()

    def stop(self):
        self.kill()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Proxy:
    """A proxy in front of `upstream` (host:port). `KIND/BASE` is a whole configuration, `KIND/NAME.*` the part that differs."""

    kind, base, suffix = None, None, None

    def __init__(self, name, upstream, port=None):
        self.folder = tempfile.mkdtemp(prefix="countersign-conformance-")
        self.host = f"127.0.0.1:{port or free_port()}"
        self.url = f"http://{self.host}"
        home = CONFORMANCE / self.kind
        text = (home / self.base).read_text().replace("@PART@", (home / f"{name}{self.suffix}").read_text())
        text = text.replace("@DIR@", self.folder).replace("@LISTEN@", self.host).replace("@UPSTREAM@", upstream)
        self.file = Path(self.folder, self.base)
        self.file.write_text(text)
        # Some of them keep state in the home directory unless they are told otherwise.
        places = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), self.folder)
        self.process = Process(
            self.command(), {"PATH": os.environ["PATH"]} | places, answers(f"{self.url}/-/readyz", lambda status: status < 500)
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Nginx(Proxy):
    """The part is what stands in the server block."""

    kind, base, suffix = "nginx", "nginx.conf", ".conf"

    def command(self):
        Path(self.folder, "logs").mkdir()
        return ["/usr/sbin/nginx", "-p", self.folder, "-c", str(self.file)]


class Haproxy(Proxy):
    """The part is what stands in the frontend."""

    kind, base, suffix = "haproxy", "haproxy.cfg", ".part.cfg"

    def command(self):
        return ["/usr/sbin/haproxy", "-db", "-f", str(self.file)]


class Caddy(Proxy):
    """The part is what stands in the site block."""

    kind, base, suffix = "caddy", "Caddyfile", ".caddyfile"

    def command(self):
        return ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", str(self.file)]


class Diagnosis:
    """The value of `x-countersign-diagnosis`: `HST-PROXY; status=proven; slot=host`."""

    def __init__(self, value):
        assert value, "no x-countersign-diagnosis header"
        ids, *parameters = [part.strip() for part in value.split(";")]
        self.ids = [each.strip() for each in ids.split(",")]
        self.parameters = dict(pair.split("=", 1) for pair in parameters)
        self.status, self.slot, self.value = self.parameters["status"], self.parameters.get("slot"), value

    def __repr__(self):
        return self.value


def documented(client):
    """The row of `docs/clients.md` about `client`: column title -> cell without its backticks."""
    lines = (CONFORMANCE / "../docs/clients.md").read_text().splitlines()
    rows = [[re.sub(r"^`(.*)`$", r"\1", cell.strip()) for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|")]
    return next(dict(zip(rows[0], row)) for row in rows if row[0] == client)
