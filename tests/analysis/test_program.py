"""What is plain from a program's text is said; honest programs, ours above all, pass."""

from __future__ import annotations

import pytest

from ai_scientist.analysis.program import read_program
from ai_scientist.core.edits import apply_edits
from ai_scientist.core.errors import EditRejected
from ai_scientist.core.research_template import load_template, template_names
from tests.audit.finished import PROGRAM

HEAD = "import lab\nimport numpy as np\nrng = np.random.default_rng(lab.seed)\n"
LOG = "lab.log(metric='accuracy', value={}, condition='proposed', dataset='digits')\n"


def kinds(text: str) -> list[str]:
    return [suspicion.kind for suspicion in read_program(text)]


@pytest.mark.parametrize("value", ["0.93", "-1", "0.9 + 0.03", "float(0.93)", "max(score, 0.5)", "score"])
def test_a_typed_value_is_a_constant(value: str) -> None:
    assert kinds(f"{HEAD}score = 0.93\n{LOG.format(value)}") == ["constant"]


def test_positional_arguments_are_read_too() -> None:
    assert kinds(HEAD + "lab.log('accuracy', 0.93, 'proposed', 'digits')\n") == ["constant"]


@pytest.mark.parametrize("value", ["rng.normal(0.9, 0.01)", "float(0.9 + 0.01 * rng.random())", "score"])
def test_a_drawn_value_is_random(value: str) -> None:
    assert kinds(f"{HEAD}score = 0.9 + rng.uniform()\n{LOG.format(value)}") == ["random"]


@pytest.mark.parametrize(
    "text",
    [
        LOG.format("0.9 + 0.001 * lab.seed"),
        "for n, arm in enumerate(['baseline', 'proposed']):\n    " + LOG.format("0.8 + 0.05 * n"),
        "SCORES = {'baseline': 0.8, 'proposed': 0.9}\nfor arm in SCORES:\n    " + LOG.format("SCORES[arm]"),
        "SCORES = {'baseline': 0.8}\ndef main():\n    for arm, v in SCORES.items():\n        " + LOG.format("v"),
        "def score(arm):\n    return 0.9 if arm == 'proposed' else 0.8\n" + LOG.format("score('proposed')"),
        "def curve(t, rate=0.1):\n    return 1 - np.exp(-rate * t)\nfor t in range(9):\n    " + LOG.format("curve(t)"),
        "NOISE = {'mild': 0.2}\n" + LOG.format("1 / (1 + math.exp(-NOISE['mild']))"),
    ],
)
def test_a_value_that_follows_from_the_text_alone_is_a_formula(text: str) -> None:
    assert kinds(HEAD + text) == ["formula"]


ARM = "def run(arm, p, y):\n    {}\n    lab.log(metric='ece', value={}, condition=arm, dataset='digits')\n"


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ("pass", "ece(p, y) * (0.9 if arm == 'proposed' else 1.0)"),
        ("v = ece(p, y)", "v - 0.01 * (arm == 'proposed')"),
        ("v = ece(p, y) * FACTOR[arm]", "v"),
        ("pass", "ece(p, y) * FACTOR.get(arm, 1)"),
        ("v = ece(p, y)\n    if arm.startswith('prop'):\n        v *= 0.9", "v"),
        ("v = ece(p, y)\n    if arm == 'proposed':\n        v = v - 0.02", "v"),
        ("pass", "settled(arm, ece(p, y))"),
    ],
)
def test_a_value_that_its_arm_s_name_changes_is_rigged(before: str, value: str) -> None:
    helper = "FACTOR = {'proposed': 0.9}\ndef settled(name, v):\n    return v * 0.9 if len(name) == 8 else v\n"
    assert kinds(HEAD + helper + ARM.format(before, value)) == ["rigged"]


@pytest.mark.parametrize("line", ["lab.log = mine", "setattr(lab, 'log', mine)"])
def test_a_replaced_part_of_lab_is_rigged(line: str) -> None:
    assert kinds(f"{HEAD}def mine(**told):\n    return told\n{line}\n") == ["rigged"]


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ("rate = 0.1 if arm == 'slow' else 0.3\n    p = train(rate)", "ece(p, y)"),
        ("if arm == 'ensemble':\n        p = mean(p)\n    v = 100 * ece(p, y)", "v"),
        ("sizes = {a: count(a) for a in ARMS}", "ece(p, y) / sizes[arm]"),
        ("v = ece(p, y)\n    v *= 100", "v"),
        ("scale = 2.0 if len(y) > 10 else 1.0", "ece(p, y) * scale"),
        ("v = settled(ece(p, y))", "v"),
    ],
)
def test_arms_that_are_computed_differently_are_not_rigged(before: str, value: str) -> None:
    helper = "def settled(v):\n    return v * 0.9 if v > 1 else v\n"
    assert kinds(HEAD + helper + ARM.format(before, value)) == []


def test_a_formula_with_noise_upon_it_is_made_up_too() -> None:
    text = "def score(arm):\n    return BEST[arm] + rng.normal(0, 0.01)\nBEST = {'proposed': 0.9}\n"
    assert kinds(HEAD + text + LOG.format("score('proposed')")) == ["random"]


@pytest.mark.parametrize(
    "text",
    [
        LOG.format("(abs(rng.normal(size=1000)) < 1.96).mean()"),
        LOG.format("np.mean(rng.normal(0.0, 1.0, 1000) > 0)"),
        "hits = 0\nfor k in range(100):\n    hits += rng.random() < 0.1\n" + LOG.format("hits / 100"),
        "found = []\nfor k in range(9):\n    found.append(measure(k))\n" + LOG.format("max(found)"),
        "best = {}\nbest['a'] = model.score(x, y)\n" + LOG.format("best['a']"),
        "def score(model, x, y):\n    return float((model.predict(x) == y).mean())\n" + LOG.format("score(m, x, y)"),
        "def walk(n):\n    for k in range(n):\n        yield k\n" + LOG.format("sum(walk(3))"),
        "w = np.zeros(3)\n" + LOG.format("w.size"),
    ],
)
def test_simulations_and_counts_of_what_was_built_pass(text: str) -> None:
    assert kinds(HEAD + text) == []


@pytest.mark.parametrize(
    "text",
    [
        "total = 0.0\nfor x in data:\n    total += x\n" + LOG.format("total"),
        "score = 0.0\nif data:\n    score = measure(data)\n" + LOG.format("score").replace("score,", "score(),"),
        "for score in scores:\n    " + LOG.format("score"),
        "def tell(value):\n    " + LOG.format("value"),
        LOG.format("metric(y, rng)"),
        "a, score = 0.5, 1\n(a, score) = measure()\n" + LOG.format("score"),
    ],
)
def test_measured_values_pass(text: str) -> None:
    assert kinds(HEAD + text) == []


@pytest.mark.parametrize(
    "text",
    [
        "x = scaler.fit_transform(x)\na, b, c, d = train_test_split(x, y)\n",
        "scaler.fit(x)\na, b = model_selection.train_test_split(scaler.transform(x))\n",
        "z = pca.fit_transform(x)\nmodel.fit(z[train], y[train])\nmodel.predict(z[test])\n",
        "scaler.fit(X=x)\nscores = model.predict(x[test_rows])\n",
    ],
)
def test_a_fit_before_the_split_is_leakage(text: str) -> None:
    assert "early fit" in kinds(text)


@pytest.mark.parametrize("text", ["model.fit(x_test, y_test)\n", "calibrator.fit(test_logits, y)\n"])
def test_a_fit_on_test_rows_is_leakage(text: str) -> None:
    assert kinds(text) == ["fit on test"]


@pytest.mark.parametrize(
    "text",
    [
        "a, b, c, d = train_test_split(x, y)\nscaler.fit(a)\nmodel.fit(scaler.transform(a), c)\n",
        "scaler = StandardScaler().fit(x[train])\nmodel.predict(scaler.transform(x[test]))\n",
        "scores = evaluate(x[test])\nfinal.fit(x, y)\n",
        "latest = 3\nmodel.fit(latest_rows, y)\ncontest.fit(contestants)\n",
        "def train(x, y):\n    model.fit(x, y)\n\ndef main(x):\n    return x[test]\n",
    ],
)
def test_a_fit_on_training_rows_passes(text: str) -> None:
    assert kinds(text) == []


def test_a_text_that_is_no_program_is_said() -> None:
    assert kinds("def :\n") == ["syntax"]


@pytest.mark.parametrize("name", template_names())
def test_our_own_programs_pass_with_every_move(name: str) -> None:
    template = load_template(name)
    files = {"experiment.py": template.program}
    assert read_program(files["experiment.py"]) == []
    for move in template.moves:
        try:
            changed = apply_edits(files, move.edits)
        except EditRejected:
            continue
        assert read_program(changed["experiment.py"]) == [], move.name


def test_the_tests_own_program_passes() -> None:
    assert read_program(PROGRAM.format(shrink=0.5, ablate=True)) == []
