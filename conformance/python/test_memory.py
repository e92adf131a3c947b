"""A large object goes up and comes down, and the server's memory stays flat."""

import os
import re
import subprocess
from pathlib import Path

import harness
import signing
from harness import ACCESS_KEY_ID, MIB, REGION, SECRET, bucket_name

LARGE = int(os.environ.get("COUNTERSIGN_LARGE_MIB", "1024")) * MIB
PEAK_MAX = 256 * MIB


def peak_of(pid):
    """The most memory the process ever had resident, in bytes."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def curl_large_object_goes_up_and_down_in_flat_memory(tmp_path):
    with harness.Server() as server:
        bucket = bucket_name("memory")
        assert signing.request(server, "PUT", f"/{bucket}")[0] == 200
        with (tmp_path / "large").open("wb") as file:
            # Sparse, so that it costs no disk; marked at both ends, so that a cut one is noticed.
            file.write(b"begin")
            file.seek(LARGE - 3)
            file.write(b"end")
        curl = [
            "/usr/bin/curl", "-sS", "-f", "--aws-sigv4", f"aws:amz:{REGION}:s3", "--user", f"{ACCESS_KEY_ID}:{SECRET}",
            "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD",
        ]  # fmt: skip
        url = f"{server.url}/{bucket}/large"
        subprocess.run([*curl, "-T", str(tmp_path / "large"), url], env=harness.clean_environment(), check=True, timeout=500)
        down = subprocess.Popen([*curl, url], env=harness.clean_environment(), stdout=subprocess.PIPE)
        size, ends = 0, b""
        while piece := down.stdout.read(MIB):
            ends = piece[:5] if size == 0 else ends[:5] + piece[-3:]
            size += len(piece)
        assert (down.wait(60), size, ends) == (0, LARGE, b"beginend")
        peak = peak_of(server.pid)
        print(f"peak resident memory of the server: {peak // MIB} MiB")
        assert peak < PEAK_MAX
