"""A failed sync, with the real binary: after it nothing is written until the next start, reads go on, and nothing is made up.

strace stands between the server and the kernel and lets every sync from some moment on fail with EIO, as a broken disk does. The server
knows nothing of it, and has no side door for it.
"""

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import signing
from harness import MIB, Server, bucket_name


class BrokenSyncs:
    """While it lasts, every sync of the process fails."""

    def __init__(self, pid):
        assert shutil.which("strace"), "this test needs strace"
        command = ["strace", "-f", "-q", "-o", os.devnull, "-p", str(pid), "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"]
        self.child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while self.tracer_of(pid) == "0":
            assert self.child.poll() is None, f"strace ended: {self.child.stderr.read()}"
            assert time.monotonic() < deadline, "strace does not attach"
            time.sleep(0.01)
        # All threads, not only the first.
        while any(self.tracer_of(pid, thread) == "0" for thread in os.listdir(f"/proc/{pid}/task")):
            assert time.monotonic() < deadline, "strace does not attach to all threads"
            time.sleep(0.01)

    @staticmethod
    def tracer_of(pid, thread=None):
        with open(f"/proc/{pid}/task/{thread or pid}/status") as status:
            return next(line.split()[1] for line in status if line.startswith("TracerPid:"))

    def end(self):
        self.child.terminate()
        self.child.wait(30)


def probe(server, path):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(server.admin_url + path, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("size", [4096, 3 * MIB], ids=["log", "file"])
def server_whose_sync_failed_writes_no_more_until_it_is_started_again(tmp_path, size):
    bucket = bucket_name("sync")
    server = Server("--scrub-every", "off", data_dir=tmp_path)
    old, doubtful, refused = os.urandom(size), os.urandom(size), os.urandom(size)
    assert signing.request(server, "PUT", f"/{bucket}")[0] == 200
    assert signing.request(server, "PUT", f"/{bucket}/old", body=old)[0] == 200
    assert (probe(server, "/readyz"), probe(server, "/livez")) == (200, 200)

    broken = BrokenSyncs(server.pid)
    status, _, answer = signing.request(server, "PUT", f"/{bucket}/doubtful", body=doubtful)
    assert status in (500, 503), answer
    broken.end()
    # The syncs work again, and that changes nothing: nobody knows what the disk holds.
    for method, key, body in [("PUT", "refused", refused), ("PUT", "old", refused), ("DELETE", "old", b"")]:
        status, _, answer = signing.request(server, method, f"/{bucket}/{key}", body=body)
        assert (status, b"until the server is restarted" in answer) == (503, True), answer
    status, _, body = signing.request(server, "GET", f"/{bucket}/old")
    assert (status, body == old) == (200, True)
    assert signing.request(server, "GET", f"/{bucket}")[0] == 200
    assert (probe(server, "/readyz"), probe(server, "/livez")) == (503, 200)
    server.kill()

    server = Server("--scrub-every", "off", data_dir=tmp_path)
    try:
        assert signing.request(server, "GET", f"/{bucket}/old")[2] == old
        # What was in doubt is there whole or not at all; what was refused is not.
        status, _, body = signing.request(server, "GET", f"/{bucket}/doubtful")
        assert status == 404 or (status == 200 and body == doubtful), status
        assert signing.request(server, "GET", f"/{bucket}/refused")[0] == 404
        assert signing.request(server, "PUT", f"/{bucket}/new", body=refused)[0] == 200
        assert probe(server, "/readyz") == 200
    finally:
        server.kill()
