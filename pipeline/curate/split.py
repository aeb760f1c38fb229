"""Train or held-out: decided before any step looks at a reply."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
    """Each row's side. Rows of one group are on one side, and so are groups with near-duplicate prompts.

    `rows` have `prompt_id`, `group` and `gold`; `bare` gives each prompt id what the student will be asked.
    """
    groups = [row["group"] or row["prompt_id"] for row in rows]
    names = _block_names(rows, groups, student_messages, config)
    if not config.stratify:
        return [side(names[group], config) for group in groups]
    held = _stratified(_blocks(rows, [names[group] for group in groups]), config)
    return ["heldout" if names[group] in held else "train" for group in groups]


def side(group: str, split: Split) -> Side:
    """The side of a group: its digest, read as a number in [0, 1), against the held-out share."""
    return "heldout" if _share(group, split) < split.heldout else "train"


def _share(group: str, split: Split) -> float:
    return share_of([split.seed, group])


def _block_names(
    rows: Sequence[Mapping[str, Any]],
    groups: Sequence[str],
    student_messages: Mapping[str, Conversation],
    config: Split,
) -> dict[str, str]:
    """Per group the one that decides for it: of those that near-duplicates connect, that of the smallest digest."""
    parents = {group: group for group in groups}
    if config.near is not None:
        prompts = {row["prompt_id"]: group for row, group in zip(rows, groups, strict=True)}
        texts = ["\n".join(turn.content for turn in student_messages[prompt]) for prompt in prompts]
        clusters = near_clusters(texts, config.near, NGRAM).tolist()
        owners = list(prompts.values())
        pairs = [(group, owners[first]) for group, first in zip(owners, clusters, strict=True)]
        pairs += [(group, prompts[row["prompt_id"]]) for row, group in zip(rows, groups, strict=True)]
        for group, other in pairs:
            ends = {_root(parents, group), _root(parents, other)}
            parents[max(ends, key=digest)] = min(ends, key=digest)
    return {group: _root(parents, group) for group in parents}


def _root(parents: dict[str, str], group: str) -> str:
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
    return min(counts, key=lambda gold: (-counts[gold], gold), default=None)


def _stratified(blocks: Iterable[_Block], config: Split) -> set[str]:
    """The names of the blocks held out: of each gold label's prompts the share asked, to the nearest block.

    Labels too few to hold one out are one stratum; blocks without gold are another.
    """
    strata: dict[str | None, list[_Block]] = defaultdict(list)
    for block in blocks:
        strata[block.gold].append(block)
    rare = [gold for gold, found in strata.items() if gold is not None and _target(found, config) < 1]
    rest = [block for gold in rare for block in strata.pop(gold)]
    return {name for found in (*strata.values(), rest) for name in _held(found, config)}


def _target(blocks: Iterable[_Block], config: Split) -> int:
    return round(config.heldout * sum(block.prompts for block in blocks))


def _held(blocks: Sequence[_Block], config: Split) -> list[str]:
    """Blocks in the order of their digests' shares, each where it brings the count nearer to the target."""
    target, held, names = _target(blocks, config), 0, []
    for block in sorted(blocks, key=lambda block: (_share(block.name, config), block.name)):
        if abs(held + block.prompts - target) < abs(held - target):
            held += block.prompts
            names.append(block.name)
    return names
