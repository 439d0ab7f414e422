from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai_scientist.core.clock import FixedClock
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.hashing import sha256_bytes
from ai_scientist.core.ledger import GENESIS, Ledger, read_events

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def chain_is_whole(path: Path) -> bool:
    previous = GENESIS
    for event, line_hash in read_events(path):
        if event.previous != previous:
            return False
        previous = line_hash
    return True


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.tuples(st.text(min_size=1), st.dictionaries(st.text(), plain, max_size=3)), max_size=8))
def test_whatever_is_recorded_is_read_back_in_an_unbroken_chain(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, dict[str, object]]]
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    ledger = Ledger(folder, FixedClock())
    for number, (kind, facts) in enumerate(events):
        ledger.record(kind, actor="test", key=str(number), facts=facts)
    ledger.close()
    back = list(read_events(folder / "ledger.jsonl"))
    assert [(event.kind, event.facts) for event, _ in back] == events
    assert [event.seq for event, _ in back] == list(range(len(events)))
    assert chain_is_whole(folder / "ledger.jsonl")
    again = Ledger(folder, FixedClock())
    assert again.head == (back[-1][1] if back else GENESIS)
    again.close()


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(1, 400))
def test_a_crash_in_mid_line_costs_that_line_alone(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    ledger = Ledger(folder, FixedClock())
    for number in range(3):
        ledger.record("event", actor="test", key=str(number))
    ledger.close()
    path = folder / "ledger.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: -min(cut, len(whole))])
    again = Ledger(folder, FixedClock())
    kept = len(again)
    again.record("after", actor="test")
    again.close()
    assert chain_is_whole(path)
    assert len(list(read_events(path))) == kept + 1


def test_the_same_event_is_recorded_once_and_a_changed_file_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, FixedClock())
    file = tmp_path / "a.txt"
    file.write_text("one")
    first = ledger.record("made", actor="test", files=[file])
    assert ledger.record("made", actor="test", files=[file]) == first
    file.write_text("two")
    second = ledger.record("made", actor="test", files=[file])
    ledger.close()
    assert second.seq == 1
    assert second.outputs[0].sha256 == sha256_bytes(b"two")


def test_a_changed_line_breaks_the_chain(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, FixedClock())
    for number in range(3):
        ledger.record("event", actor="test", key=str(number), facts={"n": number})
    ledger.close()
    path = tmp_path / "ledger.jsonl"
    lines = path.read_text().splitlines()
    changed = json.loads(lines[1])
    changed["facts"]["n"] = 9
    lines[1] = json.dumps(changed, sort_keys=True, separators=(",", ":"))
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(RunCorrupted, match="chain breaks at line 3"):
        Ledger(tmp_path, FixedClock())
