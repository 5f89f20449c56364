"""Words that objects are found by, kept in the transaction that writes the object."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import orjson

from models.catalog import Product
from models.references import SearchToken
from models.rules.events import SubjectKind
from models.rules.text import words
from services.statements import fresh
from services.transaction import Work

MAX_WORDS_A_FIELD: Final = 32
ATTRIBUTE: Final = "=attribute"
"""The field of tokens that stand for an attribute with its value. No search for words means it."""


def tokens(
    kind: SubjectKind, subject_id: UUID, texts: Mapping[str, str | None]
) -> list[SearchToken]:
    """The rows that make an object findable by the words of its fields."""
    return [
        fresh(SearchToken, subject_kind=kind, subject_id=subject_id, field=field, token=word)
        for field, word in words_of(texts)
    ]


def words_of(texts: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """The words of each field that objects are found by, with the field."""
    return [
        (field, word)
        for field, text in texts.items()
        for word in words(text or "")[:MAX_WORDS_A_FIELD]
    ]


def product_tokens(product: Product) -> list[SearchToken]:
    """The rows that make a product findable by name, SKU and its own attributes."""
    named = tokens(SubjectKind.PRODUCT, product.id, {"name": product.name, "sku": product.sku})
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
    """Make an object findable by these rows and no others."""
    await SearchToken.filter(subject_id=subject_id).using_db(work.connection).delete()
    await work.insert(rows)
