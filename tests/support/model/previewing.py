"""Edits that are only looked at: what they would come to, or why not."""

from dataclasses import dataclass, replace

from models.rules.access import OPEN
from services.orders.edit_preview import preview_edit
from tests.support.model.commands import Ask, Names, Written
from tests.support.model.editing import Edit
from tests.support.model.paper import No, Paper

Foreseen = tuple[int | None, list[str]]
"""What the order would come to with tax, in minor units; or with which codes it is refused."""


@dataclass(frozen=True, repr=False)
class Preview(Written):
    """What an edit would do. It is done for nobody, so that it asks for no version."""

    edit: Edit

    def foresee(self, paper: Paper) -> Foreseen:
        tried = paper.copy()
        try:
            replace(self.edit, stale=False).foresee(tried)
        except No as no:
            return None, no.codes
        return tried.orders[self.edit.order].total, []

    def ask(self, paper: Paper, names: Names) -> Ask:
        command = self.edit.wanted(paper, names)

        async def look() -> Foreseen:
            seen = await preview_edit(OPEN, command)
            codes = sorted(error.code.value for error in seen.errors)
            return None if codes else seen.after.gross.minor, codes

        return look
