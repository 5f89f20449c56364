"""Filters on text: exact, by beginning, and by words."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from pypika_tortoise.context import SqlContext
from pypika_tortoise.terms import Term
from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet, ValuesQuery

from models.references import ExternalRef, SearchToken
from models.rules.access import Actor
from models.rules.errors import BadRequest
from models.rules.events import SubjectKind
from models.rules.search_words import Alternatives, Prefixes, query_words
from models.rules.text import beyond, clean, forms
from resolvers.inputs.filtering import StringOp
from services.work.search import ATTRIBUTE
from services.work.visibility import visible

Where = TypeVar("Where")

Rows = ValuesQuery[Any]

MAX_WORDS: Final = 10
MAX_PREFIXES: Final = 40

NOTHING: Final = Q(pk__in=[])
EVERYTHING: Final = Q(pk__isnull=False)


def compile_where(where: Any, leaf: Callable[[Any], Iterable[Q]]) -> Q:
    """The condition of an input with `and`, `or` and `not`; all its parts must hold.

    `graph.execution.documents.inputs` has limited the number of parts before.
    """
    parts = [*leaf(where), *(compile_where(part, leaf) for part in where.and_ or ())]
    if where.or_ is not None:
        parts.append(any_of([compile_where(part, leaf) for part in where.or_]))
    if where.not_ is not None:
        parts.append(none_of(compile_where(where.not_, leaf)))
    return all_of(parts)


def all_of(parts: Iterable[Q]) -> Q:
    """All parts hold; without parts the condition is true.

    Parts without conditions are left out, because Tortoise cannot write them inside another.
    """
    return Q(*(part for part in parts if part.children or part.filters))


def any_of(parts: list[Q]) -> Q:
    """At least one part holds; without parts the condition is false."""
    return Q(*(_explicit(part) for part in parts), join_type=Q.OR) if parts else NOTHING


def none_of(part: Q) -> Q:
    """The part does not hold.

    The negation is moved down to single conditions: of two conditions on a negated subquery
    Tortoise makes one.
    """
    part = _explicit(part)
    if part._is_negated:  # noqa: SLF001 - Tortoise has no public name for it
        return Q(*part.children, join_type=part.join_type, **part.filters)
    if len(part.filters) == 1:
        return ~part
    conditions = [Q(**equals(lookup, value)) for lookup, value in part.filters.items()]
    opposites = [none_of(each) for each in (*part.children, *conditions)]
    return Q(*opposites, join_type=Q.OR if part.join_type == Q.AND else Q.AND)


def _explicit(part: Q) -> Q:
    """The part; a part without conditions becomes one that is true, because Tortoise drops it."""
    return part if part.children or part.filters else EVERYTHING


def text_query(op: StringOp | None, column: str, kind: SubjectKind) -> Iterable[Q]:
    """The conditions of an operation on one text column, whose search words are named `column`."""
    if op is None:
        return
    spelled = clean_only if column == "name" else forms
    if op.eq is not None:
        yield one_of(column, spelled(op.eq))
    if op.in_ is not None:
        yield Q(**equals(f"{column}__in", [form for text in op.in_ for form in spelled(text)]))
    if op.starts_with is not None:
        yield any_of([begins(column, form) for form in spelled(op.starts_with)])
    if op.words is not None:
        yield word_query(op.words, kind, column)


def code_query(op: StringOp | None, column: str, called: str) -> Iterable[Q]:
    """The conditions on an optional code; an object without one matches none.

    Raises:
        BadRequest: `words`, which are not indexed for codes.
    """
    if op is None:
        return
    yield Q(**equals(f"{column}__isnull", False))
    if op.eq is not None:
        yield one_of(column, forms(op.eq))
    if op.in_ is not None:
        yield Q(**equals(f"{column}__in", [form for text in op.in_ for form in forms(text)]))
    if op.starts_with is not None:
        yield any_of([begins(column, form) for form in forms(op.starts_with)])
    if op.words is not None:
        raise BadRequest(f"{called} is found by eq, in and startsWith.")


def equals(lookup: str, value: Any) -> dict[str, Any]:
    """A condition whose name is computed."""
    return {lookup: value}


def clean_only(text: str) -> tuple[str, ...]:
    """The single form of a name; its joiners have a meaning in some scripts."""
    return (clean(text),)


def one_of(column: str, spelled: tuple[str, ...]) -> Q:
    """The column equals one of the forms of a text; most texts have one form."""
    if len(spelled) == 1:
        return Q(**equals(column, spelled[0]))
    return Q(**equals(f"{column}__in", list(spelled)))


def begins(column: str, beginning: str) -> Q:
    """The column's text begins with `beginning`, compared exactly.

    It is a range, because LIKE ignores case on SQLite, and on MariaDB after the cast that Tortoise
    adds; and an index serves a range.
    """
    query = Q(**equals(f"{column}__gte", beginning))
    end = beyond(beginning)
    return query & Q(**equals(f"{column}__lt", end)) if end else query


def word_query(text: str, kind: SubjectKind, field: str) -> Q:
    """Objects with words in a field that begin with each word of the text.

    A text without words matches nothing.

    Raises:
        BadRequest: the text has too many words.
    """
    found = [
        Q(id__in=AnyOf([beginning(kind, prefixes, field) for prefixes in alternatives]))
        for alternatives in bounded_words(text)
    ]
    return all_of(found) if found else NOTHING


def bounded_words(text: str) -> list[Alternatives]:
    """The alternatives for each word of a text, as `query_words`.

    Raises:
        BadRequest: more than 10 words, or words of too many parts.
    """
    words = query_words(clean(text))
    if len(words) > MAX_WORDS:
        raise BadRequest(f"A search has at most {MAX_WORDS} words.")
    if sum(len(prefixes) for alternatives in words for prefixes in alternatives) > MAX_PREFIXES:
        raise BadRequest("A search has words of fewer parts.")
    return words


def beginning(kind: SubjectKind, prefixes: Prefixes, field: str | None = None) -> Rows:
    """The ids of objects with words that begin with all prefixes, in one field or in any."""
    first, *others = (_with_word(kind, prefix, field) for prefix in prefixes)
    for rows in others:
        first = first.filter(subject_id__in=Subquery(rows.values("subject_id")))
    return first.values("subject_id")


def _with_word(kind: SubjectKind, prefix: str, field: str | None) -> QuerySet[SearchToken]:
    rows = SearchToken.filter(subject_kind=kind, token__gte=prefix, token__lt=beyond(prefix))
    return rows.exclude(field=ATTRIBUTE) if field is None else rows.filter(field=field)


class AnyOf(Term):
    """The union of several one-column queries, for the right side of `in`."""

    def __init__(self, queries: Sequence[Rows]) -> None:
        super().__init__()
        self.queries = [Subquery(query) for query in queries]

    def get_sql(self, ctx: SqlContext) -> str:
        """One query in brackets.

        The union is nested, because MariaDB runs a bare one again for each row.
        """
        inside = ctx.copy(subquery=False, with_alias=False)
        texts = [query.get_sql(inside) for query in self.queries]
        if len(texts) == 1:
            return f"({texts[0]})"
        union = " UNION ALL ".join(texts)
        return f"(SELECT * FROM ({union}) any_of)"  # noqa: S608 - values are parameters


def reference_query(actor: Actor, system: str, key: str, kind: SubjectKind) -> Q:
    """The object with an external key."""
    rows = visible(ExternalRef, actor).filter(
        subject_kind=kind, system__in=list(forms(system)), key__in=list(forms(key))
    )
    return Q(id__in=Subquery(rows.values("subject_id")))
