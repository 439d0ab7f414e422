"""A chat server that stands in for a model: a fixed delay, then a random, valid edit of the program in the prompt.

    python -m benchmarks.searching.chat TASK DELAY SEED     prints its port, serves until it is killed

It speaks as much of the OpenAI protocol as the systems of the benchmark ask for: chat completions with and without a
tool to call, and embeddings. A prompt without a program gets an edit of the task's first one. Standard library only.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from random import Random
from typing import Any, cast

from benchmarks.searching.tasks import TASKS, Task, read, render

CURRENT = re.compile(r"# Current [Pp]rogram.*", re.DOTALL)
SCORE = re.compile(r"score: (-?[\d.]+(?:e-?\d+)?|-?inf|nan)")


NO_MODELS: dict[str, Any] = {"object": "list", "data": []}


class Answers:
    """What the server says."""

    def __init__(self, task: Task, seed: int) -> None:
        self._task, self._rng = task, Random(seed)

    def chat(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a chat completion."""
        prompt = "\n".join(_text(message["content"]) for message in request["messages"])
        message: dict[str, Any] = {"role": "assistant", "content": None}
        if request.get("tools"):
            name = request["tools"][0]["function"]["name"]
            message["tool_calls"] = [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": name, "arguments": json.dumps(_review(prompt))},
                }
            ]
        else:
            message["content"] = self._edit(prompt)
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": 200, "total_tokens": len(prompt) // 4 + 200}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if request.get("tools") else "stop"}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": request.get("model", "synthetic"),
            "choices": [choice],
            "usage": usage,
        }

    def embed(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return embeddings at random: no two programs look alike."""
        asked: object = request["input"]
        count = len(cast("list[object]", asked)) if isinstance(asked, list) else 1
        data = [
            {"object": "embedding", "index": i, "embedding": [self._rng.gauss(0, 1) for _ in range(32)]}
            for i in range(count)
        ]
        return {"object": "list", "data": data, "model": "synthetic", "usage": {"prompt_tokens": 1, "total_tokens": 1}}

    def _edit(self, prompt: str) -> str:
        current = CURRENT.search(prompt)
        params = read(current.group() if current else prompt) or self._task.start()
        program = render(self._task, self._task.mutate(params, self._rng))
        return f"A random step.\n\n```python\n{program}```\n"


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or ())


def _review(prompt: str) -> dict[str, Any]:
    """Read the score that a script printed, as a reviewing model would."""
    found = SCORE.findall(prompt)
    if not found:
        return {"is_bug": True, "summary": "It printed no score.", "metric": None, "lower_is_better": False}
    return {"is_bug": False, "summary": "It ran.", "metric": float(found[-1]), "lower_is_better": False}


async def serve(task: Task, delay: float, seed: int) -> None:
    """Serve for ever."""
    answers = Answers(task, seed)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length.group(1))) if length else b"{}"
                path = head.split(b" ", 2)[1]
                arrived = asyncio.get_running_loop().time()
                say = answers.embed if path.endswith(b"/embeddings") else answers.chat
                told = NO_MODELS if path.endswith(b"/models") else say(json.loads(body))
                payload = json.dumps(told).encode()
                if say == answers.chat:
                    await asyncio.sleep(max(0.0, delay - (asyncio.get_running_loop().time() - arrived)))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(payload)
                )
                writer.write(payload)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(TASKS[sys.argv[1]], float(sys.argv[2]), int(sys.argv[3])))
