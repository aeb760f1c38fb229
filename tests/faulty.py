"""A disk that fails, by the kernel's own hand: system calls of one thread answered with an error (seccomp)."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

SYNCS = {"x86_64": (74, 75), "aarch64": (82, 83)}
"""The numbers of fsync and fdatasync."""

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06


def can_fail_fsync() -> bool:
    """Whether this machine's system call numbers are known."""
    return platform.system() == "Linux" and platform.machine() in SYNCS


def fail_fsync() -> None:
    """From now on every fsync and fdatasync of the calling thread fails with EIO. Ends with the thread."""
    first, second = SYNCS[platform.machine()]
    program = b"".join(
        struct.pack("HBBI", *step)
        for step in (
            (LOAD_NUMBER, 0, 0, 0),
            (JUMP_IF_EQUAL, 1, 0, first),
            (JUMP_IF_EQUAL, 0, 1, second),
            (RETURN, 0, 0, SECCOMP_RET_ERRNO | errno.EIO),
            (RETURN, 0, 0, SECCOMP_RET_ALLOW),
        )
    )
    steps = ctypes.create_string_buffer(program)
    filtered = ctypes.create_string_buffer(struct.pack("HP", len(program) // 8, ctypes.addressof(steps)))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filtered, 0, 0)):
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")
