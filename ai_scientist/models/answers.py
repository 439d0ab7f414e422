"""From what a model wrote to a typed answer, or to the reasons why it is none.

Nothing is guessed here: a missing key is not filled in, an unknown one is not dropped. What can be read without doubt
is read (JSON inside prose, a trailing comma); everything else goes back to the model with the reasons.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from ai_scientist.core.values import Value
from ai_scientist.models.exchange import Form

A = TypeVar("A", bound=Value)


class Malformed(Exception):
    """The answer does not fit its type; the message tells the model why.

    Attributes:
        is_json: Whether there was a JSON object at all.
    """

    def __init__(self, message: str, *, is_json: bool) -> None:
        super().__init__(message)
        self.is_json = is_json


def form_of(answer: type[Value]) -> Form:
    """Return the JSON schema of an answer's type, in the strict dialect where the type allows it.

    The strict dialect (every key listed, every key required, no others) is what endpoints can hold a model to. A type
    with free keys, such as file names, has no strict form.
    """
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", answer.__name__).lower()
    schema = answer.model_json_schema()
    strict = _strict(schema)
    if strict is None:
        return Form(name=name, schema=schema, is_strict=False)
    return Form(name=name, schema=cast("dict[str, Any]", strict), is_strict=True)


_UNSUPPORTED = {"default", "title", "minLength", "maxLength", "minItems", "maxItems", "prefixItems", "format"}


def _strict(part: object) -> object | None:
    """Return a schema in the strict dialect; None if it has free keys."""
    if isinstance(part, list):
        items = [_strict(item) for item in cast("list[object]", part)]
        return None if any(item is None for item in items) else items
    if not isinstance(part, dict):
        return part
    fields = cast("dict[str, object]", part)
    if fields.get("type") == "object" and "properties" not in fields:
        return None
    made: dict[str, object] = {}
    for key, value in fields.items():
        if key in ("properties", "$defs") and isinstance(value, dict):
            inner = {name: _strict(sub) for name, sub in cast("dict[str, object]", value).items()}
            if any(sub is None for sub in inner.values()):
                return None
            made[key] = inner
        elif key in _UNSUPPORTED or key in ("required", "additionalProperties"):
            continue
        elif key in ("enum", "const", "pattern", "description"):
            made[key] = value
        else:
            sub = _strict(value)
            if sub is None and value is not None:
                return None
            made[key] = sub
    if fields.get("type") == "object":
        properties = cast("dict[str, object]", fields["properties"])
        made["required"] = list(properties)
        made["additionalProperties"] = False
    return made


def text_instructions(form: Form) -> str:
    """Return what a model that answers in plain text is told about the form of its answer."""
    schema = json.dumps(form.schema, ensure_ascii=False, separators=(",", ":"))
    return f"""
## How to write the answer down

Answer with one JSON object that fits the schema below, and with nothing else. Every key that the schema requires must
be there, no other keys may be. In JSON a backslash inside a string is written twice: \\\\val for \\val.

A long text (a program, a section) may be written outside the JSON instead, where nothing needs to be escaped: put
"@block:NAME" as the string's value, and after the JSON object the text itself between the two lines
<<<NAME
NAME>>>

The schema:
{schema}
"""


def parse(text: str, answer: type[A]) -> A:
    """Return the answer that a model's text holds.

    Raises:
        Malformed: If there is none; the message says why, for the model.
    """
    text = text.encode("utf-8", "replace").decode()  # half of a surrogate pair cannot be stored
    if not text.strip():
        raise Malformed("The answer was empty.", is_json=False)
    reasons: list[str] = []
    for value in _objects(text):
        filled = _with_blocks(value, text)
        damage = _damage(filled)
        if damage:
            reasons.append(damage)
            continue
        try:
            return answer.model_validate_json(json.dumps(filled))
        except ValidationError as error:
            reasons.append(_reasons(error))
        except ValueError as error:
            reasons.append(str(error))
    if reasons:
        raise Malformed(reasons[0], is_json=True)
    raise Malformed(_why_no_json(text), is_json=False)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in a text that can be the answer: the whole, fenced ones, then any, longest first."""
    seen: set[int] = set()
    outside = _BLOCK.sub("", text)
    whole = outside.strip()
    fenced = [found[1].strip() for found in re.finditer(r"```(?:json|JSON)?[ \t]*\n(.*?)\n?```", outside, re.S)]
    spans: list[tuple[int, dict[str, Any]]] = []
    for number, candidate in enumerate([whole, *fenced]):
        value = _loads(candidate)
        if value is not None:
            yield value
            seen.add(number)
    if seen:
        return
    position = outside.find("{")
    while position >= 0 and len(spans) < 50:
        value, end = _raw(outside, position)
        if value is not None:
            spans.append((end - position, value))
            position = outside.find("{", end)
        else:
            position = outside.find("{", position + 1)
    for _, value in sorted(spans, key=lambda span: -span[0]):
        yield value


_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


def _loads(text: str) -> dict[str, Any] | None:
    for candidate in (text, _TRAILING_COMMA.sub(r"\1", text)):
        try:
            value: object = json.loads(candidate, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return cast("dict[str, Any]", value)
    return None


def _raw(text: str, position: int) -> tuple[dict[str, Any] | None, int]:
    try:
        value: object
        value, end = json.JSONDecoder(parse_constant=_no_constant).raw_decode(text, position)
    except (ValueError, RecursionError):
        return None, position
    return (cast("dict[str, Any]", value), end) if isinstance(value, dict) else (None, position)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON value")


_BLOCK = re.compile(r"^<<<(?P<name>[\w.\-/]+)[ \t]*\r?\n(?P<body>.*?)^(?P=name)>>>[ \t]*$", re.S | re.M)


def _with_blocks(value: Mapping[str, Any], text: str) -> object:
    """Return an answer with its "@block:NAME" strings replaced by the blocks that stand in the text."""
    blocks = {found["name"]: found["body"] for found in _BLOCK.finditer(text)}

    def fill(part: object) -> object:
        if isinstance(part, str) and part.startswith("@block:"):
            return blocks.get(part.removeprefix("@block:").strip(), part)
        if isinstance(part, dict):
            return {key: fill(sub) for key, sub in cast("dict[str, object]", part).items()}
        if isinstance(part, list):
            return [fill(sub) for sub in cast("list[object]", part)]
        return part

    return fill(dict(value))


_EATEN = re.compile(r"[\x08\x0c]|\t(?=ext(bf|it|tt|sc)?\{|able|imes|heta|au\b|ilde)|\r(?!\n)")


def _damage(part: object) -> str:
    r"""Return why strings in an answer are damaged: a backslash that JSON took for an escape, a block that is missing.

    `"\beta"` in JSON is a backspace and "eta", so it parses, and would be printed wrong.
    """
    if isinstance(part, str):
        if part.startswith("@block:"):
            return f"The answer refers to {part}, but no such block stands after the JSON object."
        found = _EATEN.search(part)
        if found:
            around = part[max(0, found.start() - 20) : found.end() + 20]
            return (
                f"A string holds a control character where a backslash was meant, near {around!r}: in JSON every "
                "backslash is written twice."
            )
        return ""
    inner: list[object] = []
    if isinstance(part, dict):
        inner = list(cast("dict[str, object]", part).values())
    elif isinstance(part, list):
        inner = cast("list[object]", part)
    return next((found for found in map(_damage, inner) if found), "")


def _reasons(error: ValidationError) -> str:
    lines = [
        f"- {'.'.join(map(str, detail['loc'])) or 'the object'}: {detail['msg']}"
        for detail in error.errors(include_url=False, include_context=False, include_input=False)[:12]
    ]
    return "The answer is JSON but does not fit its schema:\n" + "\n".join(lines)


def _why_no_json(text: str) -> str:
    start = text.find("{")
    if start < 0:
        return "The answer holds no JSON object."
    try:
        json.loads(text[start:])
    except ValueError as error:
        return f"The answer holds no valid JSON object: {error}."
    except RecursionError:
        return "The answer is nested too deeply."
    return "The answer holds no valid JSON object."


def repair_request(reason: str, form: Form, *, is_left: bool) -> str:
    """Return what a model is told about an answer that could not be used."""
    schema = json.dumps(form.schema, ensure_ascii=False, separators=(",", ":"))
    last = "" if is_left else " This is the last time it can be corrected."
    return (
        f"Your answer could not be used. {reason}\n\n"
        f"Give the whole answer again, corrected, as one JSON object and nothing else.{last} Change only what is "
        f"wrong; do not make anything up to fill a field: where you do not know, say so in that field's words.\n\n"
        f"The schema of the answer:\n{schema}"
    )
