"""Addresses: a taken port is told first, a server that listens everywhere is asked here."""

from __future__ import annotations

import pytest

from pipeline.serve.child import base_url, free_port
from prompts.errors import InputError


def test_a_taken_port_is_told_before_anything_is_loaded() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="--port"):
            free_port("127.0.0.1", taken.getsockname()[1])
    assert free_port("127.0.0.1", 0) > 0


def test_a_server_that_listens_everywhere_is_asked_here() -> None:
    assert base_url("0.0.0.0", 1) == "http://127.0.0.1:1/v1"
    assert base_url("::1", 1) == "http://[::1]:1/v1"
