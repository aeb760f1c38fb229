"""Libraries that keep silent: a training speaks through its progress, not on the terminal, nor to the hub."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """transformers shows no bars, logs errors only and keeps its plans to itself; its settings come back afterwards."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # what trl and transformers will rename next
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


class Unreported:
    """Before a trainer of TRL's among the bases: TRL reports each to the hub, stillhouse reports nothing to anybody."""

    def _send_telemetry(self) -> None:
        pass
