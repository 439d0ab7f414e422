"""Rows: what a program logged, as the harness keeps it. One line of search/nodes/<id>/rows.jsonl each."""

from __future__ import annotations

from pydantic import Field

from ai_scientist.core.values import Scalar, Value


class LoggedRow(Value):
    """What the program said, through `lab.log`."""

    metric: str
    value: float
    condition: str
    dataset: str
    split: str = "test"
    step: int | None = Field(default=None, description="None: the final value; a number: a point of a curve.")


class Row(LoggedRow):
    """What the harness keeps: the program's words and its own.

    Attributes of note: `node`, `seed`, `code` (the checkpoint), `data` (hash of the data the program loaded) and
    `time` are the harness's; `recomputed` tells that the harness itself computed the value from predictions.
    """

    schema_version: int = 1
    node: str
    seed: int
    code: str
    data: str
    time: str
    recomputed: bool = False

    @property
    def is_final(self) -> bool:
        """Whether it is no point of a curve."""
        return self.step is None


class RunConfig(Value):
    """What a program said about itself, through `lab.config` and `lab.dataset`, the same for all seeds.

    Attributes of note: keys of `settings` are "epochs" for what all conditions share and "proposed/label_smoothing"
    for what one has; keys of `data` are "digits/n_train".
    """

    settings: dict[str, Scalar] = Field(default_factory=dict)
    data: dict[str, Scalar] = Field(default_factory=dict)
