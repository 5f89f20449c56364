"""How far a long command is, for those who sit at a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_SECONDS: Final = 60

Told = Callable[[str, int, int], None]


@contextmanager
def shown(now: Callable[[], float] = time.monotonic) -> Iterator[Told]:
    """Within the block: tell what is being done, how much is done, and how much there is.

    Each thing gets a bar of its own on standard error; where that is no terminal, a line is written
    every minute. `now` is in seconds.
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
        last = now()

        def told(what: str, done: int, everything: int) -> None:
            nonlocal last
            if not console.is_terminal and now() - last >= LINE_SECONDS:
                last = now()
                typer.echo(f"{what}: {done:,} of {everything:,}", err=True)
            if what not in bars:
                bars[what] = progress.add_task(what)
            progress.update(bars[what], completed=done, total=everything)

        yield told
