"""Attacks that want to read what is not theirs."""

from __future__ import annotations

from tests.sandbox.attack_programs.kit import Attack

ATTACKS = [
    Attack(
        name="read its own environment",
        must="No variable of ours is in the program's environment.",
        program="""
            from tools import *
            broken("SECRET_KEY_OF_OURS") if any(TOKEN in v for v in os.environ.values()) else held("not there")
        """,
    ),
    Attack(
        name="read /proc/1/environ",
        must="The first process's environment does not hold our secret.",
        program="from tools import *; search(['/proc/1/environ', '/proc/1/cmdline'])",
    ),
    Attack(
        name="read every process's environment",
        must="No process that can be seen holds our secret.",
        program="""
            from tools import *
            pids = [pid for pid in os.listdir("/proc") if pid.isdigit()]
            search(f"/proc/{pid}/{name}" for pid in pids for name in ("environ", "cmdline"))
        """,
    ),
    Attack(
        name="find the harness in /proc",
        must="The harness's process is not visible.",
        program="""
            from tools import *
            line = bytes.fromhex("{harness_line}")
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    if open(f"/proc/{pid}/cmdline", "rb").read() == line: broken("sees the harness")
                except OSError: pass
            held("sees its own processes only")
        """,
    ),
    Attack(
        name="read the user's keys",
        must="No file in the user's home can be opened.",
        program="""
            from tools import *
            names = (".ssh/id_rsa", ".ssh/id_ed25519", ".bashrc", ".profile", ".netrc", ".aws/credentials",
                     ".config/gh/hosts.yml", ".docker/config.json", ".gitconfig", ".bash_history", ".cache")
            seen = [n for n in names if os.path.exists(os.path.join("{home}", n))]
            broken(f"sees {seen}") if seen else held("home is not there")
        """,
    ),
    Attack(
        name="open a file by its path outside",
        must="A file of ours cannot be opened under the path that it has outside.",
        program="from tools import *; must_not_open('{secret}')",
    ),
    Attack(
        name="climb out with dots",
        must="No path of dots from any folder leads to a file of ours.",
        program="""
            from tools import *
            up = "/".join([".."] * 12)
            bases = [".", OUT, os.environ["DATA_DIR"]]
            bases += ["/proc/" + p for p in ("self/cwd", "self/root", "1/root", "1/cwd")]
            must_not_open(*[f"{base}/{up}{secret}" for base in bases], *[f"{base}{secret}" for base in bases])
        """,
    ),
    Attack(
        name="walk the whole file system",
        must="Nowhere is there a file with our secret's name.",
        limits={"timeout_seconds": 60},
        program="""
            from tools import *
            dull = {"/proc", "/sys", "/usr/lib", "/usr/share", "/usr/src", sys.prefix, sys.base_prefix}
            for parent, folders, names in os.walk("/"):
                folders[:] = [f for f in folders if os.path.join(parent, f) not in dull]
                if "ai-scientist-secret.txt" in names: broken(parent)
            held("it is nowhere")
        """,
    ),
    Attack(
        name="read passwords",
        must="The machine's /etc/shadow is not there, nor the host's list of users.",
        program="""
            from tools import *
            must_not_open("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/sshd_config")
        """,
    ),
    Attack(
        name="open a file by handle",
        must="Files cannot be opened around their paths.",
        program="from tools import *; must_fail('open_by_handle_at', -100, ctypes.create_string_buffer(64), 0)",
    ),
    Attack(
        name="follow descriptors that were left open",
        must="The program has no descriptor but stdin, stdout and stderr.",
        program="""
            from tools import *
            fds = []
            for fd in range(3, 1024):
                try: os.fstat(fd); fds.append(os.readlink(f"/proc/self/fd/{fd}"))
                except OSError: pass
            broken(str(fds)) if fds else held("none is open")
        """,
    ),
    Attack(
        name="read the memory of the harness",
        must="The harness's memory cannot be opened.",
        program="""
            from tools import *
            must_not_open("/proc/{harness}/mem", "/proc/{harness}/environ", "/proc/{harness}/maps", mode="rb")
        """,
    ),
    Attack(
        name="read the memory of the first process",
        # In docker it is the engine's own init, as the program's user: it can be opened there, and is not ours.
        must="/proc/1/mem holds no secret of ours, nor where its file lies.",
        limits={"timeout_seconds": 60},
        program="""
            from tools import *
            try: memory, maps = open("/proc/1/mem", "rb", buffering=0), open("/proc/1/maps").read()
            except OSError as error: held(error.strerror)
            for line in maps.splitlines():
                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                try: memory.seek(start); text = memory.read(min(end - start, 1 << 26))
                except (OSError, ValueError, OverflowError): continue
                if TOKEN.encode() in text or "{secret}".encode() in text: broken("found it in " + line)
            held("nothing of ours is in it")
        """,
    ),
    Attack(
        name="read another process's memory by call",
        must="process_vm_readv of our process fails.",
        program="""
            from tools import *
            class Vector(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
            room = ctypes.create_string_buffer(8)
            ours, theirs = Vector(ctypes.addressof(room), 8), Vector(id(room), 8)
            must_fail("process_vm_readv", {harness}, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
        """,
    ),
    Attack(
        name="read the kernel's log",
        must="The kernel's messages cannot be read.",
        program="""
            from tools import *
            try: open("/dev/kmsg").close(); broken("/dev/kmsg")
            except OSError: pass
            must_fail("syslog", 3, ctypes.create_string_buffer(4096), 4096)
        """,
    ),
    Attack(
        name="read our keyrings",
        must="Keys in the kernel cannot be listed or made.",
        program="from tools import *; must_fail('keyctl', 0, -4, 1)",
    ),
    Attack(
        name="read what the last experiment left in /tmp",
        must="Nothing in temporary folders outlives a program.",
        program="""
            from tools import *
            import tempfile
            left = [name for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm") if os.path.isdir(folder)
                    for name in os.listdir(folder) if "left-by-an-experiment" in name]
            for folder in ("/tmp", "/dev/shm"):
                try: open(folder + "/left-by-an-experiment", "w").close()
                except OSError: pass
            broken(str(left)) if left else held("all is new")
        """,
    ),
    Attack(
        name="read passwords beside the interpreter",
        must="Settings in the interpreter's folder, which may hold an index's password, are not there.",
        program="""
            from tools import *
            names = ("pip.conf", ".condarc", ".netrc", "etc/pip.conf", "conda-meta", "envs", ".git", "../.git")
            seen = [f"{p}/{n}" for p in {sys.prefix, sys.base_prefix} - {"/usr"} for n in names
                    if os.path.exists(f"{p}/{n}")]
            own = ("bin", "include", "lib", "lib32", "lib64", "libx32", "libexec", "share", "pyvenv.cfg")
            listed = [n for p in {sys.prefix, sys.base_prefix} - {"/usr"} for n in os.listdir(p) if n not in own]
            broken(f"{seen} {listed}") if seen or listed else held("the interpreter's own parts alone")
        """,
    ),
    Attack(
        name="read what other programs keep",
        must="No folder of this machine's services, users or other programs' data is there.",
        program="""
            from tools import *
            names = ("/root", "/home", "/var", "/srv", "/opt", "/mnt", "/media", "/boot", "/run/user", "/etc/passwd-",
                     "/etc/ssh", "/etc/ssl/private", "/etc/machine-id", "/run/secrets", "/var/run/secrets")
            # A folder that only leads to the interpreter holds nothing else.
            def leads(path):
                return any(p == path or p.startswith(path + "/") for p in (sys.prefix, sys.base_prefix, *sys.path))
            def is_there(path):
                try: found = os.stat(path)
                except OSError: return False
                if [found.st_dev, found.st_ino] == {places}.get(path): return True
                # An image of a whole system has such folders of its own; else there is nothing that they could hold.
                if os.path.exists("/etc/os-release") or leads(path): return False
                return os.path.isfile(path) or bool(os.listdir(path))
            seen = [name for name in names if is_there(name)]
            broken(str(seen)) if seen else held("none is there")
        """,
    ),
]
