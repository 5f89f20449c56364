"""Why the server ends a stream that the client could still read."""

from models.rules.errors import Overloaded


class StreamClosed(Overloaded):
    """The server ends a stream; `cursor` is the last cursor sent, from which a client resumes."""

    message = "The server ends this stream. Resume it with your last cursor."

    def __init__(self, cursor: str | None = None) -> None:
        super().__init__(self.message)
        self.cursor = cursor


class SlowConsumer(StreamClosed):
    """The client reads more slowly than events come, and too much waits for it."""

    message = "You did not read this stream for too long. Resume it with your last cursor."
