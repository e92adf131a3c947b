"""A socket that writes down what arrives on it, byte by byte, and refuses it so that the client ends.

Not a server of S3: it decodes nothing and verifies nothing. Keeps true: what it kept of a request is what the client sent, or what
the proxy made of it. Only readiness checks, `/-/readyz`, are answered well and not kept.
"""

import socketserver
import threading

REFUSAL = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>recorded</Message></Error>'
HEAD_BYTES_MAX = 64 * 1024


class Recorder(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Connection)
        self.requests, self.lock = [], threading.Lock()
        # Whether a browser that asks ahead is let through. Off where the question itself is what is captured.
        self.allows_pages = True
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def clear(self):
        with self.lock:
            self.requests.clear()

    def keep(self, head, body):
        with self.lock:
            self.requests.append((head, body))


class Connection(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self):
        try:
            while self.one_request():
                pass
        except (OSError, ValueError):
            # The client went away, or sent what no HTTP is: there is nothing whole to keep.
            return

    def one_request(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline(HEAD_BYTES_MAX)
            if not line or len(head) > HEAD_BYTES_MAX:
                return False
            head += line
        lines = head[:-4].split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
        method, target = lines[0].split(b" ")[:2]
        if b"/-/readyz" in target:
            self.answer(b"200 OK", b"", method)
            return True
        if headers.get(b"expect", b"").lower() == b"100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if method == b"OPTIONS" and self.server.allows_pages:
            self.answer(b"200 OK\r\n" + self.allowance(headers), b"", method)
            return True
        self.server.keep(head[:-4], self.body(headers))
        self.answer(b"403 Forbidden", REFUSAL, method)
        return headers.get(b"connection", b"").lower() != b"close"

    def body(self, headers):
        """The body without the transfer coding, which belongs to the connection."""
        if headers.get(b"transfer-encoding", b"").lower() != b"chunked":
            return self.rfile.read(int(headers.get(b"content-length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def allowance(self, headers):
        asked = {b"Origin": b"origin", b"Methods": b"access-control-request-method", b"Headers": b"access-control-request-headers"}
        return b"\r\n".join(b"Access-Control-Allow-%s: %s" % (name, headers[header]) for name, header in asked.items() if header in headers)

    def answer(self, status, body, method):
        head = b"HTTP/1.1 %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self.wfile.write(head + (b"" if method == b"HEAD" else body))
        self.wfile.flush()
