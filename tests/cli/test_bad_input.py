"""Bad input: one clear sentence, the right exit code, nothing half made."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.commands import TOPIC, call

UNHEARD_OF = "Which mating calls do Andean frogs prefer in the rain?"


class _Refusing(BaseHTTPRequestHandler):
    """An endpoint that knows no key."""

    def do_GET(self) -> None:
        body = json.dumps(
            {"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}}
        ).encode()
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def refusing_endpoint() -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "  "), "empty"),
        (("run", UNHEARD_OF), "--model"),
        (("run", TOPIC, "--model", "nobody:knows"), "nobody"),
        (("run", TOPIC, "--template", "alchemy"), "label_noise"),
        (("run", TOPIC, "--policy", "guessing"), "best_first"),
        (("run", TOPIC, "--memory", "plenty"), "plenty"),
        (("run", TOPIC, "--literature", "hearsay"), "openalex"),
        (("run", TOPIC, "--semantic", "no/such-model"), "semantic"),
        (("run", TOPIC, "--approve", "everything"), "approve"),
        (("run", TOPIC, "--model", "openai:x"), "OPENAI_API_KEY"),
        (("run",), "TOPIC"),
        (("resume", "nowhere"), "nowhere"),
        (("audit", "nowhere"), "nowhere"),
        (("show", "nowhere"), "nowhere"),
        (("review", "nowhere.pdf"), "nowhere.pdf"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = call(*arguments, home=tmp_path)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
    assert not (tmp_path / "runs").exists()


def test_a_refused_topic_names_the_nearest_template_and_how_to_use_a_model(tmp_path: Path) -> None:
    done = call("run", UNHEARD_OF, home=tmp_path)
    assert "--model openai:" in done.stderr
    assert any(name in done.stderr for name in ("label noise", "label_noise", "regularis", "schedule", "forecast"))


def test_an_endpoint_that_does_not_answer_is_named_before_anything_is_made(tmp_path: Path) -> None:
    done = call("run", TOPIC, "--model", "openai:x", "--base-url", "http://127.0.0.1:9/v1", home=tmp_path)
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_wrong_key_is_told_before_anything_is_made(tmp_path: Path, refusing_endpoint: str) -> None:
    done = call("run", TOPIC, "--model", "openai:x", "--base-url", refusing_endpoint, home=tmp_path)
    assert done.returncode == 2
    assert "key" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_an_output_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    done = call("run", TOPIC, home=tmp_path)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_says_what_is_there_as_one_object(tmp_path: Path) -> None:
    done = call("doctor", "--json", home=tmp_path)
    told = json.loads(done.stdout)
    assert told["ready"] is (done.returncode == 0)
    names = {check["name"] for check in told["checks"]}
    assert names >= {"python", "git", "sandbox", "latex", "research templates"}
    assert all(check.keys() == {"name", "ok", "found", "cure"} for check in told["checks"])
    assert all(check["ok"] or check["cure"] for check in told["checks"])


def test_runs_lists_nothing_where_nothing_is(tmp_path: Path) -> None:
    done = call("runs", "--json", home=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
