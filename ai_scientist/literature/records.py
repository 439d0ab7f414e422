"""Records (papers that a source told us of) and quotes (their own words)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ai_scientist.core.values import Value


class Record(Value):
    """One paper, as its source described it. Never written by a model.

    Attributes of note: `id` serves as the BibTeX key; `text` is the stored text that quotes are checked against
    (abstract, a passage of it, or full text where we have it), in the paper's own words; `summary` is in ours.
    """

    schema_version: int = 1
    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    authors: tuple[str, ...] = Field(description="'Family, Given'.")
    year: int
    venue: str = ""
    kind: Literal["article", "inproceedings", "book", "misc"] = "article"
    volume: str = ""
    number: str = ""
    pages: str = ""
    publisher: str = ""
    doi: str = ""
    arxiv: str = ""
    url: str = ""
    text: str = ""
    summary: str = Field(default="", description="What the paper is about, in our words. Never quoted.")
    source: str = Field(description="Who told us: 'shipped', 'arxiv', 'semanticscholar', 'openalex', 'crossref'.")
    fetched: str = Field(default="", description="When, for what was fetched.")
    retracted: bool = False
    checked: tuple[str, ...] = Field(default=(), description="What confirmed these facts: sources that were looked up.")


class Quote(Value):
    """A verbatim span of a record's text.

    Attributes of note: `start` is the offset in characters; the quote is `record.text[start:start + len(text)]`.
    """

    id: str
    record: str
    text: str
    start: int
