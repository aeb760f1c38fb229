"""on_policy: what a teacher in memory makes of the student's own answers."""

from __future__ import annotations

from pydantic import Field

from students.methods.declaration import Declaration, MethodSettings


class OnPolicy(MethodSettings):
    """The student writes, and a teacher in memory says at each token how it would have gone on."""

    teacher: str | None = None
    """The model in memory, named as a base is: `smollm2-135m`, a path or a hub id. None: the recipe's own teacher,
    where it is one of `huggingface:` or `gguf:`. One of another vocabulary goes through TRL's experimental GOLD."""
    beta: float = Field(default=1.0, ge=0, le=1)
    """Between the two directions of the generalised Jensen-Shannon divergence (arXiv:2306.13649): 0 is the forward KL,
    which spreads the student over all that the teacher might say; 1 the reverse KL, which keeps it to what the teacher
    would surely say; 0.5 the even mixture."""
    temperature: float = Field(default=1.0, gt=0)
    """At which the student writes, and at which both distributions are compared."""
    max_new_tokens: int = Field(default=128, ge=1)
    """The longest answer that the student writes. A prompt that leaves less room in max_length is left out."""

    def check_beside(self, batch_size: int, max_length: int) -> None:
        """Raises ValueError where an answer leaves a prompt no room."""
        if self.max_new_tokens >= max_length:
            raise ValueError("'on_policy.max_new_tokens' leaves no room for a prompt in 'max_length'")


# Its rows grow by what the student writes, which may be any of the base's tokens.
DECLARATION = Declaration(settings=OnPolicy, needs_teacher=True)
