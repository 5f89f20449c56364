"""Keys by which other systems know our objects."""

from dataclasses import dataclass
from uuid import UUID

from models.references import ExternalRef
from models.rules.errors import Path, duplicate, invalid
from models.rules.events import SubjectKind
from models.rules.text import clean
from services.transaction import Work


@dataclass(frozen=True)
class ExternalKey:
    """`key` in the system of that name."""

    system: str
    key: str


async def refer(
    work: Work,
    kind: SubjectKind,
    subject_id: UUID,
    external: ExternalKey | None,
    path: Path = ("externalRef",),
) -> None:
    """Note that the object is known by this key; any earlier key in that system is replaced.

    Raises:
        InputError: INVALID: empty or too long; DUPLICATE: another object of the kind has the key.
    """
    if external is None:
        return
    system, key = clean(external.system), clean(external.key)
    if not 1 <= len(system) <= 64 or not 1 <= len(key) <= 200:
        raise invalid(
            "A reference has a system of 1 to 64 and a key of 1 to 200 characters.", *path
        )
    rows = ExternalRef.filter(subject_kind=kind, system=system).using_db(work.connection)
    taken = await rows.get_or_none(key=key)
    if taken is not None and taken.subject_id == subject_id:
        return
    if taken is not None:
        raise duplicate(f"{system} {key} is already known.", *path)
    await rows.filter(subject_id=subject_id).delete()
    await work.insert(
        [ExternalRef(subject_kind=kind, subject_id=subject_id, system=system, key=key)]
    )
