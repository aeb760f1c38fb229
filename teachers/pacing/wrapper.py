"""A teacher around a teacher: the one it wraps, but for what it adds."""

from __future__ import annotations

from teachers.base import Capabilities, Identity, Teacher


class Wrapper:
    """Passes identity, capabilities and closing on; a subclass writes `complete`."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher

    @property
    def identity(self) -> Identity:
        """The wrapped teacher's."""
        return self._teacher.identity

    @property
    def capabilities(self) -> Capabilities:
        """The wrapped teacher's."""
        return self._teacher.capabilities

    async def close(self) -> None:
        """Closes the wrapped teacher."""
        await self._teacher.close()
