#!/usr/bin/env python3
"""kill -9 of the real binary again and again, on one data directory, while clients put, delete and upload in parts.

    COUNTERSIGN_BIN=target/release/countersign conformance/python/kill_loop.py [--rounds N] [--seed S]

After each kill the server is started again: whatever was acknowledged is there with its bytes, whatever was acknowledged as
deleted is gone, and what was under way is whole or as it was before; the listing says the same. Some rounds kill the start, too.
Small segments of the log are not to be had from outside: what a long run deletes makes the server give back and compact
by itself, so the kills fall into that as well.
"""

import argparse
import hashlib
import http.client
import random
import re
import shutil
import tempfile
import threading
import time
import urllib.request

import signing
from harness import Server

BUCKET = "kill-loop"
CLIENTS = 6
KEYS_EACH = 12
SIZES = (10, 1000, 4096, 4096, 20_000, 70_000, 300_000)
LARGE_BYTES = 1_200_000
# Every object is read after each round that could have touched it, and all of them now and then.
ALL_EVERY = 50
PORTS_TRIED = 5


class Connection:
    """Requests over one connection, which is opened when it is first used."""

    def __init__(self, host):
        self.host, self.connection = host, http.client.HTTPConnection(host, timeout=30)

    def ask(self, method, path, body=b"", query=None):
        signed = signing.sign(method, self.host, path, query=query, payload=hashlib.sha256(body).hexdigest())
        target = path + ("?" + signing.canonical_query(query) if query else "")
        self.connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in signed.items():
            self.connection.putheader(name, value)
        if body or method in ("PUT", "POST"):
            self.connection.putheader("content-length", str(len(body)))
        self.connection.endheaders(body or None)
        answer = self.connection.getresponse()
        return answer.status, dict((name.lower(), value) for name, value in answer.getheaders()), answer.read()


class Client(threading.Thread):
    """Works on keys of its own until the server is gone. Keeps for each key what it holds: `None` is nothing."""

    def __init__(self, number, seed):
        super().__init__(daemon=True)
        self.number, self.random = number, random.Random(f"{seed}/{number}")
        self.holds = {f"client-{number}/{key}": None for key in range(KEYS_EACH)}
        # What the key holds if the operation that was under way was done.
        self.under_way, self.touched, self.done = {}, set(), 0

    def round(self, host):
        """A thread for one round; what is known stays."""
        self.connection, self.fault = Connection(host), None
        thread = threading.Thread(target=self.work, daemon=True)
        thread.start()
        return thread

    def work(self):
        try:
            while True:
                self.step()
                self.done += 1
        except (OSError, http.client.HTTPException):
            return
        except Exception as error:  # told by whoever joins
            self.fault = error

    def step(self):
        key = self.random.choice(list(self.holds))
        path = f"/{BUCKET}/{key}"
        self.touched.add(key)
        lot = self.random.random()
        if lot < 0.3:
            self.under_way[key] = None
            status, _, answer = self.connection.ask("DELETE", path)
            assert status == 204, answer
            after = None
        else:
            size = LARGE_BYTES if self.random.random() < 0.05 else self.random.choice(SIZES)
            body = self.random.randbytes(size)
            after = hashlib.sha256(body).hexdigest()
            self.under_way[key] = after
            if lot > 0.92:
                self.upload_in_parts(path, body)
            else:
                status, _, answer = self.connection.ask("PUT", path, body)
                assert status == 200, answer
        self.holds[key] = after
        del self.under_way[key]

    def upload_in_parts(self, path, body):
        """One part: all but the last must be 5 MiB, which is much for a loop."""
        status, _, answer = self.connection.ask("POST", path, query={"uploads": ""})
        assert status == 200, answer
        upload_id = re.search(rb"<UploadId>([^<]+)<", answer).group(1).decode()
        status, headers, answer = self.connection.ask("PUT", path, body, query={"partNumber": "1", "uploadId": upload_id})
        assert status == 200, answer
        document = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{headers['etag']}</ETag></Part></CompleteMultipartUpload>"
        status, _, answer = self.connection.ask("POST", path, document.encode(), query={"uploadId": upload_id})
        assert status == 200 and b"<Error>" not in answer, answer

    def check(self, connection, everything):
        """Reads what this round could have touched and settles what was under way."""
        for key in self.holds if everything else self.touched:
            status, headers, body = connection.ask("GET", f"/{BUCKET}/{key}")
            assert status in (200, 404), f"{key}: {status} {body[:300]}"
            found = hashlib.sha256(body).hexdigest() if status == 200 else None
            allowed = {self.holds[key]} | ({self.under_way[key]} if key in self.under_way else set())
            assert found in allowed, f"{key} holds {found} ({len(body)} bytes), acknowledged was {self.holds[key]}, under way {self.under_way}"
            self.holds[key] = found
        self.under_way, self.touched = {}, set()


def listed(connection):
    keys, after = set(), ""
    while True:
        status, _, answer = connection.ask("GET", f"/{BUCKET}", query={"list-type": "2", "start-after": after, "max-keys": "50"})
        assert status == 200, answer
        page = [key.decode() for key in re.findall(rb"<Key>([^<]+)</Key>", answer)]
        keys.update(page)
        if b"<IsTruncated>true" not in answer:
            return keys
        after = page[-1]


def start(folder):
    """A server on a port that is still free when it comes to listen: in a thousand rounds somebody else takes one now and then."""
    for turn in range(PORTS_TRIED):
        try:
            return Server(data_dir=folder)
        except RuntimeError as error:
            if "Address already in use" not in str(error) or turn + 1 == PORTS_TRIED:
                raise


def kill_at_start(folder, chance):
    """Starts a server and kills it before it is known to serve."""
    Server(data_dir=folder, ready=lambda: time.sleep(chance.uniform(0.0, 0.06)) or True).kill()


def compacted_bytes(server):
    """What the server says of it, for the closing line."""
    with urllib.request.urlopen(f"{server.admin_url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return sum(float(value) for value in re.findall(r"^\w*compacted_bytes\w* ([0-9.e+]+)$", text, re.MULTILINE))


def run(rounds, seed, folder, tell=lambda text: None):
    chance = random.Random(seed)
    clients = [Client(number, seed) for number in range(CLIENTS)]
    server = start(folder)
    status, _, answer = signing.request(server, "PUT", f"/{BUCKET}")
    assert status == 200, answer
    began, kills_at_start, compacted = time.monotonic(), 0, 0.0
    for number in range(1, rounds + 1):
        threads = [client.round(server.host) for client in clients]
        time.sleep(chance.uniform(0.02, 0.25))
        if number % 20 == 0:
            compacted += compacted_bytes(server)
        server.kill()
        for client, thread in zip(clients, threads):
            thread.join(60)
            assert not thread.is_alive(), f"client {client.number} does not notice that the server is gone"
            if client.fault:
                raise client.fault
        if number % 5 == 0:
            kill_at_start(folder, chance)
            kills_at_start += 1
        server = start(folder)
        connection = Connection(server.host)
        for client in clients:
            client.check(connection, number % ALL_EVERY == 0 or number == rounds)
        there = {key for client in clients for key, holds in client.holds.items() if holds}
        found = listed(connection)
        assert found == there, f"listed and not there: {sorted(found - there)}; there and not listed: {sorted(there - found)}"
        if number % 20 == 0:
            tell(f"{time.monotonic() - began:6.0f} s  round {number}: {sum(client.done for client in clients)} operations acknowledged")
    operations = sum(client.done for client in clients)
    server.kill()
    tell(
        f"{rounds} rounds from seed {seed} in {time.monotonic() - began:.0f} s: {operations} operations acknowledged, {kills_at_start} kills while starting, "
        f"{compacted:.0f} bytes compacted in the rounds that were looked at: nothing lost, nothing torn"
    )
    return operations


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="countersign-kill-loop-")
    try:
        run(chosen.rounds, chosen.seed, folder, lambda text: print(text, flush=True))
    except BaseException:
        print(f"the data directory is kept: {folder}", flush=True)
        raise
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
