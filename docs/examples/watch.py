"""Watch one order until Ctrl-C.

    python watch.py ORDER_ID [CURSOR]

Whatever happens to the connection, no event is lost: each reconnection goes on after the last
cursor that was received. Needs the package `websockets`, which ordergraph itself uses.
"""

import asyncio
import json
import sys

from websockets import ConnectionClosed, connect

ADDRESS = "ws://127.0.0.1:8000/graphql"
WATCH = """
subscription($id: ID!, $after: Cursor) {
  orderUpdates(id: $id, after: $after) {
    __typename
    ... on OrderUpdate { cursor event { kind } order { milestone status version } }
    ... on Heartbeat { cursor }
    ... on StreamReset { cursor reason }
  }
}"""


async def watch(order_id: str, cursor: str | None) -> None:
    """Print what happens to the order, beginning after the cursor where one is given."""
    while True:
        try:
            async with connect(ADDRESS, subprotocols=["graphql-transport-ws"]) as socket:
                await socket.send(json.dumps({"type": "connection_init"}))
                payload = {"query": WATCH, "variables": {"id": order_id, "after": cursor}}
                await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
                async for text in socket:
                    message = json.loads(text)
                    if message["type"] == "next":
                        item = message["payload"]["data"]["orderUpdates"]
                        cursor = item.pop("cursor")
                        if item["__typename"] != "Heartbeat":
                            print(json.dumps(item), flush=True)
                    elif message["type"] == "ping":
                        await socket.send(json.dumps({"type": "pong"}))
                    elif message["type"] in ("error", "complete"):
                        sys.exit(text)
        except (ConnectionClosed, OSError):
            await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(watch(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
