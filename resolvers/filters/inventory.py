"""Compiles filters and searches of stock items."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from tortoise.expressions import Q, Subquery

from models.catalog import Product
from models.rules.access import Actor
from models.rules.events import SubjectKind
from resolvers.filters.search import search_query
from resolvers.filters.text import all_of, compile_where, text_query, word_query
from resolvers.identifiers import key_of
from resolvers.inputs.filtering import StringOp
from resolvers.inputs.inventory import StockWhere
from services.work.visibility import visible


def stock_query(actor: Actor, where: StockWhere | None) -> Q:
    """The filter as a condition on the stock item table."""
    return compile_where(where, partial(_conditions, actor)) if where else Q()


def stock_search(actor: Actor, text: str) -> Q:
    """Stock items of the products that match a search.

    Raises:
        BadRequest: the text has too many words.
    """
    return _of_products(actor, search_query(text, SubjectKind.PRODUCT))


def _conditions(actor: Actor, where: StockWhere) -> Iterable[Q]:
    if where.sku is not None:
        yield from _by_sku(actor, where.sku)
    of_product = []
    if where.category_id is not None:
        of_product.append(Q(category_id=key_of("Category", where.category_id)))
    if where.supplier_id is not None:
        of_product.append(Q(supplier_id=key_of("Supplier", where.supplier_id)))
    if of_product:
        yield _of_products(actor, all_of(of_product))
    if where.warehouse_id is not None:
        yield Q(warehouse_id__in=[key_of("Warehouse", each) for each in where.warehouse_id])
    if where.low_only:
        yield Q(is_low=True)


def _by_sku(actor: Actor, op: StringOp) -> Iterable[Q]:
    """Stock items by their product's SKU, of which each has an indexed copy."""
    yield from text_query(replace(op, words=None), "sort_sku", SubjectKind.PRODUCT)
    if op.words is not None:
        yield _of_products(actor, word_query(op.words, SubjectKind.PRODUCT, "sku"))


def _of_products(actor: Actor, condition: Q) -> Q:
    products = visible(Product, actor).filter(condition)
    return Q(product_id__in=Subquery(products.values("id")))
