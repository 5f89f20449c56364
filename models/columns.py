"""Column types and mixins shared by the tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from tortoise import fields
from tortoise.fields.base import Field
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.rules.access import ActorKind
from models.rules.pricing import RATE_PLACES, shortest

_ids: ContextVar[Callable[[], UUID]] = ContextVar("ids", default=uuid7)


def new_id() -> UUID:
    """A UUIDv7: unique without the database, and roughly in order of creation."""
    return _ids.get()()


@contextmanager
def ids_from(source: Callable[[], UUID]) -> Iterator[None]:
    """Within the block, in this task and those it starts, `new_id()` is what `source()` says."""
    token = _ids.set(source)
    try:
        yield
    finally:
        _ids.reset(token)


class UtcDatetime(fields.DatetimeField[Any]):
    """An instant. Naive values are refused, all others are stored in UTC.

    MariaDB would shift a value of another zone silently, so it is normalized here.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise ValueError(f"{self.model_field_name}: a time needs its time zone")
            value = value.astimezone(UTC)
        return super().to_db_value(value, instance)

    def to_python_value(self, value: Any) -> datetime | None:
        """The instant in UTC. Databases return it in UTC, without a zone, or as text.

        Tortoise's own method parses any form of a date and reads the time zone's settings, for
        each value.
        """
        if value is None:
            return None
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        if instant.tzinfo is UTC:
            return cast("datetime", instant)
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def identity() -> Field[UUID]:
    """The primary key of a table, made before the insert."""
    return fields.UUIDField(primary_key=True, default=new_id)


def minor_units(**kwargs: Any) -> Any:
    """An amount of money in the smallest unit of its currency."""
    return fields.BigIntField(**kwargs)


class Rate(fields.DecimalField[Any]):
    """A decimal that is read back without trailing zeros."""

    skip_to_python_if_native = False  # PostgreSQL's and MariaDB's drivers give decimals with zeros

    def to_python_value(self, value: Any) -> Any:
        found = super().to_python_value(value)
        return None if found is None else shortest(found)


def exchange_rate(**kwargs: Any) -> Any:
    """The value of one unit of a currency in the company's currency."""
    return Rate(max_digits=16, decimal_places=8, **kwargs)


def rate(**kwargs: Any) -> Any:
    """A fraction such as a tax or discount rate: 0.19 is 19 percent."""
    return Rate(max_digits=9, decimal_places=RATE_PLACES, **kwargs)


def currency_code(**kwargs: Any) -> Field[str]:
    """An ISO 4217 code."""
    return fields.CharField(max_length=3, **kwargs)


class Timestamps(Model):
    """The instants of a row's creation and latest change, by the clock of the use case."""

    created_at = UtcDatetime()
    updated_at = UtcDatetime()

    class Meta:
        abstract = True


class Versioned(Timestamps):
    """A row with a version, which its writers compare."""

    version = fields.IntField(default=1)

    class Meta:
        abstract = True


class Subject(Versioned):
    """A row that is the subject of events; `event_seq` counts them."""

    event_seq = fields.IntField(default=0)

    class Meta:
        abstract = True


class ByActor(Model):
    """The actor of a change, as recorded with it."""

    actor_kind = fields.CharEnumField(ActorKind, max_length=16)
    actor_id = fields.CharField(max_length=64)
    actor_name = fields.CharField(max_length=200, null=True)

    class Meta:
        abstract = True
