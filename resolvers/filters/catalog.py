"""Compiles filters of products."""

from collections.abc import Iterable
from functools import partial

from tortoise.expressions import Q, Subquery

from models.inventory import StockItem
from models.references import SearchToken
from models.rules.access import Actor
from models.rules.events import SubjectKind
from models.rules.text import clean
from resolvers.filters.amounts import amount_query
from resolvers.filters.text import code_query, compile_where, none_of, text_query
from resolvers.identifiers import key_of
from resolvers.inputs.catalog import AttributeWhere, ProductWhere
from services.work.search import ATTRIBUTE, attribute_token
from services.work.visibility import visible


def product_query(actor: Actor, where: ProductWhere | None) -> Q:
    """The filter as a condition on the product table."""
    return compile_where(where, partial(_conditions, actor)) if where else Q()


def _conditions(actor: Actor, where: ProductWhere) -> Iterable[Q]:
    yield from text_query(where.sku, "sku", SubjectKind.PRODUCT)
    yield from text_query(where.name, "name", SubjectKind.PRODUCT)
    if where.category_id is not None:
        yield Q(category_id=key_of("Category", where.category_id), category_id__isnull=False)
    if where.supplier_id is not None:
        yield Q(supplier_id=key_of("Supplier", where.supplier_id), supplier_id__isnull=False)
    yield from amount_query(where.price, "sort_price")
    yield from code_query(where.barcode, "barcode", "A barcode")
    if where.discontinued is not None:
        yield Q(discontinued=where.discontinued)
    if where.low_stock is not None:
        items = visible(StockItem, actor).filter(is_low=True)
        low = Q(id__in=Subquery(items.values("product_id")))
        yield low if where.low_stock else none_of(low)
    if where.attribute is not None:
        yield attribute_query(where.attribute)


def attribute_query(where: AttributeWhere) -> Q:
    """Products with exactly this value of an attribute."""
    rows = SearchToken.filter(
        subject_kind=SubjectKind.PRODUCT,
        field=ATTRIBUTE,
        token=attribute_token(clean(where.key), where.eq),
    )
    return Q(id__in=Subquery(rows.values("subject_id")))
