"""Static embedding models: a vector a token, so that a text is embedded in microseconds, without a transformer.

A transformer becomes one once (Tulkens and van Dongen, Model2Vec, 2024: every token of the vocabulary embedded alone,
the principal components kept, frequent tokens weighted down), and the result is kept in a folder of the user's own,
named by the digest of what it was made from: decision 0017.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.recipe.embedding_models import KNOWN, PACKAGED, is_hub_id, packaged_folder
from prompts.digest import digest, digest_file
from prompts.errors import InputError, MissingExtra
from students.files import publish
from students.quiet import quiet

if TYPE_CHECKING:
    from model2vec import StaticModel

FORMAT = 1
"""Raised when the same transformer is made into another model, so that the cache forgets the old ones."""


@lru_cache(2)  # a step and a selection ask for the same
def static_model(spec: str, field: str) -> StaticModel:
    """Loads the model of a packaged name, a folder (static, or a transformer that is distilled once) or a hub id.

    InputError, with the field, where there is none; MissingExtra without the extra `semantic`.
    """
    try:
        from model2vec import StaticModel
    except ImportError as error:
        raise MissingExtra("embedding texts", "semantic") from error
    folder: Path | str = spec
    if spec in PACKAGED:
        folder = _distilled(packaged_folder(spec, field), field)
    elif Path(spec).is_dir():
        folder = Path(spec) if _is_static(Path(spec)) else _distilled(Path(spec), field)
    elif not is_hub_id(spec):
        raise InputError(f"no such model: {spec}", field=field, remedy=f"Give {KNOWN}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # model2vec leaves its files for Python to close
            model = StaticModel.from_pretrained(folder, force_download=False)
    except Exception as error:  # the hub's, safetensors' and tokenizers' own errors have no common class
        raise InputError(f"cannot be read as a static model: {error}", field=field, remedy=f"Give {KNOWN}") from error
    model.tokenizer.no_padding()  # or a text's vector would depend on those beside it
    return model


def cache_folder() -> Path:
    """Returns where distilled models are kept: STILLHOUSE_CACHE, else `stillhouse` in the user's own cache folder."""
    if own := os.environ.get("STILLHOUSE_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stillhouse"


def _distilled(transformer: Path, field: str) -> Path:
    """Returns the static model made of a transformer's folder, kept for next time."""
    target = cache_folder() / f"static-{digest([FORMAT, digest_file(transformer)])}"
    # Looked for twice: without the lock, as nearly always it is there, and with it, as another may have made it since.
    if not target.is_dir():
        with _alone(target):
            if not target.is_dir():
                publish(target, lambda folder: _distil(transformer, folder, field))
    return target


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Lets one process at a time make the same model; the others wait and then find it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _distil(transformer: Path, target: Path, field: str) -> None:
    """Distils a transformer. Takes some ten seconds of two cores for a vocabulary of 30,000 tokens."""
    if any(find_spec(name) is None for name in ("torch", "transformers")):
        raise MissingExtra("making a static model of a transformer", "train")
    from pipeline.curate.distil_static import distil

    with quiet(), redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            distil(transformer).save_pretrained(target)
        except (OSError, ValueError, KeyError, AttributeError, RuntimeError) as error:
            raise InputError(
                f"cannot be made a static model: {error}", path=transformer, field=field, remedy=f"Give {KNOWN}"
            ) from error


def _is_static(folder: Path) -> bool:
    """Says whether it is a static model already: model2vec's own layout, or sentence-transformers'."""
    # A transformer's folder has the same files, so their content must tell.
    for name, sign in (("config.json", '"model2vec"'), ("modules.json", "StaticEmbedding")):
        file = folder / name
        if file.is_file() and sign in json.dumps(json.loads(file.read_bytes())):
            return True
    return False
