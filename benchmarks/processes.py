"""What processes use, as Linux tells it: CPU time and memory of one and of its children."""

import os
import re
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
PROC: Final = Path("/proc")


def check_readable() -> None:
    """Nothing on Linux; else the end of the program."""
    if not (PROC / "self" / "stat").exists():
        raise SystemExit("CPU time and memory are read from /proc: benchmarks need Linux.")


def cpu_seconds(process: int) -> float:
    """The CPU time of a process and all below it, with that of children that have ended."""
    own = _ticks(process, ended_too=True)
    return (own + sum(_ticks(child, ended_too=True) for child in _below(process))) / TICKS


def memory_mib(process: int) -> float:
    """The memory that a process and all below it hold now."""
    return sum(_kib(each, "VmRSS") for each in (process, *_below(process))) / 1_024


def peak_mib(process: int) -> float:
    """The most memory that each of them ever held, added up."""
    return sum(_kib(each, "VmHWM") for each in (process, *_below(process))) / 1_024


def _ticks(process: int, *, ended_too: bool) -> int:
    try:
        fields = (PROC / str(process) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15] if ended_too else fields[11:13]))


def _kib(process: int, name: str) -> int:
    try:
        status = (PROC / str(process) / "status").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0


def _below(process: int) -> list[int]:
    try:
        children = (PROC / str(process) / "task" / str(process) / "children").read_text().split()
    except OSError:
        return []
    direct = [int(child) for child in children]
    return direct + [deeper for child in direct for deeper in _below(child)]
