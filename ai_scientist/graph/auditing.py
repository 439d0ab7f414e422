"""The last step: the run is checked from its folder, by the same auditor that a stranger would use."""

from __future__ import annotations

from ai_scientist.audit.check import audit
from ai_scientist.audit.write import write_report
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.state import State, Update


async def audit_run(state: State, parts: Parts) -> Update:
    """Audit the run and put the report into its folder."""
    report = audit(parts.folder)
    files = write_report(report, parts.folder)
    facts = {"verdict": report.verdict, "checked": sum(report.checked.values()), "findings": len(report.findings)}
    parts.ledger.record("audit.done", actor="audit", files=files, facts=facts)
    parts.progress("audit.done", **facts)
    status = state["status"]
    if not state["confirmed"]:
        return {"verdict": report.verdict, "status": "failed", "problem": "No program of the search ran as planned."}
    return {"verdict": report.verdict, "status": "done" if status in ("running", "redirected") else status}
