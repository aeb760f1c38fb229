"""`stillhouse init`: the quickstart's recipe, template and data, to be made one's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from pipeline.recipe.load import find_recipe, load_recipe
from prompts.errors import InputError


def write_starter(directory: Path) -> dict[str, Any]:
    """Copies the quickstart into an empty or new directory; InputError if anything would be overwritten."""
    quickstart = find_recipe(Path("quickstart"))
    prompts = load_recipe(quickstart).prompts
    assert prompts.template is not None  # the quickstart's source is rows
    copies = {file: directory / file.name for file in (prompts.source, prompts.template)}
    recipe = directory / "recipe.yaml"
    # All before the first is written: a folder that is half a starter would be refused by the next try.
    for target in (*copies.values(), recipe):
        if target.exists():
            raise InputError("exists already", path=target, remedy="Give a new directory")
    directory.mkdir(parents=True, exist_ok=True)
    for origin, target in copies.items():
        shutil.copyfile(origin, target)
    values = yaml.safe_load(quickstart.read_text(encoding="utf-8"))
    values["name"] = directory.resolve().name
    values["prompts"] |= {"source": prompts.source.name, "template": prompts.template.name}
    values["prompts"].pop("license", None)  # of these mails: the data that replace them have their own
    recipe.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return {"recipe": str(recipe), "files": [str(target) for target in copies.values()]}


def render_starter(starter: dict[str, Any]) -> str:
    """Returns what was written and what to do next, as text."""
    files = "\n".join(f"  {name}" for name in (starter["recipe"], *starter["files"]))
    return f"wrote\n{files}\nnext: stillhouse plan {starter['recipe']}, then stillhouse run {starter['recipe']}"
