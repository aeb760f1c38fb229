"""A teacher in memory beside the student that it teaches."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from prompts.errors import InputError
from students.job import Job


def require_teacher(job: Job) -> str:
    """Where the job's teacher is; InputError where it has none."""
    if job.teacher is None:
        remedy = "Name a model as a base is named, and pass it to train() from prepare_base"
        raise InputError("needs a teacher in memory", field=teacher_field(job), remedy=remedy)
    return job.teacher


def teacher_field(job: Job) -> str:
    """The field of the recipe that names the teacher in memory."""
    return f"student.{job.config.teacher_section}.teacher"


def load_teacher(job: Job) -> Any:
    """The job's teacher, frozen, to be read only; on a GPU in bfloat16. InputError where it cannot be loaded."""
    path = require_teacher(job)
    dtype = torch.float32
    if torch.cuda.is_available() and torch.cuda.is_bf16_supported():
        dtype = torch.bfloat16  # it is only read, so that nothing small adds up
    try:
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be loaded: {error}", path=path, field=teacher_field(job)) from error
    # Without dropout: it is asked for what it knows.
    return model.requires_grad_(requires_grad=False).eval()


def load_teacher_tokenizer(job: Job) -> Any:
    """The tokenizer of the job's teacher; InputError where it cannot be loaded."""
    path = require_teacher(job)
    try:
        return AutoTokenizer.from_pretrained(path, trust_remote_code=False)
    except (OSError, ValueError) as error:
        problem = f"its tokenizer cannot be loaded: {error}"
        raise InputError(problem, path=path, field=teacher_field(job)) from error


def same_tokens(student: Any, teacher: Any) -> bool:
    """Compares two tokenizers: where they mean the same by every id, ids and logits can be compared as they are."""
    same: bool = student.get_vocab() == teacher.get_vocab()
    return same


def require_same_tokens(job: Job, tokenizer: Any) -> None:
    """InputError where the job's teacher reads other token ids than `tokenizer` writes."""
    if not same_tokens(tokenizer, load_teacher_tokenizer(job)):
        raise InputError(
            "its tokenizer is not the student's",
            path=job.teacher,
            field=teacher_field(job),
            remedy="Take a teacher of the student's family, or method on_policy, which can compare other vocabularies",
        )
