"""Method and experiments: what is built, what the search changed, how it is judged, on what, and with what budget."""

from __future__ import annotations

from ai_scientist.core.plan import Hypothesis
from ai_scientist.rules.writing.background import cited
from ai_scientist.rules.writing.foreign import usable
from ai_scientist.rules.writing.phrases import (
    Paragraph,
    capital,
    cond,
    dataset,
    joined,
    listed,
    metric,
    paragraphs,
    plain,
    small,
    unended,
)
from ai_scientist.rules.writing.search import tuned
from ai_scientist.rules.writing.study import Study


def method(study: Study) -> str:
    """Return the section: the set-up, the proposed configuration as confirmed, the statistics."""
    return paragraphs(*_setup(study), _proposed(study), _statistics(study))


def experiments(study: Study) -> str:
    """Return the section: hypotheses, data, search and its budget, confirmation."""
    return paragraphs(_hypotheses(study), _data(study), _search(study), _confirmation(study))


def _setup(study: Study) -> list[Paragraph]:
    if study.template is None:
        arms = [f"{capital(cond(c.name))}: {small(usable(c.description))}" for c in study.plan.conditions]
        return [usable(study.plan.method), joined(*arms)]
    parts = [" ".join(part.split()) for part in study.template.method.strip().split("\n\n")]
    said = [sentence for c in study.template.citations if c.section == "method" and (sentence := cited(study, c))]
    return [*parts, joined(*said)]


def _proposed(study: Study) -> Paragraph:
    """The components in force, in the order in which they were added, each with its reason."""
    target = cond(study.plan.target)
    if not study.components:
        return (
            rf"\paragraph{{The confirmed configuration.}} In the program that was confirmed, {target} holds no "
            "component: whatever the search tried did worse on its seeds than leaving it out. The comparison with it "
            "is kept, because it was planned; it shows what two trainings differ by that differ in nothing but chance."
        ).replace("two trainings differ by that differ", "trainings differ by that differ")
    at_hand = {paper.id for paper in study.facts.literature}
    said: list[str] = []
    for number, part in enumerate(study.components):
        move = study.move_of(part)
        title = study.title_of(part)
        records = [r for r in (move.records if move else ()) if r in at_hand]
        cite = rf"~\citep{{{','.join(records)}}}" if records else ""
        reason = unended(move.reason) if move else ""
        opening = study.voice.turn(
            "part", number, f"{capital(title)}{cite}", f"With {title}{cite}", f"As to {title}{cite}"
        )
        if reason:
            said.append(
                f"{capital(title)}{cite} rests on this reason: {small(reason)}."
                if number
                else f"It contains {title}{cite}. {capital(reason)}."
            )
        else:
            said.append(f"It contains {title}." if not number else f"{opening} was added.")
        said.append(_settings(study, part))
    lead = (
        rf"\paragraph{{The confirmed configuration.}} What {target} consists of was not laid down beforehand but found"
        r" by the search."
    )
    return joined(lead, *said)


def _settings(study: Study, part: str) -> str:
    """The constants of a component, as the program itself reported them."""
    prefix = f"{study.plan.target}/"
    move = study.move_of(part)
    code = "".join(edit.replace for edit in (move.edits if move else ()))
    keys = [
        key for key in study.facts.results.config.settings if key.startswith(prefix) and key != f"{prefix}components"
    ]
    own = [key for key in keys if f"{key.removeprefix(prefix)}=" in code]
    if not own:
        return ""
    values = listed(rf"{key.removeprefix(prefix).replace('_', ' ')} \cfg{{{key}}}" for key in own)
    return f"It ran with {values}."


def _statistics(study: Study) -> Paragraph:
    """Which test, which correction, which seeds; taken from what was computed."""
    tests = [f.test for f in (*study.findings, *study.ablations, *study.others)]
    names = list(dict.fromkeys(t.method for t in tests if "equivalence" not in t.method))
    lead = (
        r"\paragraph{Statistics.} Every seed gives a value for each arm, and comparisons are made within the seed: the "
        "arms share its split of the data, and over several data sets the differences are averaged within the seed "
        "before anything is tested."
    )
    which = f"Differences are judged by the {listed(names)}, two-sided." if names else ""
    which = which.replace("two-sided", "in both directions")
    exact = (
        "With so few seeds it goes through every assignment of signs, so that its p-value needs no assumption of"
        " normality."
        if any("sign-flip" in name for name in names)
        else ""
    )
    same = (
        "Claims of agreement are tested as such, by a pair of one-sided tests against a margin that was fixed with the "
        "plan; a difference that merely fails to show is never read as agreement."
        if any(f.is_equivalence for f in study.findings)
        else ""
    ).replace("a pair of one-sided tests", "one-sided tests from either side")
    return joined(
        lead,
        which,
        exact,
        same,
        r"All p-values are corrected by the method of Holm for every comparison that was made, the exploratory ones "
        r"included, at a family-wise level of \plan{alpha}.",
        r"Intervals are t intervals of level \plan{level}; effect sizes are standardised by the spread of the paired "
        "differences.",
        "A verb that asserts a difference is printed in this paper only where the corrected test passes.",
    )


def _hypotheses(study: Study) -> Paragraph:
    lines = "\n".join(rf"\item {_registered(study, h)}" for h in study.plan.hypotheses)
    lead = (
        "The plan registered the following predictions, the main one at the head of the list. "
        "They are quoted as they were locked."
    )
    return f"{lead}\n\\begin{{itemize}}\n{lines}\n\\end{{itemize}}"


def _registered(study: Study, h: Hypothesis) -> str:
    said = usable(h.statement) or f"{capital(cond(h.treatment))} and {cond(h.baseline)} are compared."
    where = f", on {listed(dataset(d) for d in h.datasets)}" if h.datasets else ""
    return f"\\emph{{{unended(said)}}} (judged by {metric(h.metric)}{where})."


def _data(study: Study) -> Paragraph:
    """The data sets: what they are, who ships them, how large they are where the method has not said so."""
    said_before = study.template is not None and r"\data{" in study.template.method
    lines: list[str] = []
    for d in study.plan.datasets:
        facts = [k for k in study.facts.results.config.data if k.startswith(f"{d.name}/")]
        about = small(unended(usable(d.description)))
        size = ""
        if not said_before and f"{d.name}/n_train" in facts and f"{d.name}/n_test" in facts:
            size = rf", with \data{{{d.name}/n_train}} rows for training and \data{{{d.name}/n_test}} for testing"
        shape = ""
        if f"{d.name}/n_features" in facts and f"{d.name}/n_classes" in facts:
            shape = rf", \data{{{d.name}/n_features}} features and \data{{{d.name}/n_classes}} classes"
        lines.append(f"{dataset(d.name)} ({about}{size}{shape})" if about else f"{dataset(d.name)}{size}")
    sources = list(dict.fromkeys(plain(d.source) for d in study.plan.datasets))
    made = [d for d in study.plan.datasets if d.origin == "synthetic"]
    kind = (
        "Some of them are synthetic, which is said wherever they are shown." if made and len(made) < len(lines) else ""
    )
    kind = "All of them are synthetic." if made and len(made) == len(lines) else kind
    return joined(
        f"The data {'are' if len(lines) > 1 else 'are those of'} {listed(lines)}.",
        f"They are shipped with {listed(sources)}, so that the experiment needs no download." if all(sources) else "",
        kind,
    )


def _search(study: Study) -> Paragraph:
    counts = study.facts.story.counts
    if "nodes" not in counts:
        return tuned(study)
    failed = counts.get("failed_nodes", 0)
    fate = (
        r"\count{failed_nodes} of them did not give valid rows and were repaired or abandoned without regard to what "
        "they would have shown."
        if failed
        else "All of them ran and gave valid rows."
    )
    return joined(
        r"\paragraph{Search.} A tree search evaluated \count{nodes} programs on \count{search_seeds} search seeds"
        + (r", in \count{runs} runs." if "runs" in counts else "."),
        "It passes through stages: a program that runs, settings shared by all arms, components of the proposed arm,"
        " and ablations; the best program of a stage is the root of the next.",
        fate,
        tuned(study),
        "The appendix lists every program, whatever came of it.",
    )


def _confirmation(study: Study) -> Paragraph:
    quick = (
        "The run was made with the smallest setting that is still a test, which trades seeds and search for time; "
        "its results are a rehearsal of the full study rather than a substitute for it."
        if study.facts.quick
        else ""
    )
    spread = usable(study.facts.story.spread)
    return joined(
        r"\paragraph{Confirmation.} The program that the search ended with, with all its arms, was then run on "
        r"\count{confirm_seeds} further seeds. Search and confirmation share no seed, and every number, table and "
        "figure of the results comes from the confirming runs, the picture of the search excepted.",
        spread,
        quick,
    )
