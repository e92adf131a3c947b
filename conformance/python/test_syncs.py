"""What the real binary makes durable for each request, counted by strace: nothing is answered without a sync, and there is no sync too many.

A test that looks from outside sees files, not the engine's sync points: a line of strace names the call and the path.
"""

import base64
import collections
import contextlib
import hashlib
import os
import re
import signal
import subprocess
import threading
import time

import signing
from harness import MIB, Server, bucket_name
from kill_loop import Connection

CALLS = "fsync,fdatasync,sync_file_range,syncfs,sync,msync"
NEXT_SEGMENT = "log/new"
SEQUENTIAL = 40
DELETED_AT_ONCE = 200
AT_ONCE = 16
ROUNDS_AT_ONCE = 5


@contextlib.contextmanager
def traced(server, folder):
    """Gives a list; afterwards it has each sync as (call, path within the data directory)."""
    trace, syncs = folder / f"trace-{time.monotonic_ns()}", []
    command = ["strace", "-f", "-y", "-qq", "-e", f"trace={CALLS}", "-o", str(trace), "-p", str(server.pid)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        # It is attached once the threads say that somebody traces them.
        deadline = time.monotonic() + 30
        while not all_are_traced(server.pid):
            assert tracer.poll() is None and time.monotonic() < deadline, tracer.stderr.read().decode()
            time.sleep(0.01)
        yield syncs
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(30)
    root = os.path.realpath(server.data_dir / "data")
    # A call that another thread interrupts is told in two lines; the first has the path.
    for call, path in re.findall(r"^\d+ +(\w+)\((?:\d+<([^>]*)>)?", trace.read_text(), re.MULTILINE):
        path = os.path.relpath(path, root) if path else ""
        # The next segment's file is written out as the active one fills, beside the requests and for none of them.
        if call in CALLS.split(",") and path != NEXT_SEGMENT:
            syncs.append((call, path))


def all_are_traced(pid):
    tasks = [f"/proc/{pid}/task/{task}/status" for task in os.listdir(f"/proc/{pid}/task")]
    return all("TracerPid:\t0\n" not in open(task).read() for task in tasks)


def kind(path):
    """Which of the files it is. The segment that takes batches has the largest share; others are prepared beside it."""
    for pattern, name in ((r"log/\d+\.log", "segment"), (r"log", "log"), (r"large/..", "large directory"), (r"large/../\w+", "large"), (r"large", "large root")):
        if re.fullmatch(pattern, path):
            return name
    return path


def counted(syncs):
    return collections.Counter(kind(path) for _, path in syncs)


def batches(syncs):
    """Syncs of the segment that took the batches, and everything else."""
    paths = collections.Counter(path for _, path in syncs if kind(path) == "segment")
    active, count = paths.most_common(1)[0]
    return count, [(call, path) for call, path in syncs if path != active]


def put(server, path, body):
    status, _, answer = signing.request(server, "PUT", path, body=body)
    assert status == 200, answer


def begun(folder):
    """A server whose log is begun: what follows is the daily round."""
    server, bucket = Server(data_dir=folder), bucket_name("syncs")
    put(server, f"/{bucket}", b"")
    put(server, f"/{bucket}/first", b"x" * 4096)
    time.sleep(1)
    return server, bucket


def server_syncs_the_log_once_for_each_put_and_nothing_else(tmp_path):
    server, bucket = begun(tmp_path)
    try:
        connection = Connection(server.host)
        with traced(server, tmp_path) as syncs:
            for number in range(SEQUENTIAL):
                status, _, answer = connection.ask("PUT", f"/{bucket}/{number}", os.urandom(4096))
                assert status == 200, answer
        count, others = batches(syncs)
        assert (count, others) == (SEQUENTIAL, []), counted(syncs)
        assert {call for call, _ in syncs} == {"fdatasync"}, syncs
    finally:
        server.kill()


def server_lets_puts_at_once_share_their_syncs(tmp_path):
    server, bucket = begun(tmp_path)
    try:
        connections = [Connection(server.host) for _ in range(AT_ONCE)]

        def work(number):
            for turn in range(ROUNDS_AT_ONCE):
                status, _, answer = connections[number].ask("PUT", f"/{bucket}/{number}/{turn}", os.urandom(4096))
                assert status == 200, answer

        with traced(server, tmp_path) as syncs:
            threads = [threading.Thread(target=work, args=(number,)) for number in range(AT_ONCE)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        count, others = batches(syncs)
        assert others == [], counted(syncs)
        assert ROUNDS_AT_ONCE <= count < AT_ONCE * ROUNDS_AT_ONCE, f"{count} syncs for {AT_ONCE * ROUNDS_AT_ONCE} puts"
    finally:
        server.kill()


def server_syncs_once_for_a_delete_and_never_for_a_read(tmp_path):
    server, bucket = begun(tmp_path)
    try:
        with traced(server, tmp_path) as syncs:
            for _ in range(5):
                assert signing.request(server, "GET", f"/{bucket}/first")[0] == 200
                assert signing.request(server, "HEAD", f"/{bucket}/first")[0] == 200
                assert signing.request(server, "GET", f"/{bucket}")[0] == 200
        assert syncs == []
        with traced(server, tmp_path) as syncs:
            assert signing.request(server, "DELETE", f"/{bucket}/first")[0] == 204
        assert batches(syncs) == (1, []), counted(syncs)
    finally:
        server.kill()


def server_lets_the_deletes_of_one_request_share_their_syncs(tmp_path):
    server, bucket = begun(tmp_path)
    try:
        connection = Connection(server.host)
        for number in range(DELETED_AT_ONCE):
            assert connection.ask("PUT", f"/{bucket}/{number}", b"x")[0] == 200
        objects = "".join(f"<Object><Key>{number}</Key></Object>" for number in range(DELETED_AT_ONCE))
        document = f"<Delete>{objects}</Delete>".encode()
        digest = base64.b64encode(hashlib.md5(document).digest()).decode()
        with traced(server, tmp_path) as syncs:
            status, _, answer = signing.request(
                server, "POST", f"/{bucket}", query={"delete": ""}, body=document, headers={"content-md5": digest}
            )
            assert status == 200 and answer.count(b"<Deleted>") == DELETED_AT_ONCE, answer
        count, others = batches(syncs)
        assert others == [], counted(syncs)
        assert 1 <= count <= DELETED_AT_ONCE // 2, f"{count} syncs for {DELETED_AT_ONCE} deletes"
        assert signing.request(server, "GET", f"/{bucket}/7")[0] == 404
    finally:
        server.kill()


def server_syncs_a_large_body_then_its_name_then_the_log(tmp_path):
    server, bucket = begun(tmp_path)
    try:
        with traced(server, tmp_path) as syncs:
            put(server, f"/{bucket}/large", os.urandom(2 * MIB))
        assert [kind(path) for _, path in syncs] == ["large", "large directory", "large root", "segment"], syncs
    finally:
        server.kill()
