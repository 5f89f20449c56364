"""Global ids: opaque texts for the keys of objects."""

import base64
import binascii
import re
from uuid import UUID

from models.rules.errors import BadRequest, Path, not_found


def to_global(type_name: str, key: UUID) -> str:
    """The global id of an object."""
    # For these characters base64 produces neither of its two signs that URLs write differently.
    coded = binascii.b2a_base64(f"{type_name}:{key.hex}".encode(), newline=False)
    return coded.decode().rstrip("=")


def parse(text: str) -> tuple[str, UUID]:
    """The type and the key in a global id.

    Raises:
        BadRequest: it is no global id.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        plain = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        type_name, _, key = plain.partition(":")
        if not re.fullmatch("[A-Z][A-Za-z]{2,30}", type_name):
            raise ValueError
        return type_name, UUID(hex=key)
    except (binascii.Error, ValueError):
        raise BadRequest("This is not an id of ours.") from None


def key_of(type_name: str, text: str) -> UUID:
    """The key in a global id of one type, for queries.

    Raises:
        BadRequest: it is no global id, or one of another type.
    """
    found, key = parse(text)
    if found != type_name:
        raise BadRequest(f"An id of type {type_name} is expected here; this is one of {found}.")
    return key


def input_key(type_name: str, text: str, path: Path) -> UUID:
    """The key in a global id, for the input of a mutation.

    Raises:
        InputError: NOT_FOUND at `path`: it is no global id, or one of another type.
    """
    try:
        return key_of(type_name, text)
    except BadRequest as error:
        raise not_found(str(error), *path) from None
