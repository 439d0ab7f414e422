"""Which of the records nearest to a question a paper cites, and how old what it cites is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from ai_scientist.literature.citations import citations
from ai_scientist.literature.records import Record

NEAR = 12
"""How many of the nearest records count."""

FEWEST_SHARE = 0.25
OLDER_YEARS = 5
"""Less of the nearest records than this, or works older by this than they are, is worth a reviewer's question."""


def coverage_checks(text: str, records: Mapping[str, Record], nearest: Sequence[str]) -> tuple[str, ...]:
    """Return what a reviewer should know of a paper's choice of citations; empty if it is as near and as new as can be.

    Args:
        text: The paper in macro form.
        records: The run's library.
        nearest: Ids of the records that the searches found most, best first.
    """
    near = [records[name] for name in nearest if name in records][:NEAR]
    cited = {each.record: records[each.record] for each in citations(text) if each.record in records}
    if not near:
        return ()
    told: list[str] = []
    left = [record.id for record in near if record.id not in cited]
    count = len(near) - len(left)
    if count < FEWEST_SHARE * len(near):
        told.append(
            f"Of the {len(near)} records that the searches found most, the paper cites {count}; it leaves out "
            f"{', '.join(left[:4])}."
        )
    years = [record.year for record in cited.values()]
    newest = median(record.year for record in near)
    if years and median(years) < newest - OLDER_YEARS:
        told.append(
            f"The median year of the {len(years)} cited works is {median(years):g}, that of the nearest {len(near)} "
            f"records {newest:g}: newer work that bears on the question may be missing."
        )
    return tuple(told)
