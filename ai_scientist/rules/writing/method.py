"""Method and experiments: what is built, what the search changed, how it is judged, on what, and with what budget."""

from __future__ import annotations

from ai_scientist.core.plan import Hypothesis
from ai_scientist.rules.writing.background import cited
from ai_scientist.rules.writing.foreign import usable
from ai_scientist.rules.writing.phrases import (
    Paragraph,
    brief,
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
    return paragraphs(_data(study), _measures(study), _hypotheses(study), _search(study), _confirmation(study))


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
    head = r"\paragraph{The confirmed configuration.}"
    if not study.components:
        return (
            f"{head} In the program that was confirmed, {target} holds no component, because nothing that the search "
            "tried did more on its seeds than leaving it out. The comparison with it is kept, since it was planned; it "
            "shows by how much trainings differ that differ in nothing but chance."
        )
    at_hand = {paper.id for paper in study.facts.literature}
    items: list[str] = []
    for part in study.components:
        move = study.move_of(part)
        records = [r for r in (move.records if move else ()) if r in at_hand]
        cite = rf"~\citep{{{','.join(records)}}}" if records else ""
        reason = f": {small(unended(move.reason))}" if move else ""
        items.append(rf"\item \emph{{{capital(study.title_of(part))}}}{cite}{reason}.{_settings(study, part)}")
    lead = study.voice.pick(
        "found",
        f"{head} What {target} consists of was not laid down beforehand but found by the search, in this order:",
        f"{head} The search has put into {target}, one after the other:",
    )
    return lead + "\n\\begin{itemize}\n" + "\n".join(items) + "\n\\end{itemize}"


def _settings(study: Study, part: str) -> str:
    """The constants of a component, as the program itself reported them."""
    prefix = f"{study.plan.target}/"
    move = study.move_of(part)
    code = "".join(edit.replace for edit in (move.edits if move else ()))
    settings = study.facts.results.config.settings
    own = [key for key in settings if key.startswith(prefix) and f"{key.removeprefix(prefix)}=" in code]
    if not own:
        return ""
    values = listed(rf"{key.removeprefix(prefix).replace('_', ' ')} \cfg{{{key}}}" for key in own)
    return f" It ran with {values}."


def _statistics(study: Study) -> Paragraph:
    """Which test, which correction, which seeds; taken from what was computed."""
    tests = [f.test for f in (*study.findings, *study.ablations, *study.others)]
    names = list(dict.fromkeys(t.method for t in tests if "equivalence" not in t.method))
    lead = (
        r"\paragraph{Statistics.} Every seed gives a value for each arm, and comparisons are made within the seed: the "
        "arms share its split of the data, and over several data sets the differences are averaged within the seed "
        "before anything is tested."
    )
    which = f"Differences are judged by the {listed(names)}, in both directions." if names else ""
    exact = (
        "With so few seeds it goes through every assignment of signs, so that its p-value needs no assumption of"
        " normality."
        if any("sign-flip" in name for name in names)
        else ""
    )
    same = (
        "Claims of agreement are tested as such, with one-sided tests from either side, against a margin that was fixed"
        " with the plan; a difference that merely fails to show is never read as agreement."
        if any(f.is_equivalence for f in study.findings)
        else ""
    )
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
        r"\paragraph{Predictions.} The plan registered the following, the main prediction at the head of the list. "
        "They are quoted as they were locked."
    )
    return f"{lead}\n\\begin{{itemize}}\n{lines}\n\\end{{itemize}}"


def _registered(study: Study, h: Hypothesis) -> str:
    said = usable(h.statement) or f"{capital(cond(h.treatment))} and {cond(h.baseline)} are compared."
    where = f", on {listed(dataset(d) for d in h.datasets)}" if h.datasets else ""
    return f"\\emph{{{unended(said)}}} (predicted, in {brief(study.plan.metric(h.metric))}{where})."


def _measures(study: Study) -> Paragraph:
    """The metrics with their acronyms, and which way each is better."""
    named: list[str] = []
    for m in study.plan.metrics:
        acronym = brief(m)
        named.append(f"{metric(m.name)} ({acronym})" if acronym != metric(m.name) else metric(m.name))
    less = [brief(m) for m in study.plan.metrics if m.direction == "lower"]
    more = [brief(m) for m in study.plan.metrics if m.direction == "higher"]
    which = f"Small values are the good ones for {listed(less)}" if less else ""
    which += (
        f"{', and ' if less else ''}{'large values' if less else 'Large values are the good ones'} for {listed(more)}"
        if more
        else ""
    )
    head = (
        rf"\paragraph{{Measures.}} Logged for every arm, data set and seed {'are' if len(named) > 1 else 'is'}"
        rf" {listed(named)}."
    )
    lead = (
        "The plan's primary measure, by which the search judges, is"
        f" {brief(study.plan.metric(study.plan.primary_metric))}."
        if len(named) > 1
        else ""
    )
    return joined(head, lead, f"{which}.")


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
        (
            rf"\paragraph{{Data.}} The plan declares as data sets {listed(lines)}."
            if len(lines) > 1
            else rf"\paragraph{{Data.}} The plan declares a single data set, {lines[0]}."
        ),
        f"They are shipped with {listed(sources)}, so that the experiment needs no download." if all(sources) else "",
        kind,
    )


def _search(study: Study) -> Paragraph:
    counts = study.facts.story.counts
    if "nodes" not in counts:
        return tuned(study)
    failed = counts.get("failed_nodes", 0)
    fate = (
        rf"Of these programs, \count{{failed_nodes}} gave no valid rows and {'was' if failed == 1 else 'were'}"
        r" repaired or"
        r" abandoned "
        "without regard to what they would have shown."
        if failed
        else "All of them ran and gave valid rows."
    )
    runs = r", in \count{runs} runs." if "runs" in counts else "."
    return joined(
        r"\paragraph{Search.} A tree search evaluated \count{nodes} programs on \count{search_seeds} search"
        rf" seeds{runs}",
        _stages(study),
        fate,
        tuned(study),
        "The appendix lists every program, whatever came of it.",
    )


def _stages(study: Study) -> str:
    """What the stages were for, in their order."""
    told = {
        "implement": "a program that runs and logs every arm",
        "tune": "settings that all arms share",
        "explore": f"components of {cond(study.plan.target)}",
        "ablate": "arms that leave the chosen components out again",
    }
    passed = [told[s.name] for s in study.plan.stages if s.name in told and study.stage(s.name)]
    if len(passed) < 2:
        return ""
    return f"It sought in turn {listed(passed)}; the best program of each stage was the root of the next."


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
