"""From a service's words to a record: names, years, numbers, addresses put into one form."""

from __future__ import annotations

import html
import re
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ai_scientist.literature.keys import make_id
from ai_scientist.literature.records import Record
from ai_scientist.literature.sources.wire import Unanswered

_TAG = re.compile(r"<[^>]+>")
_ARXIV = re.compile(r"(?:abs/|arxiv[:.]\s*)([a-z-]+(?:\.[A-Z]{2})?/\d{7}|\d{4}\.\d{4,5})(v\d+)?", re.IGNORECASE)


class Foreign(BaseModel):
    """A value in a service's own form: what we read of it; services add keys as they like."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


T = TypeVar("T", bound=Foreign)


def read(form: type[T], data: bytes) -> T:
    """Return a service's answer in its form.

    Raises:
        Unanswered: If it has another form: an error page must not read as "no hits".
    """
    try:
        return form.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise Unanswered(f"could not ask: the answer has another form ({where}: {first['msg']})") from error


def plain(text: str | None) -> str:
    """Return a text without mark-up, entities and odd white space.

    >>> plain("<jats:p>We  find &amp; show</jats:p>")
    'We find & show'
    """
    return " ".join(html.unescape(_TAG.sub(" ", text or "")).split())


def name(author: str) -> str:
    """Return 'Family, Given' for a name in either order.

    >>> name("Kilian Q. Weinberger")
    'Weinberger, Kilian Q.'
    >>> name("Stéfan J. van der Walt")
    'van der Walt, Stéfan J.'
    """
    author = plain(author)
    if "," in author or " " not in author:
        return author
    words = author.split()
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in PARTICLES:
        start -= 1
    suffix = words[-1].rstrip(".").lower() in ("jr", "sr", "ii", "iii") and start > 1
    if suffix:
        return f"{words[-2]}, {' '.join(words[:-2])}, {words[-1]}"
    return f"{' '.join(words[start:])}, {' '.join(words[:start])}"


PARTICLES = frozenset("van von der den de del della di da dos du la le ter ten zu zur af al bin ibn".split())
"""Small words that belong to the family name behind them."""


def arxiv_number(text: str | None) -> str:
    """Return the arXiv number in an address or identifier, without its version; empty if there is none."""
    found = _ARXIV.search(text or "")
    return found.group(1) if found else ""


def doi(text: str | None) -> str:
    """Return a bare DOI in lower case; empty if the text is none."""
    bare = re.sub(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", "", (text or "").strip(), flags=re.IGNORECASE).lower()
    return bare if bare.startswith("10.") else ""


def record(
    *,
    source: str,
    fetched: str,
    title: str,
    authors: tuple[str, ...],
    year: int,
    **facts: str,
) -> Record | None:
    """Return a record, or None if title, authors or year are missing: such an entry cannot be cited."""
    bare = plain(title).rstrip(".")
    people = tuple(name(author) for author in authors if plain(author))
    if not bare or not people or not 1500 <= year <= 2100:
        return None
    values = {key: plain(value) for key, value in facts.items() if value}
    return Record.model_validate(
        {
            "id": make_id(people, year, bare),
            "title": bare,
            "authors": people,
            "year": year,
            "source": source,
            "fetched": fetched,
            **values,
        }
    )
