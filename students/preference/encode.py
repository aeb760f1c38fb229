"""Preferences as token ids: a row is a pair for DPO, and a single reply for KTO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from prompts.digest import digest
from prompts.messages import MessageDict
from students.corpus.data import TrainingRow
from students.corpus.encode import IGNORED, encode_row
from students.preference.pairs import Pair


@dataclass(slots=True, frozen=True)
class EncodedPreference:
    """A row as TRL's trainers of preferences take it."""

    key: str
    """The same for rows that must stay on one side of a split."""
    name: str
    """What messages call it."""
    columns: dict[str, Any]
    """Of a pair `prompt_ids`, `chosen_ids`, `rejected_ids`; of a single reply `prompt_ids`, `completion_ids` and
    `label`, true of a good one."""

    @property
    def length(self) -> int:
        """The tokens of its longest conversation."""
        replies = [self.columns[name] for name in REPLIES if name in self.columns]
        return len(self.columns["prompt_ids"]) + max(map(len, replies))

    @property
    def answer(self) -> list[int]:
        """Tells it from rows that teach something else: by the better reply, or by the reply and its label."""
        if "chosen_ids" in self.columns:
            return [*self.columns["chosen_ids"], 1]
        return [*self.columns["completion_ids"], int(self.columns["label"])]


REPLIES = ("chosen_ids", "rejected_ids", "completion_ids")


@dataclass(slots=True, frozen=True)
class SingleReply:
    """A reply that is good or bad, whatever it was compared with."""

    prompt: list[MessageDict]
    reply: list[MessageDict]
    good: bool
    key: str
    name: str


def encode_pairs(pairs: Iterable[Pair], tokenizer: Any) -> Iterator[EncodedPreference]:
    """Encodes the pairs that have both sides."""
    for pair in pairs:
        if pair.chosen is None or pair.rejected is None:
            continue
        chosen, chosen_start = _encode(pair.prompt, pair.chosen, tokenizer)
        rejected, rejected_start = _encode(pair.prompt, pair.rejected, tokenizer)
        # A tokenizer may join one reply's first letters to the header and not the other's: what both share is prompt.
        start = min(chosen_start, rejected_start)
        columns = {
            "prompt_ids": chosen[:start],
            "chosen_ids": chosen[start:],
            "rejected_ids": rejected[start:],
        }
        yield EncodedPreference(pair.key, pair.name, columns)


def encode_replies(replies: Iterable[SingleReply], tokenizer: Any) -> Iterator[EncodedPreference]:
    """Encodes each good and each bad reply to a prompt once, by the first that says it."""
    seen: set[str] = set()
    for single in replies:
        identity = digest([single.prompt, single.reply, single.good])
        if identity in seen:
            continue
        seen.add(identity)
        ids, start = _encode(single.prompt, single.reply, tokenizer)
        columns = {"prompt_ids": ids[:start], "completion_ids": ids[start:], "label": single.good}
        yield EncodedPreference(single.key, single.name, columns)


def single_replies(pairs: Sequence[Pair], kept: Iterable[TrainingRow]) -> Iterator[SingleReply]:
    """Takes pairs apart: the kept rows first, then all better replies, then all worse ones."""
    for row in kept:
        yield SingleReply(row.prompt, row.completion, True, row.key, row.name)
    for pair in pairs:
        if pair.chosen:
            yield SingleReply(pair.prompt, pair.chosen, True, pair.key, pair.name)
    for pair in pairs:
        if pair.rejected:
            yield SingleReply(pair.prompt, pair.rejected, False, pair.key, pair.name)


def _encode(prompt: list[MessageDict], reply: list[MessageDict], tokenizer: Any) -> tuple[list[int], int]:
    """A conversation's tokens, and where the reply begins."""
    encoded = encode_row(TrainingRow(prompt, reply, ""), tokenizer)
    return encoded["input_ids"], encoded["labels"].count(IGNORED)
