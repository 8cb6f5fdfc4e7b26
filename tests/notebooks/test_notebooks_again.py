"""The notebooks once more: twice in a row, in a random order, with the network cut."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CUT = Path(__file__).with_name("no_network")
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def without_network():
    path = os.pathsep.join(filter(None, [str(CUT), os.environ.get("PYTHONPATH")]))
    return dict(os.environ, PYTHONPATH=path)


@pytest.mark.parametrize(
    ("address", "reached"), [("192.0.2.1", False), ("example.org", False), ("127.0.0.1", True)]
)
def test_the_cut_holds_for_all_but_this_machine(address, reached):
    program = f"""
import socket
server = socket.create_server(("127.0.0.1", 0))
try:
    socket.create_connection(({address!r}, server.getsockname()[1]), timeout=5)
except OSError as error:
    print(error)
else:
    print("reached")
"""
    command = [sys.executable, "-c", program]
    said = subprocess.check_output(command, env=without_network(), text=True)
    assert said.strip() == "reached" if reached else "the network is cut" in said


@pytest.mark.full
@pytest.mark.parametrize("turn", [1, 2])
def test_in_any_order_and_without_a_network(turn):
    order = random.sample(LESSONS, len(LESSONS))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, order)]
    done = subprocess.run(
        command, cwd=ROOT, env=without_network(), capture_output=True, text=True, timeout=1800
    )
    names = ", ".join(path.stem for path in order)
    assert done.returncode == 0, f"turn {turn}, in the order {names}:\n{done.stdout[-6000:]}"
