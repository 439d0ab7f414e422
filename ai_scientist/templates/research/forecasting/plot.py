"""Pictures of prediction intervals of real series, from the runs in this folder.

First python experiment.py --out_dir=run_0, then python plot.py; list further runs in LABELS.
"""

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# What each run is, as a legend names it. Runs that are not listed are not drawn.
LABELS = {"run_0": "as shipped"}
# Metric -> the label of its axis.
METRICS = {
    "wis": "weighted interval score",
    "coverage": "interval coverage",
    "width": "interval width",
}
ARMS = {
    "naive": "naive",
    "in_sample": "in-sample",
    "held_out": "held-out",
    "smoothing": "smoothing",
    "combined": "combined",
    "proposed": "proposed",
}


def read_runs():
    """Return the final values of each labelled run: run -> data set -> metric_arm -> value."""
    files = {run: Path(run, "final_info.json") for run in LABELS}
    return {run: json.loads(f.read_text()) for run, f in files.items() if f.exists()}


def draw(metric, axis_label, runs):
    """Draw one metric: a panel for each data set, a group of bars for each arm, a bar for each run."""
    names = list(next(iter(runs.values())))
    figure, panels = plt.subplots(1, len(names), figsize=(3.2 * len(names), 3.0), squeeze=False)
    for panel, name in zip(panels[0], names, strict=True):
        width = 0.8 / len(runs)
        for number, (run, info) in enumerate(runs.items()):
            values = {arm: info[name]["means"].get(f"{metric}_{arm}") for arm in ARMS}
            there = {arm: value for arm, value in values.items() if value is not None}
            places = [list(ARMS).index(arm) + number * width for arm in there]
            panel.bar(places, list(there.values()), width, label=LABELS[run])
        panel.set_xticks(range(len(ARMS)), ARMS.values(), rotation=60, ha="right")
        panel.set_title(name.replace("_", " "))
    panels[0][0].set_ylabel(axis_label)
    if len(runs) > 1:
        panels[0][-1].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(f"{metric}.png", dpi=200)
    plt.close(figure)


if __name__ == "__main__":
    found = read_runs()
    if not found:
        raise SystemExit("There is no run here: python experiment.py --out_dir=run_0")
    for metric, axis_label in METRICS.items():
        draw(metric, axis_label, found)
