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
    recipe_path = find_recipe(Path("quickstart"))
    recipe = load_recipe(recipe_path)
    source, template = recipe.prompts.source, recipe.prompts.template
    assert template is not None  # the quickstart's source is rows
    targets = {source: directory / source.name, template: directory / template.name}
    written = directory / "recipe.yaml"
    for target in (*targets.values(), written):
        if target.exists():
            raise InputError("exists already", path=target, remedy="Give a new directory")
    directory.mkdir(parents=True, exist_ok=True)
    for origin, target in targets.items():
        shutil.copyfile(origin, target)
    values = yaml.safe_load(recipe_path.read_text(encoding="utf-8"))
    values["name"] = directory.resolve().name
    values["prompts"] |= {"source": source.name, "template": template.name}
    values["prompts"].pop("license", None)  # of these mails: the data that replace them have their own
    written.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return {"recipe": str(written), "files": [str(target) for target in targets.values()]}


def render_starter(starter: dict[str, Any]) -> str:
    """What was written and what to do next."""
    files = "\n".join(f"  {name}" for name in (starter["recipe"], *starter["files"]))
    return f"wrote\n{files}\nnext: stillhouse plan {starter['recipe']}, then stillhouse run {starter['recipe']}"
