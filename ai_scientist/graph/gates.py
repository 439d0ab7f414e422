"""Gates: where a person may approve, edit or redirect. A gate's node does nothing else, so that it may run twice."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.settings import Gate, Settings
from ai_scientist.core.values import Value


class GateReply(Value):
    """What a person says at a gate.

    Attributes of note: "edit" replaces the artifact by `value`; "redirect" sends the run back with `text` as guidance.
    """

    action: Literal["approve", "edit", "redirect", "stop"] = "approve"
    text: str = ""
    value: dict[str, Any] | None = Field(default=None, description="The edited artifact, as plain JSON.")


def ask(gate: Gate, settings: Settings, artifact: dict[str, Any]) -> GateReply:
    """Stop at a gate if the user wants it, and return the person's reply; approve at once if not.

    Raises:
        ConfigError: If the reply is not one.
    """
    if gate not in settings.approve:
        return GateReply()
    from langgraph.types import interrupt  # a second to load, and needed by those alone who wait at a gate

    reply = interrupt({"gate": gate, "artifact": artifact})
    try:
        return GateReply.model_validate(reply)
    except ValueError as error:
        raise ConfigError(f"That is no reply to the gate {gate!r}: {error}") from error
