"""How the answers to a subscription leave by a WebSocket: as frames that are made once for all."""

import struct
from collections import deque
from typing import Final, Protocol

from graph.execution.groups import Answers

TEXT: Final = 0x81
"""The first byte of a text message in one frame (RFC 6455, 5.2)."""
MAX_SHORT: Final = 125
MAX_MIDDLE: Final = 0xFFFF


class Frames(Protocol):
    """The connection of a WebSocket."""

    def write_frames(self, frames: bytes) -> bool:
        """Writes whole frames, unless the client is behind or the socket has ended."""


class Backlog:
    """The messages that wait because a client is behind, up to `max_bytes` in all."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self.waiting: deque[list[bytes]] = deque()

    def add(self, messages: list[bytes]) -> bool:
        """Adds messages; False if they are too many."""
        self.bytes += sum(map(len, messages))
        self.waiting.append(messages)
        return self.bytes <= self.max_bytes

    def take(self) -> list[bytes]:
        """Removes the messages that were added first."""
        messages = self.waiting.popleft()
        self.bytes -= sum(map(len, messages))
        return messages

    def clear(self) -> None:
        """Removes all messages."""
        self.bytes = 0
        self.waiting.clear()


def messages_of(answers: Answers, head: bytes) -> list[bytes]:
    """The answers as messages of graphql-transport-ws; `head` begins each of them."""
    return [_message(head, body) for body in answers.bodies]


def frames_of(answers: Answers, head: bytes) -> bytes:
    """The same as frames, made once for all sockets on which the operation has the same id."""
    return answers.framed(head, lambda body: frame_of(_message(head, body)))


def frame_of(message: bytes) -> bytes:
    """A text message in one frame of a server, which is not masked (RFC 6455, 5.2)."""
    size = len(message)
    if size <= MAX_SHORT:
        head = struct.pack("!BB", TEXT, size)
    elif size <= MAX_MIDDLE:
        head = struct.pack("!BBH", TEXT, 126, size)
    else:
        head = struct.pack("!BBQ", TEXT, 127, size)
    return head + message


def _message(head: bytes, body: bytes) -> bytes:
    return b"%b%b}" % (head, body)
