"""An order's events, which are the same on its timeline, in the feed and by its stream."""

from datetime import datetime
from typing import Any, Final

from services.work import clock
from subscriptions.feed.runtime import FeedRuntime
from tests.support.api import ask
from tests.support.watching import QUICK, number_all, updates, watching

TIMELINE: Final = """query($id: ID!) { order(id: $id) { timeline(first: 100) { nodes {
  cursor at kind subject { __typename id } subjectVersion data } } } }"""
FEED: Final = """query($id: ID!) { events(subjectId: $id) { nodes {
  cursor at kind subject { __typename id } subjectVersion data } } }"""


async def timeline(order_id: str) -> list[dict[str, Any]]:
    """The order's events, the oldest first."""
    await number_all()
    nodes: list[dict[str, Any]] = (await ask(TIMELINE, id=order_id))["order"]["timeline"]["nodes"]
    return nodes[::-1]


async def latest(order_id: str) -> dict[str, Any]:
    """The order's latest event, which its timeline, the feed and its stream tell alike.

    The stream goes on from the event before, at that one's time.
    """
    *_, before, event = await timeline(order_id)
    feed = (await ask(FEED, id=event["subject"]["id"]))["events"]["nodes"]
    assert feed[-1] == event
    with clock.frozen(datetime.fromisoformat(before["at"])):
        watched = watching(live := FeedRuntime(QUICK), id=order_id, after=before["cursor"])
        async with live, watched as stream:
            (update,) = await updates(stream, 1)
    assert update.event
    assert (update.event.kind.value, update.event.data) == (event["kind"], event["data"])
    return event
