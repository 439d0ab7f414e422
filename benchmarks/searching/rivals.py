"""The packages that the benchmark compares with, each in a throw-away environment of its own, on the same chat server.

OpenEvolve and ShinkaEvolve score programs with the same lines as this search does, in their own processes. AIDE runs a
script and lets a model read what it printed; the chat server reads it right. Settings are the packages' own but for
what the comparison needs: the endpoint, the number of evaluations, no prompts with several programs in them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.searching.tasks import TASKS, render

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"openevolve": "openevolve", "aide": "aideml", "shinka": "shinka-evolve"}
LIMIT_SECONDS = 600


@dataclass(frozen=True)
class Evaluation:
    """One that a system made: when, what it saw, and what the program is really worth."""

    time: float
    seen: float
    truth: float


@dataclass(frozen=True)
class Rival:
    """An installed package."""

    name: str
    version: str
    environment: Path

    def run(self, task: str, url: str, *, evaluations: int, seed: int, in_flight: int = 1) -> list[Evaluation]:
        """Let it search, and return its evaluations in their order."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            log = folder / "log.jsonl"
            argv, more = COMMANDS[self.name](folder, task, url, evaluations, seed, in_flight)
            environment = {
                **{key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")},
                "BENCHMARK_LOG": str(log),
                "OPENAI_API_KEY": "none",
                "PYTHONHASHSEED": str(seed),
                "PATH": f"{self.environment / 'bin'}:{os.environ['PATH']}",
                **more,
            }
            with (folder / "out.txt").open("wb") as out:
                process = subprocess.Popen(
                    argv, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True
                )
                try:
                    process.wait(LIMIT_SECONDS)
                except subprocess.TimeoutExpired as late:
                    raise RuntimeError(f"{self.name} did not end within {LIMIT_SECONDS} s.") from late
                finally:
                    _end(process)
            lines = log.read_text().splitlines() if log.exists() else []
            if not lines:
                raise RuntimeError(f"{self.name} made no evaluation: {(folder / 'out.txt').read_text()[-2000:]}")
            return [Evaluation(**json.loads(line)) for line in lines][:evaluations]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a package and everything it started, by its own session."""
    subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)
    process.wait()


def install(folder: Path) -> tuple[list[Rival], list[str]]:
    """Install what can be installed, and say of the others why not."""
    found: list[Rival] = []
    failures: list[str] = []
    for name, package in PACKAGES.items():
        home = folder / name
        python = home / "bin" / "python"
        try:
            if not python.exists():
                _call([sys.executable, "-m", "venv", str(home)])
                _call([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package])
            code = f"from importlib.metadata import version; print(version({package!r}))"
            version = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
            found.append(Rival(name, version, home))
        except (OSError, subprocess.CalledProcessError, RuntimeError) as error:
            shutil.rmtree(home, ignore_errors=True)
            failures.append(f"{name}: {error}")
    return found, failures


def _call(argv: Sequence[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-300:])


def _openevolve(
    folder: Path, task: str, url: str, evaluations: int, seed: int, in_flight: int
) -> tuple[list[str], Mapping[str, str]]:
    (folder / "initial_program.py").write_text(render(TASKS[task], TASKS[task].start()))
    (folder / "evaluator.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom benchmarks.searching import tasks\n\n"
        "def evaluate(path):\n"
        "    params = tasks.read(open(path).read())\n"
        f"    return {{'combined_score': tasks.evaluate({task!r}, params)}}\n"
    )
    settings = {
        "max_iterations": evaluations - 1,
        "random_seed": seed,
        "diff_based_evolution": False,
        "log_level": "WARNING",
        "llm": {"api_base": url, "api_key": "none", "models": [{"name": "synthetic", "weight": 1.0}]},
        "prompt": {"num_top_programs": 0, "num_diverse_programs": 0},
        "evaluator": {"parallel_evaluations": in_flight, "cascade_evaluation": False},
    }
    (folder / "config.yaml").write_text(json.dumps(settings))  # JSON is YAML
    argv = ["openevolve-run", "initial_program.py", "evaluator.py", "--config", "config.yaml"]
    return [*argv, "--iterations", str(evaluations - 1)], {}


def _aide(
    folder: Path, task: str, url: str, evaluations: int, seed: int, in_flight: int
) -> tuple[list[str], Mapping[str, str]]:
    (folder / "data").mkdir()
    (folder / "data" / "readme.txt").write_text("There is no data.\n")
    settings = {
        "data_dir": "data",
        "goal": "Find the numbers that score best.",
        "eval": "score, higher is better",
        "agent.code.model": "synthetic",
        "agent.feedback.model": "synthetic",
        "report.model": "synthetic",
        "generate_report": "False",
        "agent.data_preview": "False",
        "exec.timeout": "60",
        "agent.steps": str(evaluations),
    }
    return ["aide", *(f"{key}={value}" for key, value in settings.items())], {"OPENAI_BASE_URL": url}


def _shinka(
    folder: Path, task: str, url: str, evaluations: int, seed: int, in_flight: int
) -> tuple[list[str], Mapping[str, str]]:
    home = folder / "task"
    home.mkdir()
    program = render(TASKS[task], TASKS[task].start())
    line, rest = program.split("\n", 1)
    (home / "initial.py").write_text(f"# EVOLVE-BLOCK-START\n{line}\n# EVOLVE-BLOCK-END\n{rest}")
    (home / "evaluate.py").write_text(
        "import argparse, json, os, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\nfrom benchmarks.searching import tasks\n"
        "p = argparse.ArgumentParser()\np.add_argument('--program_path')\np.add_argument('--results_dir')\n"
        "a, _ = p.parse_known_args()\n"
        "params = tasks.read(open(a.program_path).read())\n"
        f"score = tasks.evaluate({task!r}, params)\n"
        "os.makedirs(a.results_dir, exist_ok=True)\n"
        "metrics = {'combined_score': score, 'public': {}, 'private': {}}\n"
        "json.dump(metrics, open(a.results_dir + '/metrics.json', 'w'))\n"
        "json.dump({'correct': True, 'error': None}, open(a.results_dir + '/correct.json', 'w'))\n"
    )
    sets = {
        "evo.llm_models": json.dumps([f"local/synthetic@{url}"]),
        "evo.embedding_model": f"local/embedding@{url}",
        "evo.llm_dynamic_selection": "fixed",
        "evo.llm_dynamic_selection_kwargs": "{}",
        "evo.patch_types": '["full"]',
        "evo.patch_type_probs": "[1.0]",
        "job.time": "00:00:30",
    }
    argv = ["shinka_run", "--task-dir", str(home), "--results_dir", str(folder / "results")]
    argv += ["--num_generations", str(evaluations), "--max-evaluation-jobs", str(in_flight)]
    argv += ["--max-proposal-jobs", str(in_flight)]
    for key, value in sets.items():
        argv += ["--set", f"{key}={value}"]
    return argv, {"SHINKA_PRICING_MODE": "offline", "LOCAL_OPENAI_API_KEY": "local"}


COMMANDS = {"openevolve": _openevolve, "aide": _aide, "shinka": _shinka}
