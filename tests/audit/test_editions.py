"""A run of another edition of the package is not accused of what this edition would have drawn otherwise."""

from __future__ import annotations

from random import Random

from PIL import Image

from ai_scientist.audit.check import audit
from ai_scientist.core.run_folder import RunFolder
from benchmarks.forger import Forger

FIGURE = "results/figures/tree"


def draw_otherwise(run: RunFolder, *, paper_edition: str | None) -> None:
    """Turn a picture round, as by other code, say so in its side file, and take all hashes anew."""
    forger = Forger(run, Random(1))
    forger.change_json(f"{FIGURE}.json", lambda side: side.update(drawn_with="matplotlib 3.11.2, figures of old"))
    picture = run.path / f"{FIGURE}.png"
    with Image.open(picture) as image:
        turned = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turned.save(picture)
    if paper_edition is not None:
        forger.change_json("paper/context.json", lambda frame: frame.update(edition=paper_edition))
    forger.cover()


def test_a_figure_of_another_edition_that_looks_otherwise_is_told_and_its_data_are_checked(run: RunFolder) -> None:
    draw_otherwise(run, paper_edition="another")
    report = audit(run)
    assert report.findings == ()
    assert any(f"{FIGURE}.png" in note for note in report.notes)
    forger = Forger(run, Random(2))
    forger.change_json(f"{FIGURE}.json", lambda side: side.update(y_label="Accuracy"))
    forger.cover()
    assert [finding.where for finding in audit(run).findings] == [f"{FIGURE}.json"]


def test_within_one_edition_it_is_a_finding(run: RunFolder) -> None:
    draw_otherwise(run, paper_edition=None)
    assert [finding.where for finding in audit(run).findings] == [f"{FIGURE}.png"]
