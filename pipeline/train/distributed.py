"""A command under `accelerate launch` or `torchrun`: the first process works on the run, the others join its training.

The first alone locks the run, writes and speaks. The others wait at the launcher's own store for its word, however long
the stages before take; where it fails, the launcher ends them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from prompts.errors import InputError

if TYPE_CHECKING:
    from torch.distributed import Store  # type: ignore[attr-defined]  # exported by a star import

TRAIN, DONE = b"train", b"done"
PATIENCE = timedelta(days=30)
"""The longest that the stages before a training may take."""


def processes() -> int:
    """Counts the processes that the launcher started; 1 without one."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Says whether this process works on the run."""
    return os.environ.get("RANK", "0") == "0"


def require_launchable(command: str, last: str | None = None) -> None:
    """Raises InputError where several processes were started for what one does: only a training is shared."""
    if processes() == 1:
        return
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        remedy = "Start them with accelerate launch or torchrun, or unset WORLD_SIZE"
    elif last == "train":
        return
    else:
        remedy = "Launch 'stillhouse train', or 'stillhouse run --until train', then go on without the launcher"
    raise InputError(f"'stillhouse {command}' was started in {processes()} processes, and works in one", remedy=remedy)


@contextmanager
def leading() -> Iterator[None]:
    """Leads the others while the first process works; where all went well, lets those go that it has not called."""
    yield
    # Not in a `finally`: after a failure the launcher ends them, and what they wait for must not come.
    if processes() > 1:
        _store().compare_set(_key(), "", DONE.decode())


def call_others() -> None:
    """Tells the others that the base and the corpus are ready; each then trains as this process does."""
    if processes() > 1 and is_first():
        _store().set(_key(), TRAIN.decode())


def is_called() -> bool:
    """Waits for the first process; says whether it has something to train."""
    word: bytes = _store().get(_key())
    return word == TRAIN


def _store() -> Store:
    from torch.distributed import TCPStore  # type: ignore[attr-defined]  # as above

    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return TCPStore(host, port, is_master=False, timeout=PATIENCE)


def _key() -> str:
    """Of this start: the launcher may start its processes again after a failure."""
    return f"stillhouse/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"
