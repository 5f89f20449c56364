"""Compiles filters of customers."""

from collections.abc import Iterable
from functools import partial

from tortoise.expressions import Q, Subquery

from models.customers import CustomerAddress, CustomerTag
from models.rules.access import Actor
from models.rules.events import SubjectKind
from models.rules.text import clean, forms, phone_key
from resolvers.filters.text import compile_where, reference_query, text_query
from resolvers.identifiers import key_of
from resolvers.inputs.customers import CustomerWhere
from services.work.visibility import visible


def customer_query(actor: Actor, where: CustomerWhere | None) -> Q:
    """The filter as a condition on the customer table."""
    return compile_where(where, partial(_conditions, actor)) if where else Q()


def _conditions(actor: Actor, where: CustomerWhere) -> Iterable[Q]:
    yield from text_query(where.code, "code", SubjectKind.CUSTOMER)
    yield from text_query(where.name, "name", SubjectKind.CUSTOMER)
    if where.email is not None:
        spelled = [form.lower() for form in forms(where.email)]
        yield Q(email_key__in=spelled, email_key__isnull=False)
    if where.group_id is not None:
        yield Q(group_id=key_of("CustomerGroup", where.group_id), group_id__isnull=False)
    if where.country is not None:
        countries = [clean(code) for code in where.country]
        rows = visible(CustomerAddress, actor).filter(country_code__in=countries)
        yield Q(id__in=Subquery(rows.values("customer_id")))
    if where.tag is not None:
        tagged = visible(CustomerTag, actor).filter(tag__in=[clean(tag) for tag in where.tag])
        yield Q(id__in=Subquery(tagged.values("customer_id")))
    if where.phone is not None:
        yield Q(phone_key=phone_key(clean(where.phone)) or "", phone_key__isnull=False)
    if where.blocked is not None:
        yield Q(blocked=where.blocked)
    if where.external_ref is not None:
        reference = where.external_ref
        yield reference_query(actor, reference.system, reference.key, SubjectKind.CUSTOMER)
