"""On-policy distillation from a teacher of another vocabulary, by TRL's experimental GOLD trainer.

GOLD joins tokens by byte offsets, compares the probabilities of the tokens that both vocabularies have, and of the
others, sorted, how they are spread (Universal Logit Distillation, arXiv:2402.12030). An experimental trainer may change
with any release: this adapter knows one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from packaging.version import Version

from prompts.errors import InputError
from students.base.model import adapters, load_model
from students.corpus.data import read_corpus
from students.method import Setup
from students.methods.on_policy import OnPolicy
from students.training.settings import common_arguments
from students.training.teacher import load_teacher, load_teacher_tokenizer

FIRST, BEYOND = "1.16", "1.17"
"""The releases of TRL whose GOLD trainer this is written for: from the first, and before the other."""


def require_gold(installed: str) -> None:
    """InputError where the installed TRL's GOLD trainer is one that this adapter does not know."""
    if not Version(FIRST) <= Version(installed) < Version(BEYOND):
        raise InputError(
            f"a teacher of another vocabulary needs the GOLD trainer of trl {FIRST}, and trl {installed} is installed",
            field="student.on_policy.teacher",
            remedy=f"pip install 'trl>={FIRST},<{BEYOND}', or take a teacher of the student's vocabulary",
        )


def build_gold_trainer(setup: Setup, train_rows: Any) -> Any:
    """The trainer for a teacher of another vocabulary, which reads `train_rows` in their order.

    Raises InputError for another TRL, and for a tokenizer that is not byte-level or has no chat template.
    """
    require_gold(version("trl"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is experimental, which the recipe's reference says
        from students.on_policy.gold_trainer import GoldTrainer, teacher_prompts
    teacher_tokenizer = load_teacher_tokenizer(setup.job)
    # GOLD joins the two sides by byte offsets, and a WordPiece token has none.
    for tokenizer in (setup.tokenizer, teacher_tokenizer):
        _require_bytes(tokenizer)
    if not teacher_tokenizer.chat_template:
        raise InputError("has no chat template", path=setup.job.teacher, field="student.on_policy.teacher")
    corpus = read_corpus(setup.job.corpus, setup.job.config.validation_fraction)
    prompts = [row.prompt for row in (*corpus.train, *corpus.validation)]
    with _without_bars():
        return GoldTrainer(
            model=load_model(setup.job.base),
            teacher_model=load_teacher(setup.job),
            args=gold_arguments(setup),
            train_dataset=train_rows,
            eval_dataset=setup.data.validation,
            processing_class=setup.tokenizer,
            peft_config=adapters(setup.job.config.lora),
            callbacks=[setup.reporter],
            teacher_prompts=teacher_prompts(prompts, setup.tokenizer, teacher_tokenizer),
        )


@contextmanager
def _without_bars() -> Iterator[None]:
    """GOLD encodes its rows with datasets' progress bars, which no setting of a trainer turns off."""
    from datasets import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            enable_progress_bars()


def _require_bytes(tokenizer: Any) -> None:
    from trl.experimental.utils import is_byte_level_tokenizer

    if not is_byte_level_tokenizer(tokenizer.backend_tokenizer):
        raise InputError(
            f"GOLD joins tokens by their bytes, and the tokenizer of {tokenizer.name_or_path} is not byte-level",
            field="student.on_policy.teacher",
            remedy="Take a teacher of the student's vocabulary, or method distill, which needs text and logprobs only",
        )


def gold_arguments(setup: Setup) -> Any:
    """Says the config in GOLDTrainer's words."""
    from trl.experimental.gold import GOLDConfig

    config = setup.job.config
    settings = config.on_policy or OnPolicy()
    return GOLDConfig(
        **common_arguments(config, setup.job.work),
        max_length=None,  # rows that are too long are left out before
        packing=False,
        lmbda=1.0,  # all answers are the student's
        beta=settings.beta,
        temperature=settings.temperature,
        top_p=1.0,
        max_completion_length=settings.max_new_tokens,
        disable_dropout=False,
        teacher_tokenizer_name_or_path=setup.job.teacher,
        use_uld_loss=True,
        uld_use_hybrid_loss=True,
        # By default the share of the vocabularies in common: where a student has all of the teacher's tokens and more,
        # what it says in those more would cost nothing, and it learns to say nothing else.
        uld_hybrid_matched_weight=1.0,
        uld_hybrid_unmatched_weight=1.0,
        # The default, "observed", compares what comes after each token and multiplies in the wrong ones where tokens
        # are joined; this one follows the chain rule.
        uld_token_merge_strategy="bayesian",  # noqa: S106  # of the loss, no password
        uld_student_temperature=settings.temperature,
        uld_teacher_temperature=settings.temperature,
        # Skipped by default, so that a student would never learn when to stop.
        uld_skip_student_eos=False,
        uld_skip_teacher_eos=False,
    )
