"""A disk that fills up, with the real binary on a small file system: writes are refused, everything else goes on, and deletes mend it.

The file system is a tmpfs of its own, so this needs root; without it the tests fail and say so. What lies in the log (small bodies) and
what has a file of its own (large ones) come back in different ways, so both are filled and emptied.
"""

import hashlib
import os
import subprocess
import time

import pytest
import signing
from harness import MIB, Server, bucket_name

DISK_MIB = 96
# Longest time that deletes may take to give space back.
PATIENCE_SECONDS = 120


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(disk)], capture_output=True, text=True)
    assert mounted.returncode == 0, f"these tests mount a small file system, which needs root: {mounted.stderr}"
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


class Filled:
    """A bucket that is filled and emptied, and what was acknowledged in it."""

    def __init__(self, disk, size):
        self.disk, self.size, self.bucket = disk, size, bucket_name("full")
        self.kept, self.number = {}, 0
        self.server = Server("--scrub-every", "off", data_dir=disk)
        assert self.ask("PUT", f"/{self.bucket}")[0] == 200

    def ask(self, method, path, body=b""):
        return signing.request(self.server, method, path, body=body)

    def put(self):
        body = os.urandom(self.size)
        name = f"object-{self.number:06}"
        self.number += 1
        status, _, answer = self.ask("PUT", f"/{self.bucket}/{name}", body)
        if status == 200:
            self.kept[name] = hashlib.sha256(body).hexdigest()
        return status, answer

    def fill(self):
        """Puts until it is refused; answers the refusal."""
        for _ in range(DISK_MIB * MIB // self.size + 1):
            status, answer = self.put()
            if status != 200:
                return status, answer
        pytest.fail("more was taken than the disk holds")

    def delete(self, names):
        for name in names:
            status, _, answer = self.ask("DELETE", f"/{self.bucket}/{name}")
            assert status == 204, answer
            del self.kept[name]

    def check(self):
        """Everything acknowledged is there, and nothing else."""
        for name, expected in self.kept.items():
            status, _, body = self.ask("GET", f"/{self.bucket}/{name}")
            assert (status, hashlib.sha256(body).hexdigest()) == (200, expected), name
        status, _, listed = self.ask("GET", f"/{self.bucket}")
        assert status == 200
        assert listed.count(b"<Key>") == min(len(self.kept), 1000)

    def start_again(self):
        self.server.kill()
        self.server = Server("--scrub-every", "off", data_dir=self.disk)


@pytest.mark.parametrize("size", [20_000, 200_000, 3 * MIB], ids=["small", "middle", "large"])
def server_on_a_full_disk_refuses_writes_and_deletes_mend_it(small_disk, size):
    filled = Filled(small_disk, size)
    try:
        status, answer = filled.fill()
        assert (status, b"storage is full" in answer) == (503, True), answer
        first = len(filled.kept)
        assert first * size > DISK_MIB * MIB // 3, f"only {first} objects fit"
        # Refused again, and nothing of it is seen; reads go on, and a full server is a ready one.
        assert filled.put()[0] == 503
        filled.check()
        # A kill in this state loses nothing, and the next start works. It may find room that was set aside for the next segment, so
        # the disk is filled once more.
        filled.start_again()
        filled.check()
        assert filled.fill()[0] == 503
        filled.check()
        # Deletes go on, and give the space back while the server runs.
        filled.delete(list(filled.kept)[: first * 3 // 4])
        deadline = time.monotonic() + PATIENCE_SECONDS
        while filled.put()[0] != 200:
            assert time.monotonic() < deadline, "deletes did not make room"
            time.sleep(0.2)
        filled.check()
        # And not for one object only.
        again = len(filled.kept)
        while len(filled.kept) < again + first // 3:
            status, answer = filled.put()
            if status != 200:
                assert time.monotonic() < deadline, f"of {first} objects only {len(filled.kept)} fit again: {answer}"
                time.sleep(0.2)
        filled.check()
        filled.start_again()
        filled.check()
    finally:
        filled.server.kill()


def server_that_may_not_write_says_so(small_disk):
    Server(data_dir=small_disk).kill()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(RuntimeError, match="mounted read-only"):
        Server(data_dir=small_disk)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    Server(data_dir=small_disk).kill()
