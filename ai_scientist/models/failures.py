"""From a client library's exceptions to what a failure means for us.

Providers' libraries share no error types, but they share their shape: an HTTP status, a body with a message and a
code, headers. What is known about a failure is read from that shape, never from a library's class alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast

from ai_scientist.models.exchange import CallFailed, FailureKind, Feature

_CONTEXT = re.compile(
    r"context[ _-]?(length|window|limit|size)|maximum context|prompt is too long|too many (input )?tokens|"
    r"input tokens? exceed|reduce the length|exceeds? the (model'?s? )?(maximum|max) (input|number of tokens)|"
    r"request too large for",
    re.I,
)
_QUOTA = re.compile(r"insufficient[_ ]quota|exceeded your current quota|billing|credit balance|payment required", re.I)
_FILTER = re.compile(r"content[_ ](filter|management|policy)|safety|moderation", re.I)
_MODEL = re.compile(
    r"model[^.]{0,80}(not found|does not exist|not exist|unknown|not supported|no access)|"
    r"(unknown|invalid|no such) model|model_not_found",
    re.I,
)
_FEATURES: tuple[tuple[Feature, re.Pattern[str]], ...] = (
    ("schema", re.compile(r"response_format|json_schema|structured output|guided|grammar", re.I)),
    ("usage", re.compile(r"stream_options|include_usage", re.I)),
    ("max_completion_tokens", re.compile(r"max_completion_tokens|max_tokens", re.I)),
    ("temperature", re.compile(r"temperature", re.I)),
    ("images", re.compile(r"image|vision|multimodal|content.{0,40}must be a string", re.I)),
    ("tool_choice", re.compile(r"tool_choice|forced? tool", re.I)),
    ("tool", re.compile(r"\btools?\b|function.?call", re.I)),
    ("stream", re.compile(r"stream", re.I)),
)
_NETWORK = re.compile(r"connect|network|read ?error|protocol|socket|dns|ssl|remote", re.I)


def understand(error: BaseException, *, began: bool) -> CallFailed:
    """Return what an exception of a client library means.

    Args:
        error: The exception.
        began: Whether a part of the answer had come before.
    """
    if isinstance(error, CallFailed):
        return error
    status, message = _status(error), _message(error)
    if status is not None and status >= 400:
        return _by_status(status, message, error)
    if _CONTEXT.search(message) and "overflow" in type(error).__name__.lower() + message.lower():
        return CallFailed("context", message)
    if isinstance(error, UnicodeDecodeError):
        return CallFailed("unreadable", "the answer is not UTF-8")
    name = " ".join(kind.__name__ for kind in type(error).__mro__)
    if "Timeout" in name:
        return CallFailed("stalled" if began else "timeout", message or "no answer in time")
    if isinstance(error, OSError) or _NETWORK.search(name):
        return CallFailed("cut" if began else "network", message or "the connection failed")
    if "APIError" in name:  # an error object inside a stream
        return _in_stream(error, message)
    return CallFailed("cut" if began else "unreadable", f"the answer is no chat completion ({message})")


def _by_status(status: int, message: str, error: BaseException) -> CallFailed:
    said = f"HTTP {status}: {message}"
    wait = retry_after(_headers(error))
    if status == 402 or (status in (400, 403, 429) and _QUOTA.search(message)):
        return CallFailed("quota", said)
    if status == 401 or (status == 403 and not _FILTER.search(message)):
        return CallFailed("key", said)
    if status == 413 or _CONTEXT.search(message):
        return CallFailed("context", said)
    if status == 429:
        return CallFailed("rate", said, retry_after_seconds=wait)
    if status in (408, 409, 425) or status >= 500:
        if status == 501:
            return _complaint(said, message)
        return CallFailed("server", said, retry_after_seconds=wait)
    if status == 404 or (_MODEL.search(message) and not _what(message)):
        return CallFailed("model", said)
    return _complaint(said, message)


def _complaint(said: str, message: str) -> CallFailed:
    what = _what(message)
    if what:
        return CallFailed("unsupported", said, what=what)
    if _FILTER.search(message):
        return CallFailed("filtered", said)
    return CallFailed("request", said)


def _what(message: str) -> Feature | None:
    return next((feature for feature, pattern in _FEATURES if pattern.search(message)), None)


def _in_stream(error: BaseException, message: str) -> CallFailed:
    code = f"{getattr(error, 'code', '')} {getattr(error, 'type', '')} {message}"
    kind: FailureKind = "server"
    if _CONTEXT.search(code):
        kind = "context"
    elif _QUOTA.search(code):
        kind = "quota"
    elif re.search(r"rate.?limit|too many requests", code, re.I):
        kind = "rate"
    elif _FILTER.search(code):
        kind = "filtered"
    return CallFailed(kind, message)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an endpoint asks us to wait; None if it does not say, or says nonsense.

    >>> retry_after({"retry-after": "7"}), retry_after({"retry-after-ms": "1500"}), retry_after({"retry-after": "soon"})
    (7.0, 1.5, None)
    """
    low = {name.lower(): value for name, value in headers.items()}
    try:
        if "retry-after-ms" in low:
            seconds = float(low["retry-after-ms"]) / 1000
        else:
            seconds = float(low["retry-after"])
    except (KeyError, ValueError):
        try:
            then = parsedate_to_datetime(low.get("retry-after", ""))
        except (ValueError, TypeError):
            return None
        seconds = ((then if then.tzinfo else then.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return seconds if 0 <= seconds < float("inf") else None


def _status(error: BaseException) -> int | None:
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "http_status", "code"):
            found = getattr(holder, name, None)
            if isinstance(found, int) and 100 <= found < 600:
                return found
    return None


def _headers(error: BaseException) -> Mapping[str, str]:
    headers = getattr(getattr(error, "response", None), "headers", None)
    return {str(k): str(v) for k, v in headers.items()} if headers is not None else {}


def _message(error: BaseException) -> str:
    """Return what the other side said, with its code, in at most a few hundred characters."""
    body: object = getattr(error, "body", None)
    parts: list[str] = []
    if isinstance(body, dict):
        fields = cast("dict[str, object]", body)
        inner = fields.get("error", fields)
        if isinstance(inner, dict):
            found = cast("dict[str, object]", inner)
            parts = [str(found[k]) for k in ("message", "code", "type", "param") if found.get(k)]
        else:
            parts = [str(inner)]
    text = " / ".join(dict.fromkeys(parts)) or str(error) or type(error).__name__
    text = " ".join(text.split())
    return text if len(text) <= 400 else text[:300] + " … " + text[-80:]
