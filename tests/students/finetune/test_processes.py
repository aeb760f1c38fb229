"""How a process that trained with others ends, in a process of its own."""

import subprocess
import sys

SCRIPT = """
import atexit, tempfile
from torch import distributed
from students.finetune.processes import part_at_exit

# The last to be registered is called first: this one runs when all others have.
atexit.register(lambda: print("connected" if distributed.is_initialized() else "parted"))
if {connected}:
    store = "file://" + tempfile.mktemp()
    distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
part_at_exit()
part_at_exit()
print("connected" if distributed.is_initialized() else "alone")
"""


def words_of(connected: bool) -> list[str]:
    command = [sys.executable, "-c", SCRIPT.format(connected=connected)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_connections_are_kept_until_the_process_ends() -> None:
    assert words_of(connected=True) == ["connected", "parted"]


def test_a_process_alone_has_nobody_to_part_from() -> None:
    assert words_of(connected=False) == ["alone", "parted"]
