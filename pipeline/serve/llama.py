"""llama.cpp's own OpenAI-compatible server out of xllamacpp, as a program: where there is no `llama-server`.

It takes the arguments of `llama-server` that `stillhouse serve` uses, and runs until it is told to stop.
"""

from __future__ import annotations

import argparse
import signal

IN_FLIGHT = 4
"""Requests answered at once: llama-server's own default."""


def main() -> None:
    """Serves until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("model", "alias", "host"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = _start(arguments)
    try:
        signal.pause()
    except KeyboardInterrupt:
        del server  # its destructor stops it


def _start(arguments: argparse.Namespace) -> object:
    import xllamacpp

    from teachers.local.gguf import CONTEXT_TOKENS, cores

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = arguments.model, {arguments.alias}
    params.hostnames, params.port = [arguments.host], arguments.port
    # llama.cpp divides the context among the requests in flight.
    params.n_parallel, params.n_ctx = IN_FLIGHT, IN_FLIGHT * CONTEXT_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cores()
    params.fit_params = params.warmup = False  # neither pays for itself with a small model on a CPU
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
