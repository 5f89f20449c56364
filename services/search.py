"""Words that objects are found by, kept in the transaction that writes the object."""

from typing import Final
from uuid import UUID

from models.references import SearchToken
from models.rules.events import SubjectKind
from models.rules.text import words
from services.transaction import Work

MAX_WORDS_A_FIELD: Final = 32


def tokens(kind: SubjectKind, subject_id: UUID, texts: dict[str, str | None]) -> list[SearchToken]:
    """The rows that make an object findable by the words of its fields."""
    return [
        SearchToken(subject_kind=kind, subject_id=subject_id, field=field, token=word)
        for field, text in texts.items()
        for word in words(text or "")[:MAX_WORDS_A_FIELD]
    ]


async def index(
    work: Work, kind: SubjectKind, subject_id: UUID, texts: dict[str, str | None]
) -> None:
    """Make an object findable by the words of its fields as they are now."""
    await SearchToken.filter(subject_id=subject_id).using_db(work.connection).delete()
    await work.insert(tokens(kind, subject_id, texts))
