"""Attacks on the kernel's interfaces, and on whatever holds the program."""

from __future__ import annotations

from ai_scientist.sandbox.contract import ExitKind
from tests.sandbox.attack_programs.kit import Attack

ATTACKS = [
    Attack(
        name="mount",
        must="Nothing can be mounted.",
        program="""
            from tools import *
            os.mkdir(OUT + "/mnt")
            result, code = call("mount", b"none", (OUT + "/mnt").encode(), b"tmpfs", 0, None)
            if result == 0: call("umount2", (OUT + "/mnt").encode(), 2); broken("mounted")
            held(code)
        """,
    ),
    Attack(
        name="mount the new way",
        must="fsopen is refused.",
        program="from tools import *; must_fail('fsopen', b'tmpfs', 0)",
    ),
    Attack(
        name="make a read-only mount writable",
        must="No mount can be changed.",
        program="""
            from tools import *
            # Where nothing holds us this must not work on the real root; that the kernel looks for a path says it all.
            result, code = call("mount", None, b"/no/such/mount" if os.getuid() == 0 else b"/", None, 32 | 4096, None)
            held(code) if code == "EPERM" else broken("the kernel looked: " + code)
        """,
    ),
    Attack(
        name="change the root",
        must="chroot is refused.",
        program="""
            from tools import *
            os.mkdir(OUT + "/root")
            must_fail("chroot", (OUT + "/root").encode())
        """,
    ),
    Attack(
        name="a user namespace of its own",
        must="No namespace can be made, in which it would be root.",
        program="from tools import *; must_fail('unshare', 0x10000000)",
    ),
    Attack(
        name="a user namespace by clone",
        must="clone is refused too, in both forms.",
        program="""
            from tools import *
            wanted = ctypes.create_string_buffer((0x10000000).to_bytes(8, "little") + bytes(56))
            result, code = call("clone3", wanted, 64)
            if result == 0: os._exit(0)
            if result > 0: broken("clone3 made a namespace")
            must_fail("unshare", 0x10000000 | 0x20000)
        """,
    ),
    Attack(
        name="enter the namespaces of the first process",
        must="setns is refused.",
        program="""
            from tools import *
            try: fd = os.open("/proc/1/ns/mnt", os.O_RDONLY)
            except OSError: fd = os.open("/proc/self/ns/net", os.O_RDONLY)
            must_fail("setns", fd, 0)
        """,
    ),
    Attack(
        name="trace the harness",
        must="ptrace of our process is refused.",
        program="""
            from tools import *
            result, code = call("ptrace", 0x4206, {harness}, 0, 0)   # seize: stops nobody
            broken("attached to the harness") if result == 0 else held(code)
        """,
    ),
    Attack(
        name="trace what holds it",
        must="ptrace of its parent is refused.",
        program="""
            from tools import *
            parent = os.getppid() or 1
            result, code = call("ptrace", 0x4206, parent, 0, 0)
            broken("attached to its parent") if result == 0 else held(code)
        """,
    ),
    Attack(
        name="kill what holds it",
        must="No process but its own can be signalled.",
        program="""
            from tools import *
            seen = [int(p) for p in os.listdir("/proc") if p.isdigit()]
            own = {os.getpid()}
            reachable = []
            for pid in set(seen) - own - {1}:
                try: os.kill(pid, 0); reachable.append(pid)
                except OSError: pass
            broken(f"can signal {len(reachable)} processes") if reachable else held("none")
        """,
    ),
    Attack(
        name="kill everything",
        must="The harness is alive, and so is everything else.",
        program="""
            import os
            os.kill(-1, 9)
        """,
        judge=lambda after: "it hung" if after.result.kind is ExitKind.TIMED_OUT else "",
        spares_the_machine=False,
    ),
    Attack(
        name="a core handler that runs as root",
        must="/proc/sys/kernel/core_pattern cannot be opened for writing.",
        program="""
            from tools import *
            must_not_open("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/drop_caches",
                          "/proc/sys/kernel/hostname", "/proc/sys/fs/binfmt_misc/register", mode="r+")
        """,
    ),
    Attack(
        name="the kernel's emergency keys",
        must="/proc/sysrq-trigger cannot be opened for writing.",
        program="from tools import *; must_not_open('/proc/sysrq-trigger', '/proc/acpi/wakeup', mode='r+')",
    ),
    Attack(
        name="the machine's memory and disks",
        must="No device of the machine can be opened.",
        program="""
            from tools import *
            must_not_open("/dev/mem", "/dev/kmem", "/dev/port", "/proc/kcore", "/dev/sda", "/dev/vda", "/dev/nvme0n1",
                          "/dev/loop-control", "/dev/kvm", "/dev/fuse", "/dev/net/tun", mode="rb")
        """,
    ),
    Attack(
        name="/sys",
        must="Nothing under /sys can be written.",
        program="""
            from tools import *
            for parent, folders, names in os.walk("/sys/kernel"):
                for name in names:
                    if os.access(os.path.join(parent, name), os.W_OK): broken(os.path.join(parent, name))
                if parent.count("/") > 3: folders.clear()
            held("nothing there can be written")
        """,
    ),
    Attack(
        name="raise its control group's limits",
        must="No control group can be written.",
        program="""
            from tools import *
            for parent, folders, names in os.walk("/sys/fs/cgroup"):
                if "cgroup.procs" in names and os.access(parent + "/cgroup.procs", os.W_OK): broken(parent)
                if parent.count("/") > 5: folders.clear()
            held("none can be written")
        """,
    ),
    Attack(
        name="keys in the kernel",
        must="No key can be added.",
        program="from tools import *; must_fail('add_key', b'user', b'ai-scientist-test', b'x', 1, -2)",
    ),
    Attack(
        name="programs in the kernel",
        must="bpf is refused.",
        program="""
            from tools import *
            array_of_one = bytes.fromhex("02000000040000000400000001000000")
            must_fail("bpf", 0, ctypes.create_string_buffer(array_of_one + bytes(104)), 120)
        """,
    ),
    Attack(
        name="userfaultfd",
        must="It is refused: exploits slow the kernel down with it.",
        program="from tools import *; must_fail('userfaultfd', 1)",
    ),
    Attack(
        name="performance counters",
        must="perf_event_open is refused.",
        program="""
            from tools import *
            clock = ctypes.create_string_buffer(bytes.fromhex("0100000070000000") + bytes(104))
            must_fail("perf_event_open", clock, 0, -1, -1, 0)
        """,
    ),
    Attack(
        name="io_uring",
        must="It is refused: it goes around the filter of calls.",
        program="from tools import *; must_fail('io_uring_setup', 4, ctypes.create_string_buffer(256))",
    ),
    Attack(
        name="load a kernel module",
        must="The right to do so is missing, whatever is loaded.",
        program="""
            from tools import *
            result, code = call("init_module", ctypes.create_string_buffer(64), 64, b"")
            held(code) if code == "EPERM" else broken("the kernel looked at the module: " + code)
        """,
    ),
    Attack(
        name="load another kernel",
        must="The right to do so is missing.",
        program="""
            from tools import *
            result, code = call("kexec_load", 0, 99, None, 1 << 40)
            held(code) if code in ("EPERM", "ENOSYS") else broken("the kernel looked: " + code)
        """,
    ),
    Attack(
        name="reboot",
        must="The right to do so is missing.",
        program="""
            from tools import *
            result, code = call("reboot", 1, 2, 3, None)
            held(code) if code == "EPERM" else broken("the kernel looked at the numbers: " + code)
        """,
    ),
    Attack(
        name="change the clock",
        must="The clock cannot be set.",
        program="from tools import *; must_fail('settimeofday', None, None)",
    ),
    Attack(
        name="rename the machine",
        must="The name cannot be set.",
        program="""
            from tools import *
            name = socket.gethostname().encode()
            must_fail("sethostname", name, len(name))
        """,
    ),
    Attack(
        name="become root",
        must="No identity can be taken back.",
        program="""
            from tools import *
            if 0 in (os.getuid(), os.geteuid(), os.getgid()): broken("it is root already")
            for action in (os.setuid, os.setgid, os.seteuid):
                try: action(0)
                except OSError: continue
                broken("became root")
            held("not root, and cannot become it")
        """,
    ),
    Attack(
        name="capabilities",
        must="It has none, and no call or program can give it any.",
        program="""
            from tools import *
            status = dict(line.split(":", 1) for line in open("/proc/self/status"))
            rights = {n: status[n].strip() for n in ("CapEff", "CapPrm", "CapInh", "CapAmb")}
            if any(int(value, 16) for value in rights.values()): broken(str(rights))
            broken("may gain privileges") if status["NoNewPrivs"].strip() != "1" else held("none")
        """,
    ),
    Attack(
        name="go before everybody else",
        must="It gets no real-time priority.",
        program="""
            from tools import *
            must_raise(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)), "real-time priority")
        """,
    ),
    Attack(
        name="type into our terminal",
        must="Nothing can be pushed into a terminal of ours.",
        program="""
            from tools import *
            import fcntl
            def go():
                fd = os.open("/dev/tty", os.O_RDWR)
                fcntl.ioctl(fd, 0x5412, b"x")
            must_raise(go, "typed")
        """,
    ),
    Attack(
        name="start what is installed",
        must="No program with the set-user bit can be found.",
        limits={"timeout_seconds": 120},
        program="""
            from tools import *
            found = []
            for folder in ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib", "/usr/libexec"):
                for parent, folders, names in os.walk(folder):
                    for name in names:
                        try: status = os.lstat(os.path.join(parent, name))
                        except OSError: continue
                        if status.st_mode & 0o6000 and status.st_mode & 0o170000 == 0o100000: found.append(name)
            if not found: held("there is none")
            no_new = any(line.split() == ["NoNewPrivs:", "1"] for line in open("/proc/self/status"))
            held("they give nothing") if no_new else broken(f"{len(found)} such programs, and they would work")
        """,
    ),
]
