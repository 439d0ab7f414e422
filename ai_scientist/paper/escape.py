"""Plain text made safe for LaTeX, and the mark of text that is LaTeX already."""

from __future__ import annotations

import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": "'",
    "`": r"\textasciigrave{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u2009": r"\,",
    "\u2011": "-",
    "\u2010": "-",
    "\u2013": "--",
    "\u2014": "---",
    "\u2018": "`",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
    "\u2026": r"\ldots{}",
    "\u2212": r"\ensuremath{-}",
    "\u20ac": r"\texteuro{}",
    "°": r"\ensuremath{^\circ}",
    "×": r"\ensuremath{\times}",
    "÷": r"\ensuremath{\div}",
    "±": r"\ensuremath{\pm}",
    "·": r"\ensuremath{\cdot}",
    "µ": r"\ensuremath{\mu}",
    "²": r"\textsuperscript{2}",
    "³": r"\textsuperscript{3}",
    "≤": r"\ensuremath{\le}",
    "≥": r"\ensuremath{\ge}",
    "≠": r"\ensuremath{\ne}",
    "≈": r"\ensuremath{\approx}",
    "∞": r"\ensuremath{\infty}",
    "→": r"\ensuremath{\to}",
    "∈": r"\ensuremath{\in}",
    "ς": r"\ensuremath{\varsigma}",
    "ϵ": r"\ensuremath{\epsilon}",
}
_GREEK_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))


class Tex(str):
    """Text that is LaTeX already: a template prints it as it stands; any other string is escaped."""

    __slots__ = ()


def escape(text: str) -> Tex:
    r"""Return plain text as LaTeX that prints it; what pdfLaTeX has no glyph for is written without its marks, or as ?.

    >>> escape("50% of R&D_α, “quoted”")
    "50\\% of R\\&D\\_\\ensuremath{\\alpha}, ``quoted''"
    """
    plain = unicodedata.normalize("NFC", text)
    # Two hyphens would become a dash: plain text that means a dash holds one.
    pieces = ["-{}" if plain[at : at + 2] == "--" else _escape_character(plain[at]) for at in range(len(plain))]
    return Tex("".join(pieces))


def is_typesettable(character: str) -> bool:
    """Whether pdfLaTeX with T1 fonts prints this character as it stands, or `escape` knows its command."""
    if character in "\n\t" or character in _SPECIAL:
        return True
    return character.isprintable() and ord(character) < 0x180


def _escape_character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isspace():
        return "\n" if character == "\n" else " "
    if is_typesettable(character):
        return character
    if not character.isprintable():
        return ""
    return _greek(character) or _without_marks(character)


def _greek(character: str) -> str:
    if character in _GREEK_LATIN:
        return _GREEK_LATIN[character]
    words = unicodedata.name(character, "").split()
    if len(words) == 4 and words[0] == "GREEK" and words[2] == "LETTER":
        name = words[3].lower().replace("lamda", "lambda")
        return rf"\ensuremath{{\{name.capitalize() if words[1] == 'CAPITAL' else name}}}"
    return ""


def _without_marks(character: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", character) if ord(c) < 0x180 and c.isprintable())
    if bare and bare != character:
        return "".join(_escape_character(c) for c in bare)
    return "" if unicodedata.combining(character) else "?"
