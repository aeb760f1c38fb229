"""The recipe's prompts, rendered or as logged."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.recipe.recipe import Recipe
from prompts.logs.read import Skipped
from prompts.prompt import Prompt
from prompts.sources.load import Columns, Loaded, iter_logged, iter_prompts, load_logged, load_prompts
from prompts.template import load_template


class PromptStream:
    """The recipe's prompts, rendered or as logged, read anew at each iteration and never held whole.

    Iterating raises InputError for a bad template or rows, the latter after all the good ones: whoever acts on
    prompts before the end must be able to take it back.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._template = None
        if recipe.prompts.template is not None:
            self._template = load_template(recipe.prompts.template)
        self.rows = 0
        """Rows read by the last iteration; a prompt that comes again is a row too."""
        self.skipped = ""
        """Of a log, in words: how many records gave no prompt and why."""

    @property
    def has_system(self) -> bool:
        """Says whether any prompt begins with system text; of a log, all are read for it."""
        if self._template is not None:
            return self._template.head.system is not None
        return any(prompt.teacher_messages[0].role == "system" for prompt in self)

    def __iter__(self) -> Iterator[Prompt]:
        # Anew each time: a goal reads the rows again from the start, and a source of millions is never held whole.
        asked, skipped = self._recipe.prompts, Skipped()
        self.rows = 0
        if self._template is None:
            feed = iter_logged(asked.source, skipped, gold=asked.gold is not None, limit=asked.limit)
        else:
            columns = Columns(asked.gold, asked.group, self._recipe.combine.by)
            feed = iter_prompts(asked.source, self._template, columns, limit=asked.limit)
        for prompt in feed:
            self.rows += 1
            yield prompt
        self.skipped = str(skipped)


def recipe_prompts(recipe: Recipe) -> Loaded:
    """Reads the recipe's prompts, rendered or as logged; InputError for a bad template or row."""
    asked = recipe.prompts
    if asked.template is None:
        return load_logged(asked.source, gold=asked.gold is not None, limit=asked.limit)
    template = load_template(asked.template)
    columns = Columns(asked.gold, asked.group, recipe.combine.by)
    return load_prompts(asked.source, template, columns, limit=asked.limit)
