"""How far a long command is, for those who sit at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

Told = Callable[[str, int, int], None]


@contextmanager
def shown() -> Iterator[Told]:
    """Within the block: tell what is being done, how much is done, and how much there is.

    Each thing gets a bar of its own on standard error; where that is no terminal, nothing is shown.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars = {}

        def told(what: str, done: int, everything: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what)
            progress.update(bars[what], completed=done, total=everything)

        yield told
