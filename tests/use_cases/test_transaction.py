"""One use case is one transaction: all of it or nothing, run again where a database asks for it."""

import asyncio

import pytest

from models.customers import Customer
from models.events import Event
from models.rules.access import OPEN
from models.rules.errors import Overloaded
from models.rules.events import EventKind
from services.work import clock, transaction
from services.work.commits import on_commit
from services.work.events import record
from services.work.transaction import ATTEMPTS, is_conflict, is_taken, run
from services.work.work import Contended, Work
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import NOON, nothing_written, open_trade


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow each other at once."""
    monkeypatch.setattr(transaction, "FIRST_PAUSE_SECONDS", 0.0)


async def touch(work: Work) -> Customer:
    """A change of the one customer, with its event."""
    rows = Customer.all().using_db(work.connection).select_for_update()
    customer = await rows.get(code="ADA")
    customer.version += 1
    record(work, customer, EventKind.CUSTOMER_UPDATED, data={"fields": []})
    await customer.save(using_db=work.connection)
    return customer


async def test_a_change_and_its_event_are_committed_together(database: Database) -> None:
    await open_trade()
    with clock.frozen(NOON):
        customer = await run(OPEN, touch)
    event = await Event.filter(subject_id=customer.id).order_by("-subject_seq").first()
    assert event is not None
    assert (event.subject_seq, event.subject_version, event.at) == (2, 2, NOON)
    assert (event.actor_kind, event.actor_id, event.actor_name) == ("STAFF", "open", None)
    assert event.customer_id == customer.id
    assert await audit() == []


@pytest.mark.parametrize("failure", [RuntimeError, KeyError, asyncio.CancelledError])
async def test_whatever_fails_leaves_neither(
    database: Database, failure: type[BaseException]
) -> None:
    await open_trade()

    async def fail(work: Work) -> None:
        await touch(work)
        raise failure

    async with nothing_written():
        with pytest.raises(failure):
            await run(OPEN, fail)


async def test_a_failing_event_takes_the_change_with_it(database: Database, patient: None) -> None:
    await open_trade()

    async def twice(work: Work) -> None:
        await touch(work)
        work.events.append(work.events[0])

    async with nothing_written():
        with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
            await run(OPEN, twice)


async def test_what_met_a_conflict_runs_again_with_a_new_transaction(
    sqlite_database: Database, patient: None
) -> None:
    await open_trade()
    runs = []

    async def at_last(work: Work) -> int:
        await touch(work)
        runs.append(len(work.events))
        if len(runs) < ATTEMPTS:
            raise Contended
        return len(runs)

    assert await run(OPEN, at_last) == ATTEMPTS
    assert runs == [1] * ATTEMPTS
    assert (await Customer.get()).version == 2
    assert await audit() == []


async def test_what_meets_conflicts_every_time_is_given_up(
    sqlite_database: Database, patient: None
) -> None:
    await open_trade()
    runs = []

    async def never(work: Work) -> None:
        runs.append(await touch(work))
        raise Contended

    async with nothing_written():
        with pytest.raises(Overloaded):
            await run(OPEN, never)
    assert len(runs) == ATTEMPTS


async def test_listeners_hear_of_events_that_are_committed(sqlite_database: Database) -> None:
    await open_trade()
    heard: list[str] = []
    stop = on_commit(lambda: heard.append("committed"))

    async def fail(work: Work) -> None:
        await touch(work)
        raise RuntimeError

    async def read(work: Work) -> None:
        await Customer.all().using_db(work.connection).count()

    try:
        await run(OPEN, read)
        with pytest.raises(RuntimeError):
            await run(OPEN, fail)
        assert heard == []
        await run(OPEN, touch)
        assert heard == ["committed"]
    finally:
        stop()
    await run(OPEN, touch)
    assert heard == ["committed"]


async def test_forty_changes_of_one_row_at_once_are_told_in_their_order(
    database: Database,
) -> None:
    await open_trade()
    await asyncio.gather(*(run(OPEN, touch) for _ in range(40)))
    customer = await Customer.get()
    assert (customer.version, customer.event_seq) == (41, 41)
    events = await Event.filter(subject_id=customer.id).order_by("subject_seq")
    assert [each.subject_version for each in events] == list(range(1, 42))
    assert await audit() == []


def postgres(state: str) -> Exception:
    error = Exception("told by the server")
    vars(error)["sqlstate"] = state
    return error


@pytest.mark.parametrize(
    ("error", "taken"),
    [
        (postgres("23505"), True),
        (Exception(postgres("23505")), True),
        (postgres("23503"), False),
        (Exception(1062, "Duplicate entry"), True),
        (Exception(1452, "a foreign key constraint fails"), False),
        (Exception("UNIQUE constraint failed: customer.code"), True),
        (Exception("FOREIGN KEY constraint failed"), False),
        (Exception(), False),
    ],
)
def test_what_another_took(error: Exception, taken: bool) -> None:
    assert is_taken(error) is taken
    assert not is_conflict(error)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (Contended(), True),
        (postgres("40001"), True),
        (postgres("40P01"), True),
        (postgres("55P03"), True),
        (Exception(postgres("40001")), True),
        (postgres("22001"), False),
        (Exception(1213, "Deadlock found"), True),
        (Exception(1205, "Lock wait timeout"), True),
        (Exception(1020, "Record has changed"), True),
        (Exception(3101, "Plugin instructed the server to rollback"), True),
        (Exception(1406, "Data too long"), False),
        (Exception("database is locked"), True),
        (Exception("no such table"), False),
        (Exception(), False),
    ],
)
def test_what_is_worth_running_again(error: Exception, again: bool) -> None:
    assert is_conflict(error) is again
