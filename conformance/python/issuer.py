"""An OpenID Connect issuer of our own: a certificate, two documents over HTTPS, and tokens right and wrong.

Not for use by anything but tests. Keeps true: it listens on this machine only, and its keys live in a scratch folder.
"""

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import threading
import time

import harness
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15


def encode(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


class Issuer:
    def __init__(self, folder):
        self.folder = folder
        self.key, self.stranger = RSA.generate(2048), RSA.generate(2048)
        self.port = harness.free_port()
        self.url = f"https://localhost:{self.port}"
        self.certificate = folder / "certificate.pem"
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
                "-keyout", str(folder / "key.pem"), "-out", str(self.certificate),
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        documents = self.documents()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = documents.get(self.path)
                self.send_response(200 if body else 404)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "key.pem")
        self.listener.socket = context.wrap_socket(self.listener.socket, server_side=True)
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.listener.server_close()

    def server(self):
        """A server that may come here."""
        return harness.Server("--allow-private-identity-providers", environment={"SSL_CERT_FILE": str(self.certificate)})

    def documents(self):
        number = lambda value: encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))  # noqa: E731
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "n": number(self.key.n), "e": number(self.key.e)}
        discovery = {
            "issuer": self.url, "jwks_uri": f"{self.url}/keys", "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }  # fmt: skip
        return {"/.well-known/openid-configuration": json.dumps(discovery).encode(), "/keys": json.dumps({"keys": [key]}).encode()}

    def token(self, *, subject="pod:web", audience="an-application", issuer=None, expires_in=600, algorithm="RS256", key_id="one", forged=False):
        now = int(time.time())
        head = {"alg": algorithm, "typ": "JWT", "kid": key_id}
        claims = {"iss": issuer or self.url, "sub": subject, "aud": audience, "iat": now - 10, "exp": now + expires_in}
        if expires_in < 0:
            claims["iat"] = now + expires_in - 600
        text = f"{encode(head)}.{encode(claims)}"
        if algorithm == "none":
            return f"{text}."
        if algorithm == "HS256":
            # The public key taken for a shared secret: an old trick.
            secret = self.key.public_key().export_key()
            return f"{text}.{encode(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"
        key = self.stranger if forged else self.key
        return f"{text}.{encode(pkcs1_15.new(key).sign(SHA256.new(text.encode())))}"
