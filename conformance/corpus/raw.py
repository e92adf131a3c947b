"""A request as bytes on a connection, to be changed between signing and sending.

Not here: what a change means. Texts have a character for each byte.
"""

import dataclasses


@dataclasses.dataclass
class Raw:
    method: str
    target: str
    version: str
    headers: list
    body: bytes = b""

    @staticmethod
    def of(head, body=b""):
        """From bytes: request line and headers without the empty line."""
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, version = first.split(" ")
        return Raw(method, target, version, [line.partition(":")[::2] for line in lines], body)

    def head(self):
        return "\r\n".join([f"{self.method} {self.target} {self.version}", *(f"{name}:{value}" for name, value in self.headers)])

    def copy(self):
        return dataclasses.replace(self, headers=list(self.headers))

    # Header values are kept with the blank in front of them, as they were sent.

    def get(self, name, default=None):
        found = [value.strip(" \t") for each, value in self.headers if each.lower() == name.lower()]
        return found[0] if found else default

    def has(self, name):
        return self.get(name) is not None

    def set(self, name, value):
        """In its place, or at the end."""
        places = [place for place, (each, _) in enumerate(self.headers) if each.lower() == name.lower()]
        if not places:
            return self.add(name, value)
        self.headers[places[0]] = (self.headers[places[0]][0], f" {value}")
        return self

    def add(self, name, value):
        self.headers.append((name, f" {value}"))
        return self

    def drop(self, name):
        assert self.has(name), f"there is no {name} to drop"
        self.headers = [(each, value) for each, value in self.headers if each.lower() != name.lower()]
        return self

    @property
    def path(self):
        return self.target.partition("?")[0]

    @path.setter
    def path(self, path):
        _, mark, query = self.target.partition("?")
        self.target = path + mark + query

    @property
    def query(self):
        return self.target.partition("?")[2]

    @query.setter
    def query(self, query):
        self.target = f"{self.path}?{query}" if query else self.path

    def parameters(self):
        return [tuple(piece.partition("=")[::2]) for piece in self.query.split("&") if piece]

    def parameter(self, name):
        return dict(self.parameters()).get(name)

    def swap(self, old, new):
        """Another text in the target."""
        assert old in self.target, f"{old} is not in {self.target}"
        self.target = self.target.replace(old, new)
        return self

    def signed_headers(self):
        words = self.get("authorization") or ""
        if "SignedHeaders=" in words:
            return words.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        return (self.parameter("X-Amz-SignedHeaders") or "").replace("%3B", ";").split(";")

    def date(self):
        """`YYYYMMDDTHHMMSSZ`, by which it was signed."""
        return self.get("x-amz-date") or self.parameter("X-Amz-Date")


def link(url, method="GET", body=b"", **headers):
    """What a plain client makes of a presigned link. A header set to None is not sent."""
    authority, slash, rest = url.partition("//")[2].partition("/")
    raw = Raw(method, slash + rest, "HTTP/1.1", [("Host", f" {authority}"), ("User-Agent", " curl/7.88.1"), ("Accept", " */*")])
    if body or method in ("PUT", "POST"):
        raw.add("Content-Length", str(len(body)))
        raw.body = body
    for name, value in headers.items():
        raw.set(name.replace("_", "-"), value)
    return raw
