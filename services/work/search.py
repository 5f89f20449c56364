"""Words that objects are found by, kept in the transaction that writes the object."""

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
"""The field of tokens that stand for an attribute with its value. No search for words means it."""
NUMBER: Final = "number"
ENDING: Final = "ending"
"""The field of the word by which an order's number is found by its end."""
PHONE: Final = "phone"
SKU: Final = "sku"
REFERENCE: Final = "reference"
"""The field of words of keys of other systems, kept by `services.work.references`."""

SEARCHED: Final = frozenset(
    {SubjectKind.CUSTOMER, SubjectKind.PRODUCT, SubjectKind.SUPPLIER, SubjectKind.ORDER}
)

Texts = Mapping[str, str | None]


def customer_texts(customer: Customer) -> Texts:
    """What a customer is found by, beside the keys of other systems."""
    return {
        "name": customer.name,
        "code": customer.code,
        "email": customer.email,
        PHONE: customer.phone,
    }


def order_texts(order: Order) -> Texts:
    """What an order is found by, beside its customer, its lines and the keys of other systems."""
    return {NUMBER: order.number}


def tokens(kind: SubjectKind, subject_id: UUID, texts: Texts) -> list[SearchToken]:
    """The rows that make an object findable by the words of its fields."""
    return [
        fresh(SearchToken, subject_kind=kind, subject_id=subject_id, field=field, token=word)
        for field, word in words_of(texts)
    ]


def words_of(texts: Texts) -> list[tuple[str, str]]:
    """The words of each field that objects are found by, with the field."""
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
    """The rows that make an object findable by the keys that other systems know it by."""
    return tokens(kind, subject_id, {REFERENCE: " ".join(keys)})


def product_tokens(product: Product) -> list[SearchToken]:
    """The rows that make a product findable by name, SKU, barcode and its own attributes."""
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
    """One word for an attribute with its value: the same on every database, and indexed."""
    return hashlib.sha256(orjson.dumps([key, value], option=orjson.OPT_SORT_KEYS)).hexdigest()


async def replace(work: Work, subject_id: UUID, rows: list[SearchToken]) -> None:
    """Make an object findable by these rows, and by keys of other systems as before."""
    kept = SearchToken.filter(subject_id=subject_id).using_db(work.connection)
    await kept.exclude(field=REFERENCE).delete()
    await work.insert(rows)


async def new_reference_tokens(
    work: Work, kind: SubjectKind, keys: Mapping[str, UUID]
) -> list[SearchToken]:
    """The rows by which objects are found by more keys of other systems, without those there."""
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
    """Make an object findable by these keys of other systems and no others."""
    if kind not in SEARCHED:
        return
    kept = SearchToken.filter(subject_id=subject_id, field=REFERENCE)
    await kept.using_db(work.connection).delete()
    await work.insert(reference_tokens(kind, subject_id, keys))
