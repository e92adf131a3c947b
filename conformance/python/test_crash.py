"""kill -9 of the real binary while clients write to it: what was acknowledged is there afterwards, whole."""

import hashlib
import http.client
import os
import threading
import time

import kill_loop
import signing
from harness import MIB, Server, bucket_name

ROUNDS = 3
WRITERS = 6


class Writer(threading.Thread):
    """Puts objects until the server is gone. Keeps what was acknowledged, and what was still on its way."""

    def __init__(self, server, bucket, round_number, number):
        super().__init__()
        self.server, self.bucket, self.name_ = server, bucket, f"round-{round_number}/writer-{number}"
        self.acknowledged, self.overwritten, self.in_flight = {}, None, None
        self.enough = threading.Event()

    def run(self):
        # Small bodies live beside their row, large ones in files of their own: both have to survive.
        sizes = (10, 4096, 200_000, 3 * MIB)
        turn = 0
        while True:
            body = os.urandom(sizes[turn % len(sizes)])
            try:
                if turn % 3 == 2:
                    self.in_flight = body
                    if self.put("overwritten", body):
                        self.overwritten = body
                elif self.put(f"{turn}", body):
                    self.acknowledged[f"{turn}"] = hashlib.sha256(body).hexdigest()
            except (OSError, http.client.HTTPException):
                return
            turn += 1
            if turn >= 12:
                self.enough.set()

    def put(self, name, body):
        status, _, answer = signing.request(self.server, "PUT", f"/{self.bucket}/{self.name_}/{name}", body=body)
        assert status == 200, answer
        return True


def server_killed_under_load_keeps_every_acknowledged_object(tmp_path):
    bucket = bucket_name("crash")
    server = Server(data_dir=tmp_path)
    assert signing.request(server, "PUT", f"/{bucket}")[0] == 200
    writers = []
    for round_number in range(ROUNDS):
        running = [Writer(server, bucket, round_number, number) for number in range(WRITERS)]
        for writer in running:
            writer.start()
        for writer in running:
            assert writer.enough.wait(60), "the writers did not get going"
        time.sleep(0.05 * (round_number + 1))
        server.kill()
        for writer in running:
            writer.join(60)
        writers += running
        server = Server(data_dir=tmp_path)
        for writer in writers:
            check(server, bucket, writer)
    assert sum(len(writer.acknowledged) for writer in writers) >= ROUNDS * WRITERS * 8
    server.kill()


def server_killed_twenty_times_on_one_directory_loses_nothing(tmp_path):
    operations = kill_loop.run(rounds=20, seed=1, folder=tmp_path, tell=print)
    assert operations > 20 * kill_loop.CLIENTS, "the clients did not get going"


def check(server, bucket, writer):
    for name, expected in writer.acknowledged.items():
        status, headers, body = signing.request(server, "GET", f"/{bucket}/{writer.name_}/{name}")
        assert (status, hashlib.sha256(body).hexdigest()) == (200, expected), f"{writer.name_}/{name} was acknowledged: {status} {headers}"
    status, _, body = signing.request(server, "GET", f"/{bucket}/{writer.name_}/overwritten")
    assert status == 200
    assert body in (writer.overwritten, writer.in_flight), f"{writer.name_}: neither the last acknowledged body nor the one on its way"
