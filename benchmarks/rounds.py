"""The runs: interleaved, so that whatever else the machine does hits all contestants alike."""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from benchmarks import load, processes
from benchmarks.contestants import Running
from benchmarks.postgres import Database
from benchmarks.queries import Query, Variables, differences, scalars

WARM_UP: Final = 20
COUNTED: Final = 10
QUIET_SECONDS: Final = 3


@dataclass(frozen=True)
class Run:
    """One contestant, one query, one number of connections, once."""

    contestant: str
    query: str
    connections: int
    round: int
    requests: int
    a_second: float
    p50_ms: float
    p99_ms: float
    server_cpu_ms: float
    database_cpu_ms: float | None


@dataclass
class Findings:
    """All that was found out; the order of contestants and queries is the one to show."""

    contestants: list[str]
    queries: list[str]
    connections: list[int]
    orders: int
    runs: list[Run] = field(default_factory=list)
    sizes: dict[str, dict[str, int]] = field(default_factory=dict)
    statements: dict[str, dict[str, int]] = field(default_factory=dict)
    memory_mib: dict[str, dict[str, float]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for a file."""
        return asdict(self)


@dataclass(frozen=True)
class Question:
    """A query with the variables that one contestant needs, and how long its answer is."""

    query: Query
    variables: Variables
    size: int


@dataclass
class Comparison:
    """Contestants that all run, on one database, asked the same queries."""

    servers: Sequence[Running]
    database: Database
    queries: Sequence[Query]
    findings: Findings
    _questions: dict[tuple[str, str], Question] = field(default_factory=dict)
    _background: set[int] = field(default_factory=set)

    def prepare(self) -> None:
        """Ask everything once, and end the program where two answers differ."""
        for server in self.servers:
            self.findings.memory_mib[server.name] = {"idle": processes.memory_mib(server.process)}
            self.findings.statements[server.name] = {}
        self._background = self._unasked()
        for query in self.queries:
            expected: Any = None
            for server in self.servers:
                variables = query.variables(server, self.database)
                answer = server.ask(query.name, variables)
                data = server.contestant.read(answer.json()["data"])
                expected = self._agreed(query, server, expected, data)
                question = Question(query, variables, len(answer.content))
                self._questions[server.name, query.name] = question
                for _ in range(WARM_UP):
                    server.ask(query.name, variables)
                self._count_statements(server, question)

    def _unasked(self) -> set[int]:
        """The statements that servers run when nobody asks, such as looking for new events."""
        if not self.database.counts_statements:
            return set()
        self.database.value("SELECT pg_stat_statements_reset()")
        time.sleep(QUIET_SECONDS)
        return set(self.database.calls())

    def _agreed(self, query: Query, server: Running, expected: Any, data: Any) -> Any:
        if expected is None:
            self.findings.sizes[query.name] = {"scalars": scalars(data)}
            return data
        places = list(differences(expected, data))
        if places:
            first = self.servers[0].name
            shown = "\n".join(places[:10])
            raise SystemExit(f"{query.name}: {first} and {server.name} differ at\n{shown}")
        return expected

    def _count_statements(self, server: Running, question: Question) -> None:
        """How many statements a request takes, without those that servers run by themselves."""
        if not self.database.counts_statements:
            return
        self.database.value("SELECT pg_stat_statements_reset()")
        for _ in range(COUNTED):
            server.ask(question.query.name, question.variables)
        calls = self.database.calls()
        asked = [calls[key] // COUNTED for key in calls if key not in self._background]
        self.findings.statements[server.name][question.query.name] = sum(asked)

    def run(self, rounds: int, seconds: int) -> None:
        """So many rounds: in each, every query, number of connections and contestant in turn."""
        for number in range(rounds + 1):
            for query in self.queries:
                for connections in self.findings.connections:
                    for server in self.servers:
                        self._once(number, query, connections, server, seconds)
            told = f"round {number} of {rounds}" if number else "warm"
            print(told, file=sys.stderr, flush=True)
        for server in self.servers:
            held = self.findings.memory_mib[server.name]
            held["end"] = processes.memory_mib(server.process)
            held["peak"] = processes.peak_mib(server.process)

    def _once(
        self, number: int, query: Query, connections: int, server: Running, seconds: int
    ) -> None:
        """One run. Round 0 is short and not kept: compilers and caches get warm in it."""
        question = self._questions[server.name, query.name]
        patience = query.patience if connections > 1 else 1
        length = patience * (seconds if number else 1)
        body = server.body(query.name, question.variables)
        before = self._cpu_seconds(server)
        found = load.run(server.url, body, question.size, connections, length)
        after = self._cpu_seconds(server)
        if not number:
            return
        if not found.requests:
            raise SystemExit(
                f"{server.name} answers no {query.name} in {length} s. More --seconds?"
            )
        of_server, of_database = (end - start for start, end in zip(before, after, strict=True))
        has_database = self.database.main_process is not None
        self.findings.runs.append(
            Run(
                contestant=server.name,
                query=query.name,
                connections=connections,
                round=number,
                requests=found.requests,
                a_second=found.a_second,
                p50_ms=found.p50_ms,
                p99_ms=found.p99_ms,
                server_cpu_ms=of_server * 1_000 / found.requests,
                database_cpu_ms=(of_database * 1_000 / found.requests if has_database else None),
            )
        )

    def _cpu_seconds(self, server: Running) -> tuple[float, float]:
        main = self.database.main_process
        return (
            processes.cpu_seconds(server.process),
            0.0 if main is None else processes.cpu_seconds(main),
        )
