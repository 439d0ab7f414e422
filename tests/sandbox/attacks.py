"""Attacks on a sandbox, each with what must be true afterwards; and the table of which are held.

python -m tests.sandbox.attacks bubblewrap docker process
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

from ai_scientist.core.errors import SandboxError
from ai_scientist.core.settings import SandboxSettings
from ai_scientist.sandbox.choose import choose
from ai_scientist.sandbox.contract import Sandbox
from ai_scientist.sandbox.harness import run_program
from tests.sandbox.attack_programs import escaping, exhausting, kernel, network, seeing, staying
from tests.sandbox.attack_programs.kit import INPUT, TOOLS, Aftermath, Attack, Scene, scene

ATTACKS: list[Attack] = [
    *seeing.ATTACKS,
    *network.ATTACKS,
    *kernel.ATTACKS,
    *escaping.ATTACKS,
    *staying.ATTACKS,
    *exhausting.ATTACKS,
]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether an attack was held, and if not, what was seen."""

    attack: Attack
    is_held: bool
    seen: str = ""


async def run_attack(attack: Attack, sandbox: Sandbox, stage: Scene, folder: Path) -> Verdict:
    """Run one attack as the harness runs an experiment, and judge."""
    if not sandbox.is_boundary and not attack.spares_the_machine:
        return Verdict(attack=attack, is_held=False, seen="not tried here")
    program = stage.text(textwrap.dedent(attack.program))
    stage.inputs["table"].write_text(INPUT)
    try:
        run = await run_program(
            sandbox,
            {"experiment.py": program, "tools.py": stage.text(TOOLS)},
            (0,),
            folder=folder,
            limits=attack.its_limits(),
            inputs=stage.inputs,
        )
    except SandboxError as error:
        return Verdict(attack=attack, is_held=False, seen=str(error))
    after = Aftermath(scene=stage, run=run, folder=folder)
    seen = attack.judge(after)
    if not seen and stage.token in run.stdout.read_bytes().decode(errors="replace"):
        seen = "the secret is in what it printed"
    return Verdict(attack=attack, is_held=not seen, seen=seen)


async def run_attacks(sandbox: Sandbox, folder: Path) -> list[Verdict]:
    """Run all attacks, those that use up the machine one by one at the end, and return the verdicts in order."""
    verdicts: dict[str, Verdict] = {}
    free = asyncio.Semaphore(3 if sandbox.is_boundary else 1)  # without a boundary they would reach each other
    alone = {attack.name for attack in exhausting.ATTACKS}
    with scene(folder / "scene") as stage:

        async def one(attack: Attack) -> None:
            async with free:
                place = folder / f"attack-{ATTACKS.index(attack)}"
                verdicts[attack.name] = await run_attack(attack, sandbox, stage, place)

        # Attacks on the network share our servers, and must not be taken for each other.
        sharing = {attack.name for attack in network.ATTACKS}
        await asyncio.gather(*(one(attack) for attack in ATTACKS if attack.name not in alone | sharing))
        for attack in ATTACKS:
            if attack.name in alone | sharing:
                await one(attack)
    return [verdicts[attack.name] for attack in ATTACKS]


def table(results: dict[str, list[Verdict]]) -> str:
    """Return the table of all backends, one line an attack."""
    width = max(len(attack.name) for attack in ATTACKS)
    lines = [f"{'attack':{width}}  " + "  ".join(f"{name:12}" for name in results)]
    for place, attack in enumerate(ATTACKS):
        verdicts = [column[place] for column in results.values()]
        words = "  ".join(f"{'held' if verdict.is_held else 'NOT HELD':12}" for verdict in verdicts)
        why = "; ".join(verdict.seen for verdict in verdicts if verdict.seen)
        lines.append(f"{attack.name:{width}}  {words}  {why[:100]}".rstrip())
    for name, column in results.items():
        lines.append(f"{name}: {sum(verdict.is_held for verdict in column)} of {len(column)} held")
    return "\n".join(lines)


async def main(names: list[str]) -> None:
    """Print the table for the backends named."""
    results: dict[str, list[Verdict]] = {}
    for name in names:
        sandbox = choose(SandboxSettings.model_validate({"name": name}), trusted=False).sandbox
        with tempfile.TemporaryDirectory(prefix="ai-scientist-attacks-") as folder:
            results[name] = await run_attacks(sandbox, Path(folder))
    print(table(results))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or ["bubblewrap"]))
