"""Numbering: the counters of each kind, and their next numbers."""

from dataclasses import dataclass
from datetime import date

from models.numbering import NumberCounter
from models.rules.access import Actor, Permission
from models.rules.errors import invalid
from models.rules.numbering import MAX_DIGITS, NumberKind, Pattern, Reset
from services.use_case import use_case
from services.work import clock, policy
from services.work.inputs import clean_channel
from services.work.numbering import DEFAULT_CHANNEL, begin
from services.work.work import Work


@dataclass(frozen=True, slots=True)
class Numbering:
    """A kind's pattern, its next number today, and the counters of its scopes."""

    kind: NumberKind
    pattern: Pattern
    example: str
    counters: tuple[tuple[str, int], ...]


async def list_numbering(actor: Actor) -> list[Numbering]:
    """The numbering of each kind; the example is of the channel `default`, if it has one."""
    actor.require(Permission.ORDERS_READ)
    company = policy.current()
    day = company.local(clock.now()).date()
    counters = {row.scope: row.value for row in await NumberCounter.all().order_by("scope")}
    found: list[Numbering] = []
    order = ""
    for kind in NumberKind:
        pattern = company.number_pattern(kind)
        prefix = f"{kind}:"
        count = counters.get(prefix + pattern.scope(day, DEFAULT_CHANNEL), 0) + 1
        example = pattern.format(count, day, DEFAULT_CHANNEL, order)
        order = example if kind is NumberKind.ORDER else order
        own = tuple(
            (scope.removeprefix(prefix), value)
            for scope, value in counters.items()
            if scope.startswith(prefix)
        )
        found.append(Numbering(kind, pattern, example, own))
    return found


@dataclass(frozen=True, slots=True)
class NextNumber:
    """The next number of a scope, and the number of skipped ones before it."""

    scope: str
    number: str
    left_out: int


@use_case(Permission.NUMBERS_WRITE)
async def set_next_number(
    work: Work,
    kind: NumberKind,
    count: int,
    day: date | None = None,
    channel: str | None = None,
) -> NextNumber:
    """Sets the next count of a channel (`default` without one) at a day (today without one).

    A process with a block of order numbers uses it up first.

    Raises:
        InputError: assigned numbers would be assigned again; the kind is counted in each order; a
            day or channel that its pattern does not have, or an invalid count or channel.
    """
    pattern = work.policy.number_pattern(kind)
    _check_scope(pattern, day, channel)
    if not 1 <= count < 10**MAX_DIGITS:
        raise invalid(f"A count is 1 to {10**MAX_DIGITS - 1}.", "number")
    channel = clean_channel(channel or DEFAULT_CHANNEL)
    day = day or work.today
    scope = f"{kind}:{pattern.scope(day, channel)}"
    rows = NumberCounter.filter(scope=scope).using_db(work.connection).select_for_update()
    counter = await rows.get_or_none()
    if counter is None:
        await begin(work.connection, scope)
        counter = await rows.get()
    if count <= counter.value:
        last = pattern.format(counter.value, day, channel)
        raise invalid(f"Numbers up to {last} were given: they would come twice.", "number")
    left_out = count - 1 - counter.value
    counter.value = count - 1
    await counter.save(update_fields=["value"], using_db=work.connection)
    number = pattern.format(count, day, channel)
    return NextNumber(pattern.scope(day, channel), number, left_out)


def _check_scope(pattern: Pattern, day: date | None, channel: str | None) -> None:
    if pattern.resets is Reset.EACH_ORDER:
        raise invalid(f"{pattern.text} is counted in each order: there is no counter.", "kind")
    if channel is not None and "channel" not in pattern.fields:
        raise invalid(f"{pattern.text} is counted for all channels together.", "channel")
    if day is not None and pattern.resets is Reset.NEVER:
        raise invalid(f"{pattern.text} never counts anew.", "at")
