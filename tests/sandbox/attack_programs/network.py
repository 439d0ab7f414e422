"""Attacks that want out."""

from __future__ import annotations

import time

from tests.sandbox.attack_programs.kit import Aftermath, Attack, said_held


def nobody_came(after: Aftermath) -> str:
    """Ask our servers, whatever the program says."""
    time.sleep(0.05)  # our servers note a visitor a moment after it came
    came = list(after.scene.visitors)
    after.scene.visitors.clear()
    return f"our server had a visitor over {came[0]}" if came else said_held(after)


def _connect(family: str, address: str) -> str:
    return f"""
        from tools import *
        link = socket.socket(socket.{family}, socket.SOCK_STREAM)
        link.settimeout(2)
        must_raise(lambda: link.connect({address}), "connected")
    """


ATTACKS = [
    Attack(
        name="connect to a server of ours over IPv4",
        must="Our server on 127.0.0.1 sees nobody.",
        program=_connect("AF_INET", '("127.0.0.1", {ipv4_port})'),
        judge=nobody_came,
    ),
    Attack(
        name="connect to this machine's own address",
        must="Our server on the machine's address sees nobody.",
        program=_connect("AF_INET", '("{host_address}", {any_port})'),
        judge=nobody_came,
    ),
    Attack(
        name="connect over IPv6",
        must="Our server on ::1 sees nobody.",
        program=_connect("AF_INET6", '("::1", {ipv6_port})'),
        judge=nobody_came,
    ),
    Attack(
        name="connect to a unix socket",
        must="Our server on a path sees nobody.",
        program=_connect("AF_UNIX", '"{unix_path}"'),
        judge=nobody_came,
    ),
    Attack(
        name="connect to an abstract socket",
        must="Our server on an abstract name sees nobody.",
        program=_connect("AF_UNIX", r'"\0{abstract}"'),
        judge=nobody_came,
    ),
    Attack(
        name="ask the Docker engine",
        must="No engine's socket can be reached.",
        program="""
            from tools import *
            names = ("docker.sock", "containerd/containerd.sock", "podman/podman.sock", "crio/crio.sock")
            for path in [f"{run}/{name}" for run in ("/var/run", "/run") for name in names]:
                try: socket.socket(socket.AF_UNIX).connect(path)
                except OSError: continue
                broken(path)
            held("there is none")
        """,
    ),
    Attack(
        name="look up a name",
        must="No name can be resolved.",
        program="from tools import *; must_raise(lambda: socket.getaddrinfo('example.com', 80), 'resolved')",
    ),
    Attack(
        name="send a datagram to a name server",
        must="No datagram leaves.",
        program="""
            from tools import *
            link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            must_raise(lambda: link.sendto(b"x", ("192.0.2.53", 53)), "sent")
        """,
    ),
    Attack(
        name="use another network interface",
        must="There is no interface but loopback.",
        program="""
            from tools import *
            others = [name for _, name in socket.if_nameindex() if name != "lo"]
            broken(str(others)) if others else held("lo alone")
        """,
    ),
    Attack(
        name="open a packet socket",
        must="No raw frame can be made.",
        program="from tools import *; must_raise(lambda: socket.socket(17, socket.SOCK_RAW, 3), 'a packet socket')",
    ),
    Attack(
        name="open a raw socket",
        must="No raw IP packet can be made.",
        program="from tools import *; must_raise(lambda: socket.socket(2, socket.SOCK_RAW, 1), 'a raw socket')",
    ),
    Attack(
        name="reach the hypervisor over vsock",
        must="No vsock can be connected.",
        program="""
            from tools import *
            def go():
                link = socket.socket(40, socket.SOCK_STREAM)
                link.settimeout(1)
                link.bind((0xFFFFFFFF, 0xFFFFFFFF))
                return "a vsock"
            must_raise(go, "bound")
        """,
    ),
    Attack(
        name="talk to the firewall over netlink",
        must="No netlink but that which lists one's own interfaces can be used.",
        program="""
            from tools import *
            def go():
                link = socket.socket(16, socket.SOCK_RAW, 12)
                link.settimeout(1)
                # NFNL_MSG_BATCH_BEGIN for nftables: privileged
                link.send(bytes.fromhex("1400000010000500010000000000000000000a00"))
                answer = link.recv(4096)
                code = int.from_bytes(answer[16:20], "little", signed=True)
                if code < 0: raise OSError(-code, "refused")
            must_raise(go, "spoke to nftables")
        """,
    ),
]
