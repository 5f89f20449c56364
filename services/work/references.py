"""External references: keys of objects in other systems."""

from dataclasses import dataclass
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from models.references import ExternalRef
from models.rules import text
from models.rules.errors import InputError, Path, duplicate, invalid
from models.rules.events import SubjectKind
from services.work import search
from services.work.work import Work


@dataclass(frozen=True)
class ExternalKey:
    """A key in the system of that name."""

    system: str
    key: str


async def refer(
    work: Work,
    kind: SubjectKind,
    subject_id: UUID,
    external: ExternalKey | None,
    path: Path = ("externalRef",),
) -> None:
    """Stores the object's key in a system; it replaces the earlier key in that system.

    Raises:
        InputError: INVALID: empty or too long; DUPLICATE: another object of the kind has the key.
    """
    if external is None or not (cleaned := await check(work, kind, subject_id, external, path)):
        return
    system, key = cleaned.system, cleaned.key
    # unscoped: all keys of an object that the caller is saving
    rows = ExternalRef.filter(subject_kind=kind, system=system).using_db(work.connection)
    await rows.filter(subject_id=subject_id).delete()
    await work.insert(
        [ExternalRef(subject_kind=kind, subject_id=subject_id, system=system, key=key)]
    )
    known = await keys_of(kind, subject_id, work.connection)
    await search.replace_references(work, kind, subject_id, [each.key for each in known])


async def keys_of(
    kind: SubjectKind, subject_id: UUID, connection: BaseDBAsyncClient
) -> list[ExternalKey]:
    """The object's keys in other systems, sorted by system and key."""
    # unscoped: all keys of an object that the caller was found to see
    known = ExternalRef.filter(subject_kind=kind, subject_id=subject_id).using_db(connection)
    return [ExternalKey(each.system, each.key) for each in await known.order_by("system", "key")]


async def check(
    work: Work,
    kind: SubjectKind,
    subject_id: UUID | None,
    external: ExternalKey,
    path: Path = ("externalRef",),
) -> ExternalKey | None:
    """The key to store, if the object may have it; None if it already has it.

    A new object has no id.

    Raises:
        InputError: as `refer`.
    """
    cleaned = _cleaned(external, path)
    holder = await _holder(work, kind, cleaned)
    if holder is not None and holder != subject_id:
        raise _known(cleaned, path)
    return None if holder else cleaned


def _cleaned(external: ExternalKey, path: Path) -> ExternalKey:
    system, key = text.key(external.system), text.key(external.key)
    if not 1 <= len(system) <= 64 or not 1 <= len(key) <= 200:
        raise invalid(
            "A reference has a system of 1 to 64 and a key of 1 to 200 characters.", *path
        )
    return ExternalKey(system, key)


async def _holder(work: Work, kind: SubjectKind, external: ExternalKey) -> UUID | None:
    """The id of the object of the kind that has the key."""
    # unscoped: a key is unique among all objects of a kind
    rows = ExternalRef.filter(subject_kind=kind, system=external.system, key=external.key)
    found = await rows.using_db(work.connection).first()
    return found.subject_id if found else None


def _known(external: ExternalKey, path: Path) -> InputError:
    return duplicate(f"{external.system} {external.key} is already known.", *path)
