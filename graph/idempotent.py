"""`@idempotent(key:)`: the key of a mutation, and the fingerprint of its arguments."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import strawberry
from graphql import (
    DirectiveLocation,
    FieldNode,
    GraphQLArgument,
    GraphQLDirective,
    GraphQLError,
    GraphQLNonNull,
    GraphQLString,
    ValidationRule,
)
from strawberry.types.nodes import SelectedField

from models.rules import text
from models.rules.errors import BadRequest, invalid
from resolvers.context import Info
from services.work.idempotency import Claim

IDEMPOTENT: Final = "idempotent"
MAX_KEY: Final = 200

DIRECTIVE: Final = GraphQLDirective(
    IDEMPOTENT,
    [DirectiveLocation.FIELD],
    {"key": GraphQLArgument(GraphQLNonNull(GraphQLString), description="1 to 200 characters.")},
    description=(
        "Makes a mutation field safe to retry. A request with the same key and input changes "
        "nothing: it answers the changed objects as they are now, with `replayed: true`. Other "
        "input with the key is answered KEY_REUSED. A key is kept for a week, and belongs to its "
        "caller. A refusal leaves the key free."
    ),
)


class OnMutationsOnly(ValidationRule):
    """Allows @idempotent on fields of a mutation only; elsewhere it would have no effect."""

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        named = [each for each in node.directives or () if each.name.value == IDEMPOTENT]
        mutation = self.context.schema.mutation_type
        if named and self.context.get_parent_type() is not mutation:
            message = "@idempotent stands on fields of a mutation."
            self.report_error(GraphQLError(message, named))


def claim_of(info: Info, arguments: Mapping[str, Any]) -> Claim | None:
    """The claim of a mutation field's idempotency key, or None without a key.

    Raises:
        BadRequest: an Idempotency-Key header on several mutations, which would share the key.
        InputError: the key is empty or too long, or two keys are given.
    """
    keys = {each for each in (_header(info), *_directives(info)) if each is not None}
    if not keys:
        return None
    if len(keys) > 1:
        raise invalid("A mutation has one key.")
    key = text.key(keys.pop())
    if not 1 <= len(key) <= MAX_KEY:
        raise invalid(f"A key has 1 to {MAX_KEY} characters.")
    return Claim(
        principal=info.context.actor.id,
        key=key,
        field=info.field_name,
        fingerprint=fingerprint(arguments),
    )


def _directives(info: Info) -> list[str]:
    return [
        selected.directives[IDEMPOTENT]["key"]
        for selected in info.selected_fields
        if isinstance(selected, SelectedField) and IDEMPOTENT in selected.directives
    ]


def _header(info: Info) -> str | None:
    key = info.context.idempotency_key
    if key is not None:
        selections = info.operation.selection_set.selections
        if len(selections) != 1 or not isinstance(selections[0], FieldNode):
            raise BadRequest("An Idempotency-Key header is for a document of one mutation.")
    return key


def fingerprint(arguments: Mapping[str, Any]) -> str:
    """The SHA-256 of the coerced arguments, so literals and variables give the same."""
    text = json.dumps(arguments, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A value of JSON for a value that JSON cannot hold."""
    match value:
        case Enum():
            return value.value
        case Decimal():
            return f"{value.normalize():f}"
        case date():
            return value.isoformat()
        case _:
            given = ((each.name, getattr(value, each.name)) for each in fields(value))
            return {name: each for name, each in given if each is not strawberry.UNSET}
