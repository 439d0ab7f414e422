"""A chat-completions endpoint on this machine that can misbehave in every way that real ones do. Real HTTP, no library.

A server has a script: from the request and its number to the name of a behaviour. It counts what it was asked and what
it answered in full, so that tests can say how often anything was paid.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from ai_scientist.core.hashing import sha256_json

Body = dict[str, Any]
Script = Callable[[Body, int], str]
Answerer = Callable[[Body], Body]

CONTEXT_CHARACTERS = 6000
"""Prompts longer than this do not fit, for the behaviour "short_context"."""


@dataclass
class Asked:
    """One request, as it came in."""

    body: Body
    headers: dict[str, str]
    behaviour: str
    time: float

    @property
    def key(self) -> str:
        """The question's identity: all that could change an answer."""
        kept = ("messages", "model", "response_format", "tools", "temperature", "max_tokens", "max_completion_tokens")
        return sha256_json({name: self.body.get(name) for name in kept})

    @property
    def mode(self) -> str:
        """How a typed answer was asked for."""
        return "schema" if self.body.get("response_format") else "tool" if self.body.get("tools") else "text"

    @property
    def prompt(self) -> str:
        """All text of the request."""
        return json.dumps(self.body["messages"], ensure_ascii=False)


@dataclass
class ChatServer:
    """What a test sees of the server.

    Attributes:
        asked: Every request, in order.
        answered: How often each question was answered in full.
        tokens: Of input and output, truly, for each answer that was sent, whatever its usage said.
    """

    url: str
    asked: list[Asked] = field(default_factory=list[Asked])
    answered: Counter[str] = field(default_factory=Counter[str])
    tokens: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    models: Sequence[str] = ("some-model",)
    script: Script = lambda body, number: "good"
    answer: Answerer = lambda body: {"text": "fine", "count": 3}
    lock: threading.Lock = field(default_factory=threading.Lock)
    most_at_once: int = 0
    at_once: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    was_asked: threading.Event = field(default_factory=threading.Event)
    latency: float = 0.0
    list_status: int = 200

    @property
    def behaviours(self) -> list[str]:
        """What was done, in order."""
        return [asked.behaviour for asked in self.asked]


class _Gone(Exception):
    """The other side hung up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def mine(self) -> ChatServer:
        return cast("_Http", self.server).mine

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        mine = self.mine
        if self.path.endswith("/models"):
            if mine.list_status != 200:
                message = f"Incorrect API key provided: {self.headers.get('Authorization', '')}"
                self._json(mine.list_status, {"error": {"message": message}})
                return
            self._json(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in mine.models]})
        else:
            self._json(404, {"error": {"message": "not found"}})

    def do_POST(self) -> None:
        mine = self.mine
        body: Body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with mine.lock:
            name = mine.script(body, len(mine.asked))
            headers = {key.lower(): value for key, value in self.headers.items()}
            asked = Asked(body=body, headers=headers, behaviour=name, time=time.monotonic())
            mine.asked.append(asked)
            mine.was_asked.set()
            mine.at_once += 1
            mine.most_at_once = max(mine.most_at_once, mine.at_once)
        try:
            if mine.latency:
                time.sleep(mine.latency)
            getattr(self, f"be_{name}")(asked)
        except (_Gone, BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with mine.lock:
                mine.at_once -= 1
            self.close_connection = True

    # What every behaviour is made of.

    def _json(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        self._raw(status, json.dumps(body).encode(), headers)

    def _raw(
        self, status: int, data: bytes, headers: dict[str, str] | None = None, kind: str = "application/json"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def _error(self, status: int, message: str, headers: dict[str, str] | None = None, **more: str) -> None:
        self._json(status, {"error": {"message": message, **more}}, headers)

    def _head(self, asked: Asked) -> Body:
        return {"id": "chatcmpl-1", "created": 1, "model": asked.body["model"], "system_fingerprint": "fp_1"}

    def _start(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()

    def _event(self, value: object) -> None:
        try:
            self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())
            self.wfile.flush()
        except OSError as error:
            raise _Gone from error

    def _chunk(self, asked: Asked, delta: Body, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._event({**self._head(asked), "object": "chat.completion.chunk", "choices": [choice]})

    def _usage(self, asked: Asked, text: str) -> Body:
        """A plausible count: four characters a token."""
        prompt, completion = len(asked.prompt) // 4 + 1, len(text) // 4 + 1
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": prompt // 2},
            "completion_tokens_details": {"reasoning_tokens": completion // 3},
        }

    def _say(self, asked: Asked, text: str, *, finish: str = "stop", usage: Body | str | None = "") -> None:
        """Answer with a text, in the way that was asked for."""
        true = self._usage(asked, text)
        told = true if usage == "" else usage
        self.mine.tokens.append((true["prompt_tokens"], true["completion_tokens"]))
        tool = asked.body["tools"][0]["function"]["name"] if asked.mode == "tool" else None
        call: Body = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": text}}
        message: Body = (
            {"role": "assistant", "content": None, "tool_calls": [call]}
            if tool
            else {"role": "assistant", "content": text}
        )
        if not asked.body.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": finish}
            self._json(200, {**self._head(asked), "object": "chat.completion", "choices": [choice], "usage": told})
        else:
            self._start()
            half = len(text) // 2
            for number, part in enumerate((text[:half], text[half:])):
                if tool:
                    piece = {"index": 0, "function": {"arguments": part}} | (
                        {} if number else {"id": "call_1", "type": "function"}
                    )
                    piece["function"] = {"arguments": part, **({} if number else {"name": tool})}
                    self._chunk(asked, {"role": "assistant", "tool_calls": [piece]})
                else:
                    self._chunk(asked, {"role": "assistant", "content": part})
            self._chunk(asked, {}, finish)
            if told is not None and asked.body.get("stream_options", {}).get("include_usage"):
                last: Body = {"object": "chat.completion.chunk", "choices": [], "usage": told}
                self._event({**self._head(asked), **last})
            self.wfile.write(b"data: [DONE]\n\n")
        self._count(asked)

    def _count(self, asked: Asked) -> None:
        with self.mine.lock:
            self.mine.answered[asked.key] += 1

    def _right(self, asked: Asked) -> Body:
        return self.mine.answer(asked.body)

    def _pause(self, seconds: float) -> None:
        if self.mine.closing.wait(seconds):
            raise _Gone

    # The behaviours.

    def be_good(self, asked: Asked) -> None:
        self._say(asked, json.dumps(self._right(asked)))

    def be_error_500(self, asked: Asked) -> None:
        self._error(500, "internal error")

    def be_html_502(self, asked: Asked) -> None:
        self._raw(502, b"<html><body>Bad gateway</body></html>", kind="text/html")

    def be_overloaded_503(self, asked: Asked) -> None:
        self._error(503, "overloaded", {"Retry-After": "2"})

    def be_rate_limited_told(self, asked: Asked) -> None:
        self._error(429, "Rate limit reached", {"Retry-After": "7"}, code="rate_limit_exceeded")

    def be_rate_limited(self, asked: Asked) -> None:
        self._error(429, "Too many requests")

    def be_rate_limited_for_a_day(self, asked: Asked) -> None:
        self._error(429, "Rate limit reached", {"Retry-After": "86400"})

    def be_no_quota(self, asked: Asked) -> None:
        self._error(429, "You exceeded your current quota, please check your plan", code="insufficient_quota")

    def be_wrong_key(self, asked: Asked) -> None:
        self._error(401, f"Incorrect API key provided: {self.headers['Authorization']}", code="invalid_api_key")

    def be_forbidden(self, asked: Asked) -> None:
        self._error(403, "You may not use this model")

    def be_unknown_model(self, asked: Asked) -> None:
        self._error(404, f"The model `{asked.body['model']}` does not exist", code="model_not_found")

    def be_bad_request(self, asked: Asked) -> None:
        self._error(400, "Something about this request is not right")

    def be_short_context(self, asked: Asked) -> None:
        if len(asked.prompt) > CONTEXT_CHARACTERS:
            message = "This model's maximum context length is 2000 tokens. Please reduce the length of the messages."
            self._error(400, message, code="context_length_exceeded")
        else:
            self.be_good(asked)

    def be_no_schema(self, asked: Asked) -> None:
        if asked.mode == "schema":
            self._error(400, "'response_format' of type 'json_schema' is not supported with this model.")
        else:
            self.be_good(asked)

    def be_no_schema_no_tools(self, asked: Asked) -> None:
        if asked.mode == "tool":
            self._error(400, "this model does not support tools")
        else:
            self.be_no_schema(asked)

    def be_no_forced_tool(self, asked: Asked) -> None:
        if asked.mode == "tool" and asked.body.get("tool_choice"):
            self._error(400, "tool_choice: forcing a tool is not supported with this model")
        else:
            self.be_no_schema(asked)

    def be_no_temperature(self, asked: Asked) -> None:
        if "temperature" in asked.body:
            self._error(400, "Unsupported value: 'temperature' does not support 0.5 with this model.")
        else:
            self.be_good(asked)

    def be_no_stream_usage(self, asked: Asked) -> None:
        if "stream_options" in asked.body:
            self._error(400, "Unknown parameter: 'stream_options'.")
        else:
            self.be_good(asked)

    def be_no_images(self, asked: Asked) -> None:
        if "image_url" in asked.prompt:
            self._error(400, "this model does not take image input")
        else:
            self.be_good(asked)

    def be_ignores_schema(self, asked: Asked) -> None:
        if asked.mode == "text":
            self.be_good(asked)
        else:
            self._say_plain(asked, "I think that it is a very good question indeed.")

    def _say_plain(self, asked: Asked, text: str) -> None:
        asked = Asked(body={**asked.body, "tools": None}, headers={}, behaviour=asked.behaviour, time=asked.time)
        self._say(asked, text)

    def be_no_stream(self, asked: Asked) -> None:
        """Ignores that a stream was asked for."""
        self._say(
            Asked(body={**asked.body, "stream": False}, headers={}, behaviour="", time=0),
            json.dumps(self._right(asked)),
        )

    def be_cut_stream(self, asked: Asked) -> None:
        self._start()
        self._chunk(asked, {"role": "assistant", "content": '{"text": "half of'})

    def be_hang_up(self, asked: Asked) -> None:
        self.connection.close()

    def be_hang(self, asked: Asked) -> None:
        self._pause(30)

    def be_stall(self, asked: Asked) -> None:
        self._start()
        self._chunk(asked, {"role": "assistant", "content": "{"})
        self._pause(30)

    def be_slow_drip(self, asked: Asked) -> None:
        self._start()
        while True:
            self._chunk(asked, {"role": "assistant", "content": " "})
            self._pause(0.05)

    def be_error_in_stream(self, asked: Asked) -> None:
        self._start()
        self._chunk(asked, {"role": "assistant", "content": "{"})
        self._event({"error": {"message": "The server had an error", "type": "server_error"}})

    def be_broken_json(self, asked: Asked) -> None:
        self._say(asked, json.dumps(self._right(asked))[:-3])

    def be_json_in_prose(self, asked: Asked) -> None:
        self._say(asked, f"Of course! Here is {{the}} answer:\n{json.dumps(self._right(asked))}\nI hope that it helps.")

    def be_fenced_json(self, asked: Asked) -> None:
        self._say(asked, f"```json\n{json.dumps(self._right(asked), indent=1)}\n```")

    def be_trailing_comma(self, asked: Asked) -> None:
        self._say(asked, json.dumps(self._right(asked))[:-1] + ",}")

    def be_wrong_types(self, asked: Asked) -> None:
        self._say(asked, json.dumps({**self._right(asked), next(iter(self._right(asked))): {"a": [1]}}))

    def be_missing_keys(self, asked: Asked) -> None:
        self._say(asked, json.dumps(dict(list(self._right(asked).items())[1:])))

    def be_extra_keys(self, asked: Asked) -> None:
        self._say(asked, json.dumps({**self._right(asked), "confidence": 0.9}))

    def be_a_list(self, asked: Asked) -> None:
        self._say(asked, json.dumps([self._right(asked)]))

    def be_nan(self, asked: Asked) -> None:
        self._say(asked, json.dumps(self._right(asked))[:-1] + ', "count": NaN}')

    def be_empty(self, asked: Asked) -> None:
        self._say(asked, "")

    def be_blank(self, asked: Asked) -> None:
        self._say(asked, "\n \n")

    def be_refusal(self, asked: Asked) -> None:
        if asked.body.get("stream"):
            self._start()
            self._chunk(asked, {"role": "assistant", "refusal": "I cannot "})
            self._chunk(asked, {"refusal": "help with that."})
            self._chunk(asked, {}, "stop")
            self.wfile.write(b"data: [DONE]\n\n")
        else:
            message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._json(200, {**self._head(asked), "object": "chat.completion", "choices": [choice]})
        self._count(asked)

    def be_filtered(self, asked: Asked) -> None:
        self._say(asked, "{", finish="content_filter")

    def be_filtered_prompt(self, asked: Asked) -> None:
        self._error(400, "The prompt triggered the content management policy.", code="content_filter")

    def be_too_long(self, asked: Asked) -> None:
        self._say(asked, json.dumps(self._right(asked))[:5], finish="length")

    def be_giant(self, asked: Asked) -> None:
        self._start()
        while True:
            self._chunk(asked, {"role": "assistant", "content": "x" * 100_000})

    def be_repeating(self, asked: Asked) -> None:
        self._start()
        while True:
            self._chunk(asked, {"role": "assistant", "content": "and so on " * 200})

    def be_invalid_utf8(self, asked: Asked) -> None:
        self._start()
        self.wfile.write(b'data: {"choices": [{"index": 0, "delta": {"content": "\xff\xfe\xff"}}]}\n\n')
        self.wfile.write(b"data: [DONE]\n\n")

    def be_half_surrogate(self, asked: Asked) -> None:
        self._say(asked, json.dumps(self._right(asked))[:-1] + ', "text": "\\ud800"}')

    def be_bad_tool_arguments(self, asked: Asked) -> None:
        self._say(asked, '{"text": fine')

    def be_other_model(self, asked: Asked) -> None:
        dated = {**asked.body, "model": "some-model-2026-01-01"}
        asked = Asked(body=dated, headers={}, behaviour=asked.behaviour, time=asked.time)
        self._say(asked, json.dumps(self._right(asked)))

    def be_no_usage(self, asked: Asked) -> None:
        self._say(asked, json.dumps(self._right(asked)), usage=None)

    def be_absurd_usage(self, asked: Asked) -> None:
        usage = {"prompt_tokens": 10**12, "completion_tokens": 10**12, "total_tokens": 2 * 10**12}
        self._say(asked, json.dumps(self._right(asked)), usage=usage)

    def be_negative_usage(self, asked: Asked) -> None:
        self._say(
            asked,
            json.dumps(self._right(asked)),
            usage={"prompt_tokens": -5, "completion_tokens": -5, "total_tokens": -10},
        )

    def be_html_200(self, asked: Asked) -> None:
        self._raw(200, b"<html>Welcome to the proxy</html>", kind="text/html")

    def be_no_choices(self, asked: Asked) -> None:
        if asked.body.get("stream"):
            self._start()
            self._event({**self._head(asked), "choices": []})
            self.wfile.write(b"data: [DONE]\n\n")
        else:
            self._json(200, {**self._head(asked), "object": "chat.completion", "choices": None})

    def be_strange_chunks(self, asked: Asked) -> None:
        self._start()
        self._event({"hello": "world", "choices": [{"index": 0}]})
        self.wfile.write(b"data: [DONE]\n\n")

    def be_eaten_backslashes(self, asked: Asked) -> None:
        self._say(asked, '{"text": "the \\beta of \\frac", "count": 3}')

    def be_tell_the_key(self, asked: Asked) -> None:
        self._say(asked, json.dumps({**self._right(asked), "text": self.headers["Authorization"]}))

    def be_redirect(self, asked: Asked) -> None:
        self._raw(302, b"", {"Location": self.path})


BEHAVIOURS = tuple(sorted(name.removeprefix("be_") for name in vars(_Handler) if name.startswith("be_")))


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    mine: ChatServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: clients hang up, that is what is tested."""


@contextmanager
def chat_server(script: Script | str = "good", answer: Answerer | None = None) -> Generator[ChatServer]:
    """Run a server on a free port.

    Args:
        script: What it does with each request; a name: always that.
        answer: What a right answer is.
    """
    http = _Http(("127.0.0.1", 0), _Handler)
    mine = ChatServer(url=f"http://127.0.0.1:{http.server_port}/v1")
    mine.script = (lambda body, number: script) if isinstance(script, str) else script
    if answer is not None:
        mine.answer = answer
    http.mine = mine
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield mine
    finally:
        mine.closing.set()
        http.shutdown()
        http.server_close()
        thread.join()


def first(*behaviours: str, then: str = "good") -> Script:
    """Return a script: these in turn, and then always the last."""
    return lambda body, number: behaviours[number] if number < len(behaviours) else then
