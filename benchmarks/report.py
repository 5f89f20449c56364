"""What was found, as a table for people and as JSON for whoever computes with it."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.rounds import Findings, Run

Cells = list[str]
HEADINGS = (
    *("contestant", "requests/s", "ratio", "min..max", "p50 ms", "p50 ratio", "p99 ms"),
    *("server CPU ms", "database CPU ms", "statements"),
)


def write(findings: Findings, folder: Path) -> str:
    """The tables in Markdown; they are also left in the folder, with every single run in JSON."""
    text = "\n".join([*_tables(findings), *_memory(findings)])
    (folder / "results.md").write_text(text)
    (folder / "results.json").write_text(json.dumps(findings.as_json(), indent=1))
    return text


def _tables(findings: Findings) -> Cells:
    base = findings.contestants[0]
    lines = [f"Ratios are to `{base}` within a round: the median, and the least and the greatest."]
    for query in findings.queries:
        for connections in findings.connections:
            size = findings.sizes[query]["scalars"]
            lines += [
                "",
                f"**{query}**, {size:,} scalars, {connections} connection{'s' * (connections > 1)}",
                "",
                _row(list(HEADINGS)),
                _row(["---"] + ["---:"] * (len(HEADINGS) - 1)),
            ]
            lines += [
                _row(_cells(findings, name, query, connections)) for name in findings.contestants
            ]
    return lines


def _cells(findings: Findings, name: str, query: str, connections: int) -> Cells:
    def of(contestant: str) -> list[Run]:
        return [
            run
            for run in findings.runs
            if (run.contestant, run.query, run.connections) == (contestant, query, connections)
        ]

    runs, bases = of(name), of(findings.contestants[0])
    ratios = [run.a_second / base.a_second for run, base in zip(runs, bases, strict=True)]
    latencies = [base.p50_ms / run.p50_ms for run, base in zip(runs, bases, strict=True)]
    statements = findings.statements[name].get(query)

    def middle(value: Callable[[Run], float]) -> float:
        return median(map(value, runs))

    by_database = [run.database_cpu_ms for run in runs if run.database_cpu_ms is not None]
    return [
        name,
        f"{middle(lambda run: run.a_second):,.1f}",
        f"{median(ratios):.2f}",
        f"{min(ratios):.2f}..{max(ratios):.2f}",
        f"{middle(lambda run: run.p50_ms):.2f}",
        f"{median(latencies):.2f}",
        f"{middle(lambda run: run.p99_ms):.2f}",
        f"{middle(lambda run: run.server_cpu_ms):.2f}",
        f"{median(by_database):.2f}" if by_database else "-",
        "-" if statements is None else f"{statements:g}",
    ]


def _memory(findings: Findings) -> Cells:
    lines = ["", "**memory**, MiB", "", _row(["contestant", "idle", "end", "peak"])]
    lines.append(_row(["---", "---:", "---:", "---:"]))
    for name in findings.contestants:
        held = findings.memory_mib[name]
        lines.append(_row([name, *(f"{held[when]:.0f}" for when in ("idle", "end", "peak"))]))
    return [*lines, ""]


def _row(cells: Cells) -> str:
    return f"| {' | '.join(cells)} |"
