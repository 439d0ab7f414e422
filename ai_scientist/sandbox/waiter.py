"""The first program in a container: waits for a word on stdin, and becomes the experiment.

So containers can be started before there is an experiment. It runs inside, in one file and with the standard library
only. The word is one line of JSON: argv, environment, and a filter of system calls, which it puts on before it goes.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import sys
from typing import Any

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    """What prctl wants of a filter: the number of its instructions, and where they are."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def put_on(code: bytes) -> None:
    """Put a filter of system calls on this process; it stays on over exec, and on all children.

    Raises:
        OSError: If the kernel does not take it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    room = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(room))
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0), (_PR_SET_SECCOMP, _FILTER, ctypes.byref(program))):
        if libc.prctl(*arguments, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def main() -> None:
    """Wait, and become somebody else; end with 125 if nobody ever spoke."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(0, 65536)
        if not piece:
            sys.exit(125)
        line += piece
    word: dict[str, Any] = json.loads(line)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir("/code")
    if word["filter"]:
        put_on(base64.b64decode(word["filter"]))
    try:
        os.execvpe(word["argv"][0], word["argv"], word["environment"])
    except OSError as error:
        print(f"{word['argv'][0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127)


if __name__ == "__main__":
    main()
