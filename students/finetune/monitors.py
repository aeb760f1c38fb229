"""Where a training may be watched from: TensorBoard, Trackio, Weights & Biases, MLflow.

Each writes below one folder and sends nothing: a server is used only where its own environment variable names one
(TRACKIO_SPACE_ID, WANDB_MODE=online, MLFLOW_TRACKING_URI). Imported only when asked for.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from prompts.errors import MissingExtra

PROJECT = "stillhouse"


def require_monitors(names: Sequence[str]) -> None:
    """MissingExtra, which names the install command, for the first that is not installed."""
    for name in names:
        if find_spec(name) is None:
            raise MissingExtra(f"student.report_to: {name}", name)


def monitors(names: Sequence[str], logs: Path) -> list[Any]:
    """A transformers callback for each name, writing below `logs`."""
    require_monitors(names)
    return [MAKE[name](logs.resolve()) for name in names]


def _tensorboard(logs: Path) -> Any:
    from transformers.integrations import TensorBoardCallback

    callback = TensorBoardCallback()
    callback.logging_dir = os.environ.get("TENSORBOARD_LOGGING_DIR", str(logs / "tensorboard"))
    return callback


def _trackio(logs: Path) -> Any:
    import trackio  # noqa: F401  # its modules, whose folder is set below
    from transformers.integrations import TrackioCallback

    if "TRACKIO_DIR" not in os.environ:
        # Read once, when trackio is imported, and trl imports it: by now it may be the home directory's.
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == "trackio" and hasattr(module, "TRACKIO_DIR"):
                setattr(module, "TRACKIO_DIR", logs / "trackio")  # noqa: B010

    class SilentTrackio(TrackioCallback):  # type: ignore[misc]  # transformers is untyped
        """Trackio greets on stdout, which is for results."""

        def setup(self, *arguments: Any, **options: Any) -> None:
            with redirect_stdout(io.StringIO()):
                super().setup(*arguments, **options)

        def on_train_end(self, *arguments: Any, **options: Any) -> None:
            with redirect_stdout(io.StringIO()):
                super().on_train_end(*arguments, **options)

    return SilentTrackio()


def _wandb(logs: Path) -> Any:
    for name, value in (("MODE", "offline"), ("SILENT", "true"), ("DIR", str(logs)), ("PROJECT", PROJECT)):
        os.environ.setdefault(f"WANDB_{name}", value)
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    logs.mkdir(parents=True, exist_ok=True)  # else wandb takes a temporary folder
    from transformers.integrations import WandbCallback

    return WandbCallback()


def _mlflow(logs: Path) -> Any:
    os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{logs / 'mlflow.db'}")
    os.environ.setdefault("MLFLOW_EXPERIMENT_NAME", PROJECT)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    logs.mkdir(parents=True, exist_ok=True)
    from transformers.integrations import MLflowCallback

    return MLflowCallback()


MAKE: dict[str, Callable[[Path], Any]] = {
    "tensorboard": _tensorboard,
    "trackio": _trackio,
    "wandb": _wandb,
    "mlflow": _mlflow,
}
