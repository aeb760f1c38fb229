"""The package stage, declared."""

from __future__ import annotations

from pipeline.run.stage import Stage
from students.export.find import require_exports

STAGE = Stage(
    "package",
    module="pipeline.package.stage",
    inputs=lambda recipe: recipe.exports,
    outputs=lambda run: (run.package,),
    check=lambda context: require_exports(context.recipe.exports),
    is_wanted=lambda recipe: bool(recipe.exports),
)
