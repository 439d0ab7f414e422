"""A figure is shown to the model that can see, as a picture."""

from __future__ import annotations

from pathlib import Path

from ai_scientist.agents.vision import FigureAnswer, FigureFacts, look_at_figure
from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import SystemClock
from ai_scientist.core.settings import BudgetSettings, ModelSettings
from ai_scientist.models.build import build_model
from tests.models.server import chat_server

FACTS = FigureFacts(name="main", caption="Accuracy by condition.", shown=("accuracy",), wide=False)


async def test_a_figure_is_looked_at_by_the_vision_model(tmp_path: Path) -> None:
    picture = tmp_path / "main.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    answer = {"seen": "Two bars.", "problems": ["The legend hides a bar, upper right; move it below."]}
    with chat_server(answer=lambda body: answer) as server:
        settings = ModelSettings(name="openai:writes", roles={"vision": "openai:sees"}, base_url=server.url)
        budget = Budget(BudgetSettings(), SystemClock())
        model = build_model(
            settings, budget=budget, ledger=None, calls=tmp_path / "calls", clock=SystemClock(), rules=None
        )
        found = await look_at_figure(model, FACTS, picture)
    assert found == FigureAnswer.model_validate(answer)
    assert server.asked[0].body["model"] == "sees"
    assert "image_url" in server.asked[0].prompt
