"""A filter of system calls, assembled by hand: what no experiment needs, and what kernels were broken through.

It denies by name and lets the rest pass, because numerical libraries use more of the kernel than a list could foresee;
calls newer than the ones known here are answered with ENOSYS, which libraries are used to. The other walls (namespaces,
no capabilities, no network) stand without it.

The form is classic BPF as seccomp(2) has it: instructions of 8 bytes (code, jump if true, jump if false, operand) over
a record of 64 bytes (number of the call, architecture, instruction pointer, six arguments).
"""

from __future__ import annotations

import platform
import struct
from dataclasses import dataclass
from errno import EAFNOSUPPORT, ENOSYS, EOPNOTSUPP, EPERM
from functools import cache

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000

_NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""

_SET_ID_BITS = 0o6000
_TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: typing into a terminal as if one sat at it
_FAMILIES = (1, 2, 10)  # unix, IPv4, IPv6: all end in a namespace that holds nothing
_NETLINK, _NETLINK_ROUTE = 16, 0


@dataclass(frozen=True, kw_only=True)
class _Machine:
    """What differs between processors.

    Attributes:
        audit: The kernel's number for the architecture.
        newest: Calls above this number are unknown here.
        foreign_bit: Set in numbers of another calling convention (x32); 0 if there is none.
        numbers: Name → number; a call that the machine lacks is left out.
    """

    audit: int
    newest: int
    foreign_bit: int
    numbers: dict[str, int]


# Numbers as in Linux's own tables: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h.
_COMMON = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435, "pidfd_getfd": 438,
    "process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443, "memfd_secret": 447,
}  # fmt: skip
_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        newest=449,
        foreign_bit=0x40000000,
        numbers=_COMMON
        | {
            "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "unshare": 272, "setns": 308, "clone": 56,
            "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "keyctl": 250,
            "add_key": 248, "request_key": 249, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
            "init_module": 175, "finit_module": 313, "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320,
            "reboot": 169, "swapon": 167, "swapoff": 168, "acct": 163, "syslog": 103, "quotactl": 179,
            "settimeofday": 164, "clock_settime": 227, "adjtimex": 159, "clock_adjtime": 305, "sethostname": 170,
            "setdomainname": 171, "iopl": 172, "ioperm": 173, "open_by_handle_at": 304, "name_to_handle_at": 303,
            "lookup_dcookie": 212, "modify_ldt": 154, "fanotify_init": 300, "nfsservctl": 180, "uselib": 134,
            "ustat": 136, "sysfs": 139, "create_module": 174, "vhangup": 153, "fallocate": 285, "socket": 41,
            "ioctl": 16, "chmod": 90, "fchmod": 91, "fchmodat": 268, "move_pages": 279, "migrate_pages": 256,
        },
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        newest=449,
        foreign_bit=0,
        numbers=_COMMON
        | {
            "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "unshare": 97, "setns": 268, "clone": 220,
            "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "keyctl": 219,
            "add_key": 217, "request_key": 218, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
            "init_module": 105, "finit_module": 273, "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294,
            "reboot": 142, "swapon": 224, "swapoff": 225, "acct": 89, "syslog": 116, "quotactl": 60,
            "settimeofday": 170, "clock_settime": 112, "adjtimex": 171, "clock_adjtime": 266, "sethostname": 161,
            "setdomainname": 162, "open_by_handle_at": 265, "name_to_handle_at": 264, "lookup_dcookie": 18,
            "fanotify_init": 262, "nfsservctl": 42, "vhangup": 58, "fallocate": 47, "socket": 198, "ioctl": 29,
            "fchmod": 52, "fchmodat": 53, "move_pages": 239, "migrate_pages": 238,
        },
    ),
}  # fmt: skip

_MODE_ARGUMENT = {"chmod": 1, "fchmod": 1, "fchmodat": 2}
_OTHER_ERRORS = {
    "clone3": ENOSYS,  # its flags lie in memory, where a filter cannot look; libraries then use clone
    "io_uring_setup": ENOSYS,
    "socket": EAFNOSUPPORT,
    "fallocate": EOPNOTSUPP,  # would fill a disk faster than anybody could look; libraries then write
}
_BY_ARGUMENT = ("clone", "socket", "ioctl", *_MODE_ARGUMENT)


def denied_calls(machine: str = "") -> tuple[str, ...]:
    """Return the calls that are denied whatever their arguments; empty for a processor without a filter."""
    known = _MACHINES.get(machine or platform.machine())
    return tuple(sorted(set(known.numbers) - set(_BY_ARGUMENT))) if known else ()


@cache
def seccomp_filter(machine: str = "") -> bytes:
    """Return the filter as bwrap's --seccomp reads it; empty for a processor that it is not known for.

    >>> len(seccomp_filter("x86_64")) % 8
    0
    """
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return b""
    code = [_load(_ARCHITECTURE), _jump(_JUMP_EQUAL, known.audit, 1, 0), _return(_KILL), _load(_NUMBER)]
    code += [_jump(_JUMP_GREATER_EQUAL, known.newest + 1, 0, 1), _return(_ERROR | ENOSYS)]  # x32's are among these
    for name in sorted(known.numbers):
        body = _body(name)
        code += [_jump(_JUMP_EQUAL, known.numbers[name], 0, len(body)), *body]
    return b"".join([*code, _return(_ALLOW)])


def _body(name: str) -> list[bytes]:
    """Return what is done about one call; always ends with a return."""
    allow, deny = _return(_ALLOW), _return(_ERROR | _OTHER_ERRORS.get(name, EPERM))
    if name == "clone":
        return [_load_argument(0), _jump(_JUMP_BITS, _NEW_NAMESPACES, 0, 1), deny, allow]
    if name in _MODE_ARGUMENT:
        return [_load_argument(_MODE_ARGUMENT[name]), _jump(_JUMP_BITS, _SET_ID_BITS, 0, 1), deny, allow]
    if name == "ioctl":
        first, second = _TERMINAL_INJECTION
        return [_load_argument(1), _jump(_JUMP_EQUAL, first, 1, 0), _jump(_JUMP_EQUAL, second, 0, 1), deny, allow]
    if name == "socket":
        # Netlink of the first kind lists one's own (empty) interfaces. Vsock, above all, would lead out of here.
        plain = [_jump(_JUMP_EQUAL, family, 6 - place, 0) for place, family in enumerate(_FAMILIES)]
        netlink = [_jump(_JUMP_EQUAL, _NETLINK, 0, 2), _load_argument(2), _jump(_JUMP_EQUAL, _NETLINK_ROUTE, 1, 0)]
        return [_load_argument(0), *plain, *netlink, deny, allow]
    return [deny]


def _load(offset: int) -> bytes:
    return struct.pack("<HBBI", _LOAD, 0, 0, offset)


def _load_argument(number: int) -> bytes:
    """Load the lower half of an argument; both machines here are little-endian."""
    return _load(16 + 8 * number)


def _jump(code: int, operand: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, operand)


def _return(value: int) -> bytes:
    return struct.pack("<HBBI", _RETURN, 0, 0, value)
