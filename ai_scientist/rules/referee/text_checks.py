"""Checks of the text alone, which a stranger's draft must stand as well."""

from __future__ import annotations

from ai_scientist.rules.referee.claim_checks import claim_checks
from ai_scientist.rules.referee.design_checks import design_checks
from ai_scientist.rules.referee.draft import Draft
from ai_scientist.rules.referee.form_checks import form_checks
from ai_scientist.rules.referee.notes import Note


def text_checks(draft: Draft) -> list[Note]:
    """Return what can be said of a draft from its text: claims, design, form."""
    return [*claim_checks(draft), *design_checks(draft), *form_checks(draft)]
