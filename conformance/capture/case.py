"""What a capture is: a cause, a client that makes it, and what stands between the client and the recorder."""

import contextlib
import dataclasses
from collections.abc import Callable

from harness import Caddy, Haproxy, Nginx, first_free_port


@dataclasses.dataclass
class Place:
    """Where the client sends: `host` is name and port. `upstream` is the recorder's."""

    host: str
    upstream: str

    @property
    def url(self):
        return f"http://{self.host}"

    @property
    def port(self):
        return self.host.rpartition(":")[2]


@contextlib.contextmanager
def directly(upstream):
    yield Place(upstream, upstream)


def behind(kind, name):
    """The proxy with this part of its configuration, see `conformance/nginx` and its neighbours."""

    @contextlib.contextmanager
    def through(upstream):
        with kind(name, upstream, first_free_port(8080, 8008, 8088, 8090)) as front:
            yield Place(front.host, upstream)

    return through


def nginx(name):
    return behind(Nginx, name)


def haproxy(name):
    return behind(Haproxy, name)


def caddy(name):
    return behind(Caddy, name)


@dataclasses.dataclass
class Case:
    """`name` begins with the cause. `pick` names the method of the request that is meant, where a client sends several."""

    name: str
    cause: str
    status: str
    send: Callable
    through: Callable = directly
    pick: str | None = None
    context: dict = dataclasses.field(default_factory=dict)


def case(causes, client, status, send, about=None, **more):
    """`causes` as the diagnosis tells them, `SEC-NEWLINE` or several with commas; `about` is the one that was made, if not the first."""
    return Case(f"{(about or causes.split(', ')[0]).lower()}-{client}", causes, status, send, **more)
