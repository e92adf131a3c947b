"""What every Python test can ask for. One server a module; whoever needs another start-up starts their own."""

import harness
import pytest

harness.clean_own_environment()


@pytest.fixture(scope="module")
def server():
    with harness.Server() as running:
        yield running
