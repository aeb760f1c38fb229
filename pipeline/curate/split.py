"""Train or held-out: decided before any step looks at a reply."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.curate.clusters import near_clusters
from pipeline.recipe.curate import Split
from pipeline.recipe.verdict import Side
from prompts.digest import digest, share_of
from prompts.messages import Conversation

NGRAM = 3
"""Words in a shingle, as in the step `near`."""


@dataclass(slots=True, frozen=True)
class _Block:
    """Prompts that stay on one side together."""

    name: str
    """That of one of its groups."""
    prompts: int
    gold: str | None
    """The commonest of its prompts, where any has one."""


def sides_of(
    rows: Sequence[Mapping[str, Any]], student_messages: Mapping[str, Conversation], config: Split
) -> list[Side]:
    """Returns each row's side. Rows of one group are on one side, and so are groups with near-duplicate prompts.

    `rows` have `prompt_id`, `group` and `gold`; `student_messages` gives each prompt id what the student will be asked.
    """
    # A row without a group is its own, but for its prompt's other samples.
    groups = [row["group"] or row["prompt_id"] for row in rows]
    block_of = _block_names(rows, groups, student_messages, config)
    names = [block_of[group] for group in groups]
    # By the name alone: a row added later leaves every other block where it is.
    if not config.stratify:
        return [side(name, config) for name in names]
    held = _stratified(_blocks(rows, names), config)
    return ["heldout" if name in held else "train" for name in names]


def side(group: str, split: Split) -> Side:
    """Returns the side of a group: its digest, read as a number in [0, 1), against the held-out share."""
    return "heldout" if _share(group, split) < split.heldout else "train"


def _share(group: str, split: Split) -> float:
    return share_of([split.seed, group])


def _block_names(
    rows: Sequence[Mapping[str, Any]],
    groups: Sequence[str],
    student_messages: Mapping[str, Conversation],
    config: Split,
) -> dict[str, str]:
    """Returns, per group, the one that decides for it: of those that near-duplicates connect, the smallest digest's."""
    parents = {group: group for group in groups}
    if config.near is not None:
        for group, other in _near_groups(rows, groups, student_messages, config.near):
            ends = {_root(parents, group), _root(parents, other)}
            # By digest and not by name, so that which group decides is chance and no order of the source's own.
            parents[max(ends, key=digest)] = min(ends, key=digest)
    return {group: _root(parents, group) for group in parents}


def _near_groups(
    rows: Sequence[Mapping[str, Any]], groups: Sequence[str], student_messages: Mapping[str, Conversation], near: float
) -> Iterator[tuple[str, str]]:
    """Yields pairs of groups that belong together: by prompts that are near, or by one prompt in both."""
    group_of: dict[str, str] = {}
    for row, group in zip(rows, groups, strict=True):
        group_of[row["prompt_id"]] = group
    texts = ["\n".join(turn.content for turn in student_messages[prompt]) for prompt in group_of]
    owners = list(group_of.values())
    for group, first in zip(owners, near_clusters(texts, near, NGRAM).tolist(), strict=True):
        yield group, owners[first]
    for row, group in zip(rows, groups, strict=True):
        yield group, group_of[row["prompt_id"]]


def _root(parents: dict[str, str], group: str) -> str:
    """Follows a group to the one that stands for its block, and halves the way there for the next time."""
    while parents[group] != group:
        parents[group] = parents[parents[group]]
        group = parents[group]
    return group


def _blocks(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[_Block]:
    golds: dict[str, dict[str, str | None]] = defaultdict(dict)
    for row, name in zip(rows, names, strict=True):
        golds[name][row["prompt_id"]] = row["gold"]
    return [_Block(name, len(prompts), _commonest(prompts.values())) for name, prompts in golds.items()]


def _commonest(golds: Iterable[str | None]) -> str | None:
    counts = Counter(gold for gold in golds if gold is not None)
    # A tie goes by the label, not by which row came first.
    return min(counts, key=lambda gold: (-counts[gold], gold), default=None)


def _stratified(blocks: Iterable[_Block], config: Split) -> set[str]:
    """Names the blocks held out: of each gold label's prompts the share asked, to the nearest block.

    Labels too few to hold one out are one stratum; blocks without gold are another.
    """
    by_gold: dict[str | None, list[_Block]] = defaultdict(list)
    for block in blocks:
        by_gold[block.gold].append(block)
    rare: list[_Block] = []
    strata = [rare]
    for gold, of_gold in by_gold.items():
        if gold is not None and _target(of_gold, config) < 1:
            rare.extend(of_gold)
        else:
            strata.append(of_gold)
    held: set[str] = set()
    for stratum in strata:
        held.update(_held(stratum, config))
    return held


def _target(blocks: Iterable[_Block], config: Split) -> int:
    return round(config.heldout * sum(block.prompts for block in blocks))


def _held(blocks: Sequence[_Block], config: Split) -> list[str]:
    """Takes blocks in the order of their digests' shares, each where it brings the count nearer to the target."""
    target, held, names = _target(blocks, config), 0, []
    for block in sorted(blocks, key=lambda block: (_share(block.name, config), block.name)):
        if abs(held + block.prompts - target) < abs(held - target):
            held += block.prompts
            names.append(block.name)
    return names
