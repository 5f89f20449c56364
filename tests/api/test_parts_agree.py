"""Put together, the parts of an answer are the whole answer, and cost what it costs."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    NameNode,
    Node,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_nullable_type,
    is_list_type,
    parse,
    print_ast,
    visit,
)

from graph.execution.documents.limits import Limits
from graph.execution.engine import Ask, Engine
from graph.execution.failures import Rejected
from graph.schema import schema
from models.rules.access import OPEN, SYSTEM
from resolvers.context import Context
from services.demo.fill import fill
from services.demo.size import Size
from services.work import clock
from tests.support.api import SEALER
from tests.support.databases import Database
from tests.support.documents import Writer
from tests.support.known_values import known
from tests.support.parts import together
from tests.support.statements import counted

LIMITS: Final = Limits(
    tokens=100_000,
    depth=100,
    aliases=10_000,
    root_fields=1_000,
    directives=500,
    cost=10**9,
    run_cost=10**9,
)
ENGINE: Final = Engine(schema, LIMITS)
NOW: Final = datetime(2026, 6, 30, 12, tzinfo=UTC)


class PutOff(Visitor):
    """Puts off some fragments, and some lists behind their first items."""

    def __init__(self, dice: random.Random, types: TypeInfo) -> None:
        super().__init__()
        self.dice = dice
        self.types = types

    def leave_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> Node:
        return self.some(node, "defer")

    def leave_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> Node:
        return self.some(node, "defer")

    def leave_field(self, node: FieldNode, *_: Any) -> Node:
        declared = self.types.get_type()
        if declared is None or not is_list_type(get_nullable_type(declared)):
            return node
        count = IntValueNode(value=str(self.dice.randrange(3)))
        return self.some(
            node, "stream", ArgumentNode(name=NameNode(value="initialCount"), value=count)
        )

    def some(
        self,
        node: FieldNode | FragmentSpreadNode | InlineFragmentNode,
        name: str,
        *arguments: ArgumentNode,
    ) -> Node:
        if self.dice.random() < 0.5:
            return node
        directive = DirectiveNode(name=NameNode(value=name), arguments=arguments)
        return replace(node, directives=(*(node.directives or ()), directive))


def put_off(text: str, dice: random.Random) -> str:
    types = TypeInfo(ENGINE.schema)
    return print_ast(visit(parse(text), TypeInfoVisitor(types, PutOff(dice, types))))


def context() -> Context:
    return Context(OPEN, SEALER)


async def parts_of(document: str, **variables: Any) -> list[dict[str, Any]]:
    executor = ENGINE.prepare(Ask(document, variables), context(), in_parts=True)
    assert executor.in_parts
    async with aclosing(ENGINE.in_parts(executor)) as parts:
        return [part.body() async for part in parts]


@pytest.fixture
async def company(sqlite_database: Database) -> AsyncIterator[None]:
    await fill(SYSTEM, Size(customers=12, products=20, orders=120), seed=3, now=NOW)
    with clock.frozen(NOW):
        yield


@pytest.mark.parametrize("count", [60, 200])
async def test_parts_come_to_the_whole(company: None, count: int) -> None:
    there = await known(ENGINE)
    dice = random.Random(21)
    several = 0
    for _ in range(count):
        written = Writer(ENGINE.schema, dice, there).query()
        variables = written.runs[0]
        document = put_off(written.text, dice)
        try:
            executor = ENGINE.prepare(Ask(document, variables), context(), in_parts=True)
        except Rejected:
            continue  # two fields that become one must be streamed alike
        whole = await ENGINE.execute(ENGINE.prepare(Ask(written.text, variables), context()))
        if whole.errors or not executor.in_parts:
            continue
        parts = await parts_of(document, **variables)
        if len(parts) > 1:
            assert together(parts) == whole.data, document
            several += 1
        else:
            assert parts == [whole.body()], document
    assert several > count / 5


@pytest.mark.parametrize(
    "selected",
    [
        "nodes { id ... @defer { customer { name } lines { sku product { name } } } }",
        "nodes @stream(initialCount: 1) { customer { name } lines { sku product { name } } }",
        "nodes { lines @stream { sku product { name } } }",
    ],
)
async def test_parts_cost_the_same_statements_however_many_there_are(
    company: None, selected: str
) -> None:
    query = f"query($n: Int!) {{ orders(first: $n, sort: TOTAL) {{ {selected} }} }}"
    costs = []
    for count in (10, 100):
        with counted() as statements:
            parts = await parts_of(query, n=count)
        assert len(together(parts)["orders"]["nodes"]) == count
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 8


@pytest.mark.parametrize("heard", [1, 2])
async def test_nothing_runs_on_when_nobody_listens(company: None, heard: int) -> None:
    query = """{
        orders(first: 20) {
            nodes @stream(initialCount: 1) { number ... @defer { lines @stream { sku } } }
            ... @defer { pageInfo { hasNextPage } }
        }
    }"""
    before = asyncio.all_tasks()
    executor = ENGINE.prepare(Ask(query), context(), in_parts=True)
    async with aclosing(ENGINE.in_parts(executor)) as parts:
        for _ in range(heard):
            assert (await anext(parts)).body()["hasNext"] is True
    left = asyncio.all_tasks() - before
    if left:  # cancelled, and about to notice
        _, running = await asyncio.wait(left, timeout=5)
        assert running == set()
