"""Filters on text: exact, by beginning, and by words."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from tortoise.expressions import Q, Subquery

from models.references import ExternalRef, SearchToken
from models.rules.errors import BadRequest
from models.rules.events import SubjectKind
from models.rules.text import clean, words
from resolvers.inputs.filtering import StringOp
from services.search import ATTRIBUTE

Where = TypeVar("Where")

MAX_CONDITIONS: Final = 100
MAX_WORDS: Final = 10

NOTHING: Final = Q(pk__in=[])
EVERYTHING: Final = Q(pk__isnull=False)


def compile_where(where: Any, leaf: Callable[[Any], Iterable[Q]]) -> Q:
    """The filter that an input with `and`, `or` and `not` describes; all its parts must hold.

    Raises:
        BadRequest: it has more than 100 parts.
    """
    budget = [MAX_CONDITIONS]
    return _compile(where, leaf, budget)


def _compile(where: Any, leaf: Callable[[Any], Iterable[Q]], budget: list[int]) -> Q:
    budget[0] -= 1
    if budget[0] < 0:
        raise BadRequest(f"A filter has at most {MAX_CONDITIONS} parts.")
    query = Q(*leaf(where))
    for part in where.and_ or ():
        query &= _compile(part, leaf, budget)
    if where.or_ is not None:
        query &= any_of([_compile(part, leaf, budget) for part in where.or_])
    if where.not_ is not None:
        query &= none_of(_compile(where.not_, leaf, budget))
    return query


def any_of(parts: list[Q]) -> Q:
    """At least one of the parts holds, which none of no parts does."""
    return Q(*(_said(part) for part in parts), join_type=Q.OR) if parts else NOTHING


def none_of(part: Q) -> Q:
    """The part does not hold.

    The negation is moved down to single conditions, each of which then has one or none: Tortoise
    reads two of them on a subquery as one.
    """
    part = _said(part)
    if part._is_negated:  # noqa: SLF001 - Tortoise has no public name for it
        return Q(*part.children, join_type=part.join_type, **part.filters)
    if len(part.filters) == 1:
        return ~part
    conditions = [Q(**equals(lookup, value)) for lookup, value in part.filters.items()]
    opposites = [none_of(each) for each in (*part.children, *conditions)]
    return Q(*opposites, join_type=Q.OR if part.join_type == Q.AND else Q.AND)


def _said(part: Q) -> Q:
    """The part; one without conditions holds always, where Tortoise would leave it out."""
    return part if part.children or part.filters else EVERYTHING


def text_query(op: StringOp | None, column: str, kind: SubjectKind) -> Iterable[Q]:
    """The conditions of an operation on one text column, whose words are kept as `column`."""
    if op is None:
        return
    if op.eq is not None:
        yield Q(**equals(column, clean(op.eq)))
    if op.in_ is not None:
        yield Q(**equals(f"{column}__in", [clean(text) for text in op.in_]))
    if op.starts_with is not None:
        yield begins(column, clean(op.starts_with))
    if op.words is not None:
        yield word_query(op.words, kind, column)


def equals(lookup: str, value: Any) -> dict[str, Any]:
    """A condition whose name is put together."""
    return {lookup: value}


def begins(column: str, beginning: str) -> Q:
    """The column's text begins so, compared exactly.

    A range, because LIKE ignores case on SQLite, and on MariaDB after the cast that Tortoise adds;
    and because an index finds a range.
    """
    query = Q(**equals(f"{column}__gte", beginning))
    end = _next(beginning)
    return query & Q(**equals(f"{column}__lt", end)) if end else query


def _next(beginning: str) -> str:
    """The least text that is greater than all with this beginning; empty where there is none."""
    shorter = beginning.rstrip("\U0010ffff")
    if not shorter:
        return ""
    last = ord(shorter[-1]) + 1
    return shorter[:-1] + chr(0xE000 if last == 0xD800 else last)


def word_query(text: str, kind: SubjectKind, field: str | None = None) -> Q:
    """Objects of which every word of the text begins a word, of one field or of any.

    A text without any word matches nothing.
    """
    wanted = words(clean(text))
    if len(wanted) > MAX_WORDS:
        raise BadRequest(f"A search has at most {MAX_WORDS} words.")
    if not wanted:
        return NOTHING
    query = Q()
    for word in wanted:
        rows = SearchToken.filter(subject_kind=kind, token__gte=word, token__lt=_next(word))
        rows = rows.exclude(field=ATTRIBUTE) if field is None else rows.filter(field=field)
        query &= Q(id__in=Subquery(rows.values("subject_id")))
    return query


def reference_query(system: str, key: str, kind: SubjectKind) -> Q:
    """The object that another system knows by this key."""
    rows = ExternalRef.filter(subject_kind=kind, system=clean(system), key=clean(key))
    return Q(id__in=Subquery(rows.values("subject_id")))
