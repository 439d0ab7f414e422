"""The filter of system calls, run by an interpreter of the same instructions, so that both processors are tested."""

from __future__ import annotations

import struct
from errno import EAFNOSUPPORT, ENOSYS, EPERM

import pytest

from ai_scientist.sandbox.seccomp import denied_calls, seccomp_filter

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL = 0x7FFF0000, 0x80000000


def verdict(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """Return what the kernel would: 0 for allow, an error number, or -1 for kill."""
    record = struct.pack(
        "<IIQ6Q", number, AUDIT[machine] if audit is None else audit, 0, *[*arguments, 0, 0, 0, 0, 0, 0][:6]
    )
    code = list(struct.iter_unpack("<HBBI", seccomp_filter(machine)))
    accumulator = place = 0
    while True:
        operation, if_true, if_false, operand = code[place]
        place += 1
        match operation:
            case 0x20:
                accumulator = struct.unpack_from("<I", record, operand)[0]
            case 0x15:
                place += if_true if accumulator == operand else if_false
            case 0x35:
                place += if_true if accumulator >= operand else if_false
            case 0x45:
                place += if_true if accumulator & operand else if_false
            case 0x06:
                return 0 if operand == ALLOW else -1 if operand == KILL else operand & 0xFFFF
            case _:
                raise AssertionError(f"unknown instruction {operation:#x}")


@pytest.mark.parametrize(
    ("machine", "call", "expected"),
    [
        ("x86_64", (0,), 0),  # read
        ("x86_64", (59,), 0),  # execve
        ("x86_64", (165,), EPERM),  # mount
        ("x86_64", (101,), EPERM),  # ptrace
        ("x86_64", (435,), ENOSYS),  # clone3
        ("x86_64", (449,), 0),  # futex_waitv
        ("x86_64", (450,), ENOSYS),  # newer than we know
        ("x86_64", (0x40000000,), ENOSYS),  # x32
        ("x86_64", (56, 0x01200011), 0),  # clone, as fork calls it
        ("x86_64", (56, 0x003D0F00), 0),  # clone, as threads call it
        ("x86_64", (56, 0x10000011), EPERM),  # clone with a user namespace
        ("x86_64", (41, 1, 1), 0),  # socket, unix
        ("x86_64", (41, 2, 1), 0),
        ("x86_64", (41, 10, 1), 0),
        ("x86_64", (41, 16, 3, 0), 0),  # netlink route
        ("x86_64", (41, 16, 3, 12), EAFNOSUPPORT),  # netlink netfilter
        ("x86_64", (41, 17, 3), EAFNOSUPPORT),  # packet
        ("x86_64", (41, 40, 1), EAFNOSUPPORT),  # vsock
        ("x86_64", (16, 0, 0x5401), 0),  # ioctl TCGETS
        ("x86_64", (16, 0, 0x5412), EPERM),  # ioctl TIOCSTI
        ("x86_64", (16, 0, 0x541C), EPERM),
        ("x86_64", (90, 0, 0o755), 0),  # chmod
        ("x86_64", (90, 0, 0o4755), EPERM),
        ("x86_64", (268, 0, 0, 0o2755), EPERM),  # fchmodat
        ("aarch64", (63,), 0),  # read
        ("aarch64", (40,), EPERM),  # mount
        ("aarch64", (220, 0x01200011), 0),
        ("aarch64", (220, 0x10000011), EPERM),
        ("aarch64", (198, 40, 1), EAFNOSUPPORT),
        ("aarch64", (53, 0, 0, 0o4755), EPERM),
        ("aarch64", (5000,), ENOSYS),
    ],
)
def test_each_call_gets_its_verdict(machine: str, call: tuple[int, ...], expected: int) -> None:
    assert verdict(machine, *call) == expected


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_calls_of_another_architecture_kill(machine: str) -> None:
    assert verdict(machine, 1, audit=0x40000003) == -1  # i386


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_number_gets_a_verdict(machine: str) -> None:
    denied = sum(verdict(machine, number) != 0 for number in range(450))
    assert denied == len(denied_calls(machine)) + 1  # and socket, of family 0


def test_a_processor_that_is_not_known_gets_no_filter() -> None:
    assert seccomp_filter("riscv64") == b""
    assert denied_calls("riscv64") == ()
