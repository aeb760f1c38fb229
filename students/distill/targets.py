"""The encoded corpus with its soft targets, made once per corpus, tokenizer and chat template.

A Parquet file, a row each: `key`, `name`, `input_ids`, `answer` (the index of the first taught token),
`sampled_plainly`, and per answer token `sizes` (0 where nothing is known), then all tokens' `ids` and `logprobs` in one
list each, and `tails` of those that have one. Heads are float16, as near as a printed logprob is; tails are float32,
for they are small differences. A dictionary of each row group's tokens keeps an id at two bytes or less.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from prompts.digest import digest, digest_file
from prompts.errors import InputError
from students.corpus.data import SIGNALS, TrainingRow, read_rows, read_teachers
from students.corpus.encode import IGNORED, encode_row
from students.distill.align import Targets, TeacherToken, align, mix
from students.distill.soft_labels import soft_label_targets
from students.distill.token_table import TokenTable
from students.files import publish_file

FORMAT = 3
"""Raised when the same corpus would be aligned otherwise."""
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("name", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
        ("answer", pa.int32()),
        ("weight", pa.float32()),
        ("sampled_plainly", pa.bool_()),
        ("sizes", pa.list_(pa.uint16())),
        ("ids", pa.list_(pa.int32())),
        ("logprobs", pa.list_(pa.float16())),
        ("tails", pa.list_(pa.float32())),
    ]
)
ROW_GROUP = 1024
"""Rows that are held in memory until they are written."""


@dataclass(slots=True)
class Coverage:
    """The share of the answers that the teacher's probabilities reach."""

    tokens: int = 0
    """Answer tokens, the end of the turn aside: an API seldom says how likely that was."""
    covered: int = 0
    mass: float = 0.0
    rows: int = 0
    silent_rows: int = 0
    """Rows without any soft target: no logprobs, or a text that the logprobs are not of."""

    def add(self, targets: Targets) -> None:
        """Counts one row, whose last token ends the turn."""
        known = [target for target in targets[:-1] if target is not None]
        self.rows += 1
        self.silent_rows += not known
        self.tokens += max(len(targets) - 1, 0)
        self.covered += len(known)
        self.mass += sum(1 - target.tail for target in known)

    def measures(self) -> dict[str, float]:
        """For the result and the card."""
        return {
            "soft_target_coverage": self.covered / max(self.tokens, 1),
            "soft_target_head_mass": self.mass / max(self.covered, 1),
            "rows_without_soft_targets": self.silent_rows,
        }


def prepare_targets(corpus: Path, tokenizer: Any, weights: dict[str, float], cache: Path) -> Path:
    """The file for this corpus and tokenizer, made if it is not in `cache`; its metadata has the coverage.

    Raises InputError for a corpus that cannot be read, weights of a teacher that is not in it, or a tokenizer whose
    tokens have no bytes.
    """
    require_known(weights, read_teachers(corpus))
    # All that an encoded row depends on. The base's weights do not decide it: bases of one tokenizer share the file.
    key = [FORMAT, digest_file(corpus), tokenizer.backend_tokenizer.to_str(), tokenizer.chat_template, weights]
    path = cache / f"targets-{digest(key)}.parquet"
    if not path.is_file():
        publish_file(path, lambda target: _write(corpus, tokenizer, weights, target))
    return path


def require_known(weights: Iterable[str], teachers: set[str]) -> None:
    """InputError for the weight of a teacher that the corpus has no row of: it would change nothing, unsaid."""
    for name in weights:
        if name not in teachers:
            field = f"student.distill.weights.{name}"
            remedy = f"The corpus has {', '.join(sorted(teachers)) or 'no column teacher'}"
            raise InputError("no train row is this teacher's", field=field, remedy=remedy)


def read_measures(path: Path) -> dict[str, float]:
    """The coverage of a file of targets."""
    metadata = pq.read_metadata(path).metadata
    return {name: float(metadata[name.encode()]) for name in Coverage().measures()}


def _write(corpus: Path, tokenizer: Any, weights: dict[str, float], target: Path) -> None:
    coverage = Coverage()
    with pq.ParquetWriter(target, SCHEMA, compression="zstd") as writer:
        group: list[dict[str, Any]] = []
        for row in _rows(corpus, tokenizer, weights, coverage):
            group.append(row)
            if len(group) == ROW_GROUP:
                writer.write_table(pa.Table.from_pylist(group, SCHEMA))
                group = []
        writer.write_table(pa.Table.from_pylist(group, SCHEMA))
        writer.add_key_value_metadata({name: str(value) for name, value in coverage.measures().items()})


def _rows(corpus: Path, tokenizer: Any, weights: dict[str, float], coverage: Coverage) -> Iterator[dict[str, Any]]:
    table = TokenTable(tokenizer)
    for rows in _same_text(corpus):
        encoded = encode_row(rows[0], tokenizer)
        answer = _answer_start(encoded["labels"])
        ids = encoded["input_ids"][answer:]
        each = [(weights.get(row.teacher, 1.0), row_targets(row, ids, tokenizer, table)) for row in rows]
        targets = each[0][1]
        if len(each) > 1:
            targets = mix(each)
        coverage.add(targets)
        yield {
            "key": rows[0].key,
            "name": rows[0].name,
            "input_ids": encoded["input_ids"],
            "labels": encoded["labels"],
            "answer": answer,
            "weight": max(weight for weight, _ in each),
            "sampled_plainly": all(row.sampled_plainly for row in rows),
            **pack(targets),
        }


def _answer_start(labels: Sequence[int]) -> int:
    """The index of the first taught token; 0 where none is taught."""
    for place, label in enumerate(labels):
        if label != IGNORED:
            return place
    return 0


def _same_text(corpus: Path) -> Iterator[list[TrainingRow]]:
    """Rows of one prompt and one text, from different teachers, together; in the order of the first of each.

    They are held in memory only where there are several teachers.
    """
    if len(read_teachers(corpus)) < 2:
        for row in read_rows(corpus, SIGNALS):
            yield [row]
        return
    together: dict[str, list[TrainingRow]] = {}
    for row in read_rows(corpus, SIGNALS):
        together.setdefault(digest([row.prompt, row.completion]), []).append(row)
    for same in together.values():
        # The same teacher twice said the same twice: that is two rows.
        if len({row.teacher for row in same}) == len(same):
            yield same
        else:
            for row in same:
                yield [row]


def row_targets(row: TrainingRow, ids: Sequence[int], tokenizer: Any, table: TokenTable) -> Targets:
    """A row's soft targets: of its soft labels where curation made some, else of its logprobs.

    None of its tokens has one where the logprobs are of another text than the row teaches.
    """
    if row.soft_labels:
        # They count before logprobs: the curation step that made them has looked at these.
        labels = [(_answer_ids(row, text, tokenizer), share) for text, share in row.soft_labels]
        return soft_label_targets(ids, labels)
    nothing: Targets = [None] * len(ids)
    reply = "".join(turn["content"] for turn in row.completion).encode()
    tokens = [_teacher_token(token) for token in row.tokens or ()]
    if not tokens or b"".join(token.piece for token in tokens) != reply:
        return nothing
    return align(tokens, ids, reply, table) or nothing


def _answer_ids(row: TrainingRow, text: str, tokenizer: Any) -> list[int]:
    other = TrainingRow(row.prompt, [{"role": "assistant", "content": text}], row.key)
    # An ignored label stands on the prompt alone; every other is the answer's own token.
    return [label for label in encode_row(other, tokenizer)["labels"] if label != IGNORED]


def _teacher_token(token: dict[str, Any]) -> TeacherToken:
    top = tuple((item["bytes"], item["id"], item["logprob"]) for item in token["top"] or ())
    return TeacherToken(token["bytes"], top)


def pack(targets: Targets) -> dict[str, list[Any]]:
    """A row's targets as the file's columns."""
    sizes: list[int] = []
    ids: list[int] = []
    logprobs: list[float] = []
    tails: list[float] = []
    for target in targets:
        if target is None:
            sizes.append(0)
            continue
        sizes.append(len(target.head))
        tails.append(target.tail)
        for index, share in target.head:
            ids.append(index)
            logprobs.append(math.log(share))
    return {"sizes": sizes, "ids": ids, "logprobs": logprobs, "tails": tails}


def require_coverage(path: Path, corpus: Path, least: float) -> dict[str, float]:
    """The measures of a file of targets; InputError where too few answer tokens have one, saying why."""
    measures = read_measures(path)
    covered = measures["soft_target_coverage"]
    if covered >= least:
        return measures
    problem = f"{covered:.0%} of the answer tokens have a soft target, and student.distill.min_coverage is {least:.0%}"
    silent = int(measures["rows_without_soft_targets"])
    if silent:
        remedy = (
            f"{silent:,} rows have none at all: set generate.top_logprobs with a teacher that gives logprobs, rescore "
            "with one that does, let curation make soft labels, or train with method sft"
        )
    else:
        remedy = (
            "The tokenizers cut the text at too few common places: take a base of the teacher's family, or method sft"
        )
    raise InputError(problem, path=corpus, field="tokens", remedy=remedy)
