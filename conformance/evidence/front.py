"""What stands between a client and the server: it changes a request on its way, or words the answer as another server does.

Not here: which change belongs to which cause (`cases.py`). Keeps true: what is not changed on purpose goes on byte by byte.
"""

import dataclasses
import re
import socket
import socketserver
import threading
import time

HEAD_BYTES_MAX = 64 * 1024


@dataclasses.dataclass
class Message:
    """A request or an answer: its first line, its headers in order, its body."""

    first: str
    headers: list
    body: bytes = b""

    def get(self, name):
        return next((value for other, value in self.headers if other.lower() == name.lower()), None)

    def set(self, name, value):
        """Replaces the header where it stands; `None` removes it."""
        at = next((at for at, (other, _) in enumerate(self.headers) if other.lower() == name.lower()), None)
        if value is None:
            self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        elif at is None:
            self.headers.append((name, value))
        else:
            self.headers[at] = (self.headers[at][0], value)

    @property
    def target(self):
        return self.first.split(" ")[1]

    @target.setter
    def target(self, target):
        method, _, version = self.first.split(" ")
        self.first = f"{method} {target} {version}"

    @property
    def method(self):
        return self.first.split(" ")[0]

    def bytes(self):
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


def read(stream, answers=None):
    """One message; of an answer to `HEAD` there is no body."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline(HEAD_BYTES_MAX)
        if not line or len(head) > HEAD_BYTES_MAX:
            return None
        head += line
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    message = Message(first, [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)])
    if answers == "HEAD" or " 304" in first or " 204" in first or re.match(r"HTTP/1.1 1", first):
        return message
    if (message.get("transfer-encoding") or "").lower() == "chunked":
        while size := int(stream.readline().split(b";")[0], 16):
            message.body += stream.read(size)
            stream.readline()
        while stream.readline().strip():
            pass
        message.set("transfer-encoding", None)
        message.set("content-length", str(len(message.body)))
    else:
        message.body = stream.read(int(message.get("content-length") or 0))
    return message


class Front(socketserver.ThreadingTCPServer):
    """`change` gets the request and may answer it itself by returning a message; `speak` gets the answer."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self, upstream, change=None, speak=None, port=0):
        super().__init__(("127.0.0.1", port), Connection)
        self.upstream, self.change, self.speak = upstream, change, speak
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.host}"
        # The last request as the client sent it, and what it was answered.
        self.request, self.answer = None, None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def answered(self):
        """The document of the last answer."""
        return self.answer.body.decode()

    def refused_by(self, printed):
        """Whether what was printed was refused; a capture of something that worked is none."""
        if self.answer is None or int(self.answer.first.split(" ")[1]) < 300:
            raise RuntimeError(f"not refused: {printed}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Connection(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self):
        try:
            while self.one_request():
                pass
        except (OSError, ValueError):
            # The client went away, or sent what no HTTP is.
            return

    def one_request(self):
        head = self.rfile.peek(HEAD_BYTES_MAX)
        if b"100-continue" in head:
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request = read(self.rfile)
        if request is None:
            return False
        self.server.request = dataclasses.replace(request, headers=list(request.headers))
        method = request.method
        answer = self.server.change(request) if self.server.change else None
        if not isinstance(answer, Message):
            answer = self.ask(request)
            if self.server.speak:
                self.server.speak(answer, request)
        if method != "HEAD":
            answer.set("content-length", str(len(answer.body)))
        self.server.answer = answer
        self.wfile.write(answer.bytes())
        self.wfile.flush()
        return True

    def ask(self, request):
        host, _, port = self.server.upstream.partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as upstream:
            try:
                upstream.sendall(request.bytes())
            except OSError:
                # It has refused already and says so.
                time.sleep(0.05)
            with upstream.makefile("rb") as stream:
                while True:
                    answer = read(stream, request.method)
                    if answer is None:
                        raise OSError("no answer")
                    if not answer.first.startswith("HTTP/1.1 100"):
                        return answer


# How other servers word a refusal: what their sources and people's logs show of it.


def element(body, name):
    found = re.search(rb"<%s>(.*?)</%s>" % (name, name), body, re.DOTALL)
    return found.group(1) if found else b""


def without_texts(answer, request):
    """As MinIO: no texts, but place and region."""
    if b"<Error>" not in answer.body:
        return
    path = request.target.partition("?")[0].encode()
    bucket, _, object_key = path.strip(b"/").partition(b"/")
    code, message = element(answer.body, b"Code"), element(answer.body, b"Message")
    region = b"<Region>us-east-1</Region>" if code in (b"SignatureDoesNotMatch", b"AuthorizationHeaderMalformed") else b""
    answer.body = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>%s</Message><Key>%s</Key><BucketName>%s</BucketName><Resource>%s</Resource>%s'
        b"<RequestId>%s</RequestId><HostId>dd9025bab4ad464b049177c95eb6ebf374d3b3fd1af9251148b658df7ac2e3e8</HostId></Error>"
        % (code, message, object_key, bucket, path, region, element(answer.body, b"RequestId"))
    )
    answer.set("server", "MinIO")


def as_ceph(answer, _request):
    """As Ceph's gateway: a code and next to nothing."""
    if b"<Error>" not in answer.body:
        return
    answer.body = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message></Message><RequestId>tx00000c3-%s-default</RequestId><HostId>37e4-default-default</HostId></Error>' % (
        element(answer.body, b"Code"), element(answer.body, b"RequestId").lower(),
    )  # fmt: skip


def as_garage(answer, request):
    """As Garage: a wrong signature is a denial."""
    if b"SignatureDoesNotMatch" in answer.body:
        path = request.target.partition("?")[0].encode()
        answer.body = (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Forbidden: Invalid signature</Message><Resource>%s</Resource><Region>us-east-1</Region></Error>' % path
        )


def as_google(answer, _request):
    """As storage.googleapis.com: the string to sign and the canonical request inside the text of an element."""
    if b"SignatureDoesNotMatch" not in answer.body:
        return
    answer.body = (
        b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>SignatureDoesNotMatch</Code><Message>Access denied.</Message><Details>The request signature we calculated does not match the signature you "
        b"provided. Check your Google secret key and signing method.</Details><StringToSign>%s</StringToSign><CanonicalRequest>%s</CanonicalRequest></Error>"
        % (element(answer.body, b"StringToSign"), element(answer.body, b"CanonicalRequest"))
    )
