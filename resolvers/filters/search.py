"""Searches: objects by their words, orders also by those of their customers and products."""

from collections.abc import Callable

from tortoise.expressions import Q, Subquery
from tortoise.models import Model

from models.catalog import Product
from models.customers import Customer
from models.orders import Order, OrderLine
from models.rules.access import Actor
from models.rules.events import SubjectKind
from models.rules.phones import query_phones
from models.rules.search_words import Alternatives, ending
from models.rules.text import clean
from resolvers.filters.text import NOTHING, AnyOf, Rows, all_of, any_of, beginning, bounded_words
from services.work.search import ENDING, PHONE, SKU
from services.work.visibility import sees_all, visible

FEWEST_OF_END = 2
"""The end of a number needs more characters than this: one digit matches every tenth number."""

Find = Callable[[Alternatives], list[Rows]]


def search_query(text: str, kind: SubjectKind) -> Q:
    """Objects with a word that begins with, or a number that ends with, each word of the text.

    A text without words matches nothing.

    Raises:
        BadRequest: the text has too many words.
    """
    return _every_word(
        text, lambda word: _by_own_words(kind, word), lambda word: [_phones(kind, word)]
    )


def order_search(actor: Actor, text: str) -> Q:
    """Orders by their own words, by those of their present customer, and by the SKUs of lines.

    Each word may be of another kind: `albers cup-1` finds an order of Ada Albers for CUP-1. Only
    customers and products that the actor sees are searched.

    Raises:
        BadRequest: the text has too many words.
    """

    def customers_orders(customers: list[Rows]) -> Rows:
        seen = _seen(actor, Customer, customers)
        return visible(Order, actor).filter(customer_id__in=seen).values("id")

    def find(word: Alternatives) -> list[Rows]:
        products = [beginning(SubjectKind.PRODUCT, prefixes, SKU) for prefixes in word]
        seen = _seen(actor, Product, products)
        lines = visible(OrderLine, actor).filter(product_id__in=seen).values("order_id")
        return [
            *_by_own_words(SubjectKind.ORDER, word),
            customers_orders(_by_own_words(SubjectKind.CUSTOMER, word)),
            lines,
        ]

    return _every_word(
        text, find, lambda word: [customers_orders([_phones(SubjectKind.CUSTOMER, word)])]
    )


def _every_word(text: str, find: Find, find_phone: Callable[[str], list[Rows]]) -> Q:
    cleaned = clean(text)
    words = bounded_words(cleaned)
    if not words:
        return NOTHING
    query = all_of(Q(id__in=AnyOf(find(word))) for word in words)
    phones = [rows for word in query_phones(cleaned) for rows in find_phone(word)]
    return any_of([query, Q(id__in=AnyOf(phones))]) if phones else query


def _by_own_words(kind: SubjectKind, word: Alternatives) -> list[Rows]:
    """Objects with a word that begins with the word, or a number that ends with it."""
    rows = [beginning(kind, prefixes) for prefixes in word]
    end = ending("".join(word[-1]))
    if len(end) > FEWEST_OF_END and any(char.isdigit() for char in end):
        rows.append(beginning(kind, (end,), ENDING))
    return rows


def _seen(actor: Actor, table: type[Model], found: list[Rows]) -> AnyOf | Subquery:
    """Those of the objects that the actor sees, by their ids; the table is read only if needed."""
    if sees_all(actor, table):
        return AnyOf(found)
    return Subquery(visible(table, actor).filter(id__in=AnyOf(found)).values("id"))


def _phones(kind: SubjectKind, word: str) -> Rows:
    return beginning(kind, (word,), PHONE)
