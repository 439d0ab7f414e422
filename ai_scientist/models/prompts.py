"""Prompts: files in agents/prompts/, rendered with a request's facts as variables.

A prompt file begins with a front matter between `+++` lines (its version), and has a part `--- system ---`, the same
for every request, and a part `--- user ---`, whose text goes from what stays the same during a run to what is new in
this request, so that providers' prompt caches find a long known beginning.

What may be shortened if the whole is too long for a model stands inside `{% call cut("name") %} … {% endcall %}`.
The rule: at level n every such part keeps 1/3^n of its characters, two thirds of them from its beginning and one
third from its end, and says in its place how many were left out. Nothing else is ever cut.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateError, TemplateNotFound
from pydantic import Field, ValidationError

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.hashing import sha256_bytes
from ai_scientist.core.ids import Sha256
from ai_scientist.core.values import Value

CUT_LEVELS = 3
"""How many times a prompt may be shortened by a factor of three."""

_OPEN, _NAMED, _CLOSE = "\ue000", "\ue001", "\ue002"  # private use: marks of cuttable parts, never sent
_PART = re.compile(f"{_OPEN}([a-z_]+){_NAMED}(.*?){_CLOSE}", re.S)
_FILE = re.compile(r"\+\+\+\n(.*?)\n\+\+\+\n+--- system ---\n(.*?)\n--- user ---\n(.*)", re.S)


class FrontMatter(Value):
    """What a prompt file says about itself."""

    version: int = Field(gt=0, description="Raised with every change of the text.")


class Cut(Value):
    """A part of a prompt that was shortened. Lengths in characters."""

    part: str
    length: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A rendered prompt.

    Attributes:
        source: Hash of the prompt's file.
        system: Who the model is and what an answer is; the same for every request.
        user: The facts and the task.
        cuts: What was shortened; empty nearly always.
    """

    name: str
    version: int
    source: Sha256
    system: str
    user: str
    cuts: tuple[Cut, ...] = ()


def clip(text: str, most: int) -> str:
    r"""Return a text of at most about `most` characters: its beginning, what was left out, its end.

    >>> clip("abcdefghijkl" * 10, 6)
    'abcd\n[… 114 characters left out …]\nkl'
    """
    if len(text) <= most + 80:  # to say that something was left out takes room too
        return text
    head, tail = most - most // 3, most // 3
    end = text[-tail:] if tail else ""
    return f"{text[:head]}\n[… {len(text) - most} characters left out …]\n{end}"


def clip_end(text: str, most: int) -> str:
    """Return at most about `most` characters from the end of a text, where a log says what happened."""
    return text if len(text) <= most + 80 else f"[… {len(text) - most} characters left out …]\n{text[-most:]}"


def named(items: Sequence[Any], ids: Sequence[str]) -> list[Any]:
    """Return those of some items (with an `id`) that a list names, in the list's order."""
    known = {item.id: item for item in items}
    return [known[name] for name in ids if name in known]


def number(value: float) -> str:
    """Return a number in as few characters as tell it to four digits."""
    return f"{value:.4g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _PromptFile:
    """A prompt file, read and compiled."""

    version: int
    source: Sha256
    parts: tuple[Template, Template]  # system, user


class _Files(BaseLoader):
    """Finds prompt files inside the package, also when it is zipped."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Return a partial's text."""
        file = resources.files("ai_scientist").joinpath("agents", "prompts", f"{template}.md.j2")
        if not file.is_file():
            raise TemplateNotFound(template)
        return file.read_text(encoding="utf-8"), None, None


def _cut(name: str, caller: Callable[[], str]) -> str:
    return f"{_OPEN}{name}{_NAMED}{caller()}{_CLOSE}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=_Files(),
        undefined=StrictUndefined,
        autoescape=False,  # prompts are text, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    names: Any = made.globals  # jinja2's types list its own functions only
    filters: Any = made.filters
    names["cut"] = _cut
    filters.update(clip=clip, clip_end=clip_end, number=number, named=named)
    return made


def prompt_names() -> list[str]:
    """Return the names of all prompts; partials begin with an underscore and are not among them."""
    folder = resources.files("ai_scientist").joinpath("agents", "prompts")
    names = (file.name.removesuffix(".md.j2") for file in folder.iterdir() if file.name.endswith(".md.j2"))
    return sorted(name for name in names if not name.startswith("_"))


@cache
def _load(name: str) -> _PromptFile:
    try:
        text, _, _ = _Files().get_source(_environment(), name)
    except TemplateNotFound as error:
        raise ConfigError(f"There is no prompt named {name!r}; there are {', '.join(prompt_names())}.") from error
    found = _FILE.fullmatch(text)
    if not found:
        raise ConfigError(f"The prompt {name!r} is not well-formed: front matter, system part, user part.")
    try:
        front = FrontMatter.model_validate(tomllib.loads(found[1]))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The front matter of the prompt {name!r} is not well-formed: {error}") from error
    try:
        parts = (_environment().from_string(found[2]), _environment().from_string(found[3]))
    except TemplateError as error:
        raise ConfigError(f"The prompt {name!r} is not well-formed: {error}") from error
    return _PromptFile(version=front.version, source=sha256_bytes(text.encode()), parts=parts)


def render(name: str, facts: Value, *, level: int = 0) -> Prompt:
    """Return a prompt with the facts filled in.

    Args:
        name: Of the file, without its ending.
        facts: Its fields are the variables.
        level: How hard the cuttable parts are shortened: 0 (not at all) to `CUT_LEVELS`.

    Raises:
        ConfigError: If there is no such prompt, or it asks for what the facts do not hold.
    """
    file = _load(name)
    variables = {field: getattr(facts, field) for field in type(facts).model_fields}
    try:
        rendered = [part.render(variables) for part in file.parts]
    except TemplateError as error:
        raise ConfigError(f"The prompt {name!r} cannot be rendered: {error}") from error
    texts, cuts = zip(*(_shorten(text, level) for text in rendered), strict=True)
    return Prompt(
        name=name,
        version=file.version,
        source=file.source,
        system=_tidy(texts[0]),
        user=_tidy(texts[1]),
        cuts=(*cuts[0], *cuts[1]),
    )


def _shorten(text: str, level: int) -> tuple[str, list[Cut]]:
    cuts: list[Cut] = []

    def one(found: re.Match[str]) -> str:
        part, body = found[1], found[2]
        most = max(len(body) // 3**level, 200)
        if level == 0 or len(body) <= most:
            return body
        cuts.append(Cut(part=part, length=len(body), kept=most))
        return clip(body, most)

    return _PART.sub(one, text), cuts


def _tidy(text: str) -> str:
    """Return a text without stray marks, trailing blanks, or more than one empty line in a row outside of facts."""
    text = re.sub(f"[{_OPEN}{_NAMED}{_CLOSE}]", "", text)
    return re.sub(r"\n{4,}", "\n\n\n", text).strip() + "\n"
