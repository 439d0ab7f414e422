"""Running latexmk: in a folder of its own, without a shell, with a time limit; and reading its log."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from ai_scientist.paper.problems import Problem

CURE = "apt-get install -y latexmk texlive-latex-recommended texlive-fonts-recommended lmodern"
_NEEDED = (
    "article.cls lmodern.sty microtype.sty natbib.sty booktabs.sty caption.sty hyperref.sty longtable.sty xcolor.sty "
    "fancyhdr.sty geometry.sty amsmath.sty plainnat.bst"
)
OVERFULL_POINTS = 4.0
"""A box that sticks out by less than this is not seen."""
_LOG_BYTES = 4 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Latex:
    """The TeX of this machine.

    Attributes:
        latexmk: Its path; None if it is not installed.
        missing: Files that the paper needs and TeX does not find.
    """

    latexmk: str | None
    missing: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether a paper can be compiled."""
        return self.latexmk is not None and not self.missing

    @property
    def found(self) -> str:
        """What there is, in words."""
        if self.latexmk is None:
            return "no latexmk"
        return self.latexmk + (f", without {', '.join(self.missing)}" if self.missing else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What a run of latexmk gave. `pdf` is None if it failed; `log` is TeX's own, or latexmk's output."""

    pdf: bytes | None
    log: str
    problems: tuple[Problem, ...]


@cache
def find_latex() -> Latex:
    """Return whether this machine can make the PDF, and what it lacks."""
    latexmk, kpsewhich = shutil.which("latexmk"), shutil.which("kpsewhich")
    if not (latexmk and kpsewhich and shutil.which("pdflatex") and shutil.which("bibtex")):
        return Latex(latexmk=None, missing=())
    missing = [name for name in _NEEDED.split() if not _is_found(kpsewhich, name)]
    return Latex(latexmk=latexmk, missing=tuple(missing))


def _is_found(kpsewhich: str, name: str) -> bool:
    try:
        done = subprocess.run([kpsewhich, name], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def run_latexmk(files: Mapping[str, bytes], *, latexmk: str, date: str = "", timeout_seconds: float = 180) -> Compiled:
    """Compile paper.tex out of some files in a new folder that is removed afterwards.

    TeX may read and write there only, starts no shell, reads no user's settings, and ends with its whole family at the
    time limit. With the same files, date and TeX the PDF has the same bytes.

    Args:
        files: Path → content; "paper.tex" is compiled.
        latexmk: The program.
        date: ISO date that the PDF carries; empty: the epoch.
        timeout_seconds: Wall time.
    """
    with tempfile.TemporaryDirectory(prefix="paper-") as temporary:
        folder = Path(temporary) / "work"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        command = [latexmk, "-norc", "-pdf", "-interaction=nonstopmode", "-file-line-error"]
        command += ["-latexoption=-no-shell-escape", "paper.tex"]
        code, output = _run(command, folder, _environment(Path(temporary), date), timeout_seconds)
        log_file, pdf_file = folder / "paper.log", folder / "paper.pdf"
        log = _read(log_file) or output
        problems = tuple(read_log(log)) + _bibtex_problems(_read(folder / "paper.blg"))
        pdf = pdf_file.read_bytes() if code == 0 and pdf_file.exists() else None
    if code is None:
        message = f"TeX was stopped after {timeout_seconds:g} s."
        return Compiled(
            pdf=None, log=log, problems=(*problems, Problem(kind="latex", place="paper.tex", message=message))
        )
    if pdf is None and not any(problem.severity == "error" for problem in problems):
        message = f"latexmk failed: {_last_line(output)}"
        problems = (*problems, Problem(kind="latex", place="paper.tex", message=message))
    return Compiled(pdf=pdf, log=log, problems=problems)


def _environment(folder: Path, date: str) -> dict[str, str]:
    """Return TeX's environment: nothing of the user's, no reading or writing outside of its folder, a fixed clock."""
    try:
        epoch = int(datetime.fromisoformat(date[:10]).replace(tzinfo=UTC).timestamp()) if date else 0
    except ValueError:
        epoch = 0
    return {
        "PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
        "HOME": str(folder),
        "TEXMFHOME": str(folder / "texmf"),
        "TEXMFVAR": str(folder / "texmf-var"),
        "LANG": "C.UTF-8",
        "SOURCE_DATE_EPOCH": str(epoch),
        "FORCE_SOURCE_DATE": "1",
        "openin_any": "p",
        "openout_any": "p",
        "shell_escape": "f",
        "max_print_line": "10000",
    }


def _run(
    command: list[str], folder: Path, environment: dict[str, str], timeout_seconds: float
) -> tuple[int | None, str]:
    """Return the exit code (None: out of time) and what was printed; the whole process group ends with it."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            output = process.communicate(timeout=timeout_seconds)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output = process.communicate()[0]
            return None, output.decode(errors="replace")
        return process.returncode, output.decode(errors="replace")


def _read(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return file.read(_LOG_BYTES).decode(errors="replace")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"


_ERROR = re.compile(r"^(?:\./)?(?P<file>[\w./-]+):(?P<line>\d+): (?P<message>.+)$")
_FATAL = re.compile(r"^! (?P<message>.+)$")
_OVERFULL = re.compile(r"^Overfull \\(?P<box>[hv])box \((?P<points>[\d.]+)pt too (?:wide|high)\)(?P<where>.*)$")
_UNDEFINED = re.compile(
    r"Warning: (?P<what>Reference|Citation) [`'](?P<key>[^']+)'(?: on page \S+)? undefined"
    r"(?: on input line (?P<line>\d+))?"
)
_CHARACTER = re.compile(r"^Missing character: There is no (?P<character>.+?) in font")
_DESTINATION = re.compile(r"pdfTeX warning.*?(?:name\{(?P<lost>[^}]+)\} has been referenced but does not exist)")
_FLOAT = re.compile(r"Warning: Float too large for page by (?P<points>[\d.]+)pt(?: on input line (?P<line>\d+))?")


def read_log(log: str) -> Iterator[Problem]:
    """Yield TeX's errors with their lines, undefined references, and boxes that visibly stick out."""
    seen: set[str] = set()
    lines = log.splitlines()
    for number, line in enumerate(lines):
        problem = _problem(line, lines[number + 1 : number + 8])
        if problem is not None and str(problem) not in seen:
            seen.add(str(problem))
            yield problem


def _problem(line: str, following: list[str]) -> Problem | None:
    if found := _ERROR.match(line) or _FATAL.match(line):
        at = found.groupdict().get("line")
        context = next((text.strip() for text in following if text.startswith("l.")), "")
        message = found["message"].strip()
        return _made("latex", message, int(at) if at else None, excerpt=context)
    if found := _UNDEFINED.search(line):
        kind = "reference" if found["what"] == "Reference" else "citation"
        return _made(kind, f"{found['what']} {found['key']!r} is undefined.", found["line"])
    if found := _OVERFULL.match(line):
        points = float(found["points"])
        if points <= OVERFULL_POINTS:
            return None
        at = re.search(r"lines? (\d+)", found["where"])
        way = "into the margin" if found["box"] == "h" else "out of the page"
        return _made("layout", f"a box sticks out {way} by {points:.0f} pt.", at[1] if at else None, severity="warning")
    if found := _FLOAT.search(line):
        return _made(
            "layout", f"a float is {found['points']} pt too high for a page.", found["line"], severity="warning"
        )
    if found := _CHARACTER.match(line):
        return _made("character", f"there is no {found['character']} in the font.")
    if found := _DESTINATION.search(line):
        return _made("reference", f"a link leads to {found['lost']!r}, which is not there.", severity="warning")
    return None


def _made(
    kind: str, message: str, line: str | int | None = None, *, severity: str = "error", excerpt: str = ""
) -> Problem:
    return Problem.model_validate(
        {
            "kind": kind,
            "place": "paper.tex",
            "offset": int(line) if line is not None else None,
            "message": message,
            "severity": severity,
            "excerpt": excerpt,
        }
    )


def _bibtex_problems(log: str) -> tuple[Problem, ...]:
    errors = [
        line
        for line in log.splitlines()
        if line.startswith(("I couldn't", "I was expecting", "I'm ", "Repeated entry"))
    ]
    return tuple(_made("citation", f"BibTeX: {line.strip()}") for line in errors)
