"""`stillhouse serve`: a run's student as an OpenAI-compatible endpoint, until Ctrl-C."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from pipeline.run.directory import RunDir
from pipeline.run.progress import Progress
from pipeline.serve.cascade_server import serve_cascade
from pipeline.serve.child import free_port, serve_child
from pipeline.serve.engines import EngineName, choose
from pipeline.serve.fallback import Fallback
from pipeline.serve.ready import describe
from pipeline.serve.serving import Announce, Serving
from prompts.errors import InputError


@dataclass(slots=True, frozen=True)
class ServeOptions:
    """The command's options."""

    engine: EngineName | None = None
    export: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes any that is free."""
    cascade: str | None = None
    """The confidence below which the teacher is asked, or `fallback.CHOSEN`; None serves the student alone."""
    teacher: str | None = None
    """The cascade's teacher; default: the run's."""


def serve(root: Path, options: ServeOptions, announce: Announce, progress: Progress) -> None:
    """Serves the student until Ctrl-C or SIGTERM, then returns; `announce` is called once it answers.

    InputError where the run has no student or the port is taken, MissingExtra, AuthError where the teacher's key is
    missing, RunError where the server ends.
    """
    run = RunDir(root)
    run.load_manifest()
    engine = choose(run, options.engine, options.export)
    if options.cascade is None and options.teacher is not None:
        raise InputError("is asked in a cascade alone", field="--teacher", remedy="Give --cascade as well")
    fallback = None
    if options.cascade is not None:
        fallback = Fallback.of(run, options.cascade, options.teacher)
    port = free_port(options.host, options.port)
    serving = Serving(run, engine, options.host, port, announce, progress)
    # SIGTERM as Ctrl-C: servers that this one started are stopped on the way out.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if fallback is None:
            _serve_alone(serving)
        else:
            serve_cascade(serving, fallback)
    except KeyboardInterrupt:
        progress.say("serve: stopped")
    finally:
        signal.signal(signal.SIGTERM, before)


def _serve_alone(serving: Serving) -> None:
    run, engine = serving.run, serving.engine
    with serve_child(engine, serving.host, serving.port, run.serve_log) as child:
        serving.announce(describe(run, engine, child.base_url, str(child.log)))
        child.wait()
