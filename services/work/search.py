"""Search words of objects, written in the transaction of the object."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import orjson

from models.catalog import Product
from models.customers import Customer
from models.orders import Order
from models.references import SearchToken
from models.rules.events import SubjectKind
from models.rules.phones import phone_word
from models.rules.search_words import ending, words
from services.storage.rows import fresh
from services.work.work import Work

MAX_WORDS_A_FIELD: Final = 32
ATTRIBUTE: Final = "=attribute"
"""The field of tokens for an attribute with its value. Word searches leave it out."""
NUMBER: Final = "number"
ENDING: Final = "ending"
"""The field of the word that finds an order's number by its end."""
PHONE: Final = "phone"
SKU: Final = "sku"
REFERENCE: Final = "reference"
"""The field of words of external references, written by `services.work.references`."""

SEARCHED: Final = frozenset(
    {SubjectKind.CUSTOMER, SubjectKind.PRODUCT, SubjectKind.SUPPLIER, SubjectKind.ORDER}
)

Texts = Mapping[str, str | None]


def customer_texts(customer: Customer) -> Texts:
    """The searchable texts of a customer, without external references."""
    return {
        "name": customer.name,
        "code": customer.code,
        "email": customer.email,
        PHONE: customer.phone,
    }


def order_texts(order: Order) -> Texts:
    """The searchable texts of an order, without its customer, lines and external references."""
    return {NUMBER: order.number}


def tokens(kind: SubjectKind, subject_id: UUID, texts: Texts) -> list[SearchToken]:
    """The rows of search words for an object's texts."""
    return [
        fresh(SearchToken, subject_kind=kind, subject_id=subject_id, field=field, token=word)
        for field, word in words_of(texts)
    ]


def words_of(texts: Texts) -> list[tuple[str, str]]:
    """The search words of texts, each with its field."""
    found = []
    for field, text in texts.items():
        if not text:
            continue
        if field == PHONE:
            found += [(PHONE, word)] if (word := phone_word(text)) else []
            continue
        found += [(field, word) for word in words(text)[:MAX_WORDS_A_FIELD]]
        if field == NUMBER:
            found.append((ENDING, ending(text)))
    return found


def reference_tokens(kind: SubjectKind, subject_id: UUID, keys: Iterable[str]) -> list[SearchToken]:
    """The rows of search words for an object's external references."""
    return tokens(kind, subject_id, {REFERENCE: " ".join(keys)})


def product_tokens(product: Product) -> list[SearchToken]:
    """The rows of search words for a product: name, SKU, barcode and attributes."""
    texts = {"name": product.name, SKU: product.sku, "barcode": product.barcode}
    named = tokens(SubjectKind.PRODUCT, product.id, texts)
    described = [
        fresh(
            SearchToken,
            subject_kind=SubjectKind.PRODUCT,
            subject_id=product.id,
            field=ATTRIBUTE,
            token=attribute_token(key, value),
        )
        for key, value in product.attributes.items()
    ]
    return named + described


def attribute_token(key: str, value: Any) -> str:
    """The token of an attribute with its value: the same on each database, and indexed."""
    return hashlib.sha256(orjson.dumps([key, value], option=orjson.OPT_SORT_KEYS)).hexdigest()


async def replace(work: Work, subject_id: UUID, rows: list[SearchToken]) -> None:
    """Replaces an object's search words, except those of external references."""
    kept = SearchToken.filter(subject_id=subject_id).using_db(work.connection)
    await kept.exclude(field=REFERENCE).delete()
    await work.insert(rows)


async def new_reference_tokens(
    work: Work, kind: SubjectKind, keys: Mapping[str, UUID]
) -> list[SearchToken]:
    """The missing rows of search words for further external references."""
    known = SearchToken.filter(subject_id__in=set(keys.values()), field=REFERENCE)
    pairs = await known.using_db(work.connection).values_list("subject_id", "token")
    seen: set[Any] = set(pairs)
    found = []
    for key, subject_id in keys.items():
        for row in reference_tokens(kind, subject_id, [key]):
            if (subject_id, row.token) not in seen:
                seen.add((subject_id, row.token))
                found.append(row)
    return found


async def replace_references(
    work: Work, kind: SubjectKind, subject_id: UUID, keys: Iterable[str]
) -> None:
    """Replaces an object's search words of external references."""
    if kind not in SEARCHED:
        return
    kept = SearchToken.filter(subject_id=subject_id, field=REFERENCE)
    await kept.using_db(work.connection).delete()
    await work.insert(reference_tokens(kind, subject_id, keys))
