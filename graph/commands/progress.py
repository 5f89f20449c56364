"""Progress bars of a long command."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_SECONDS: Final = 60

ShowProgress = Callable[[str, int, int], None]


@contextmanager
def shown(now: Callable[[], float] = time.monotonic) -> Iterator[ShowProgress]:
    """Yields a function that shows the progress of a task: its title, the part done and the whole.

    Each title has its own bar on standard error. Without a terminal a line is written each minute.
    `now` is in seconds.
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

        def show(what: str, done: int, everything: int) -> None:
            nonlocal last
            if not console.is_terminal and now() - last >= LINE_SECONDS:
                last = now()
                typer.echo(f"{what}: {done:,} of {everything:,}", err=True)
            if what not in bars:
                bars[what] = progress.add_task(what)
            progress.update(bars[what], completed=done, total=everything)

        yield show
