"""External references and search words of objects."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.columns import identity
from models.rules.events import SubjectKind


class ExternalRef(Model):
    """The key of one of our objects in another system.

    `digest` has the content of an imported object's rows, so that a later import finds differences.
    """

    id = identity()
    subject_kind = fields.CharEnumField(SubjectKind, max_length=16)
    subject_id = fields.UUIDField()
    system = fields.CharField(max_length=64)
    key = fields.CharField(max_length=200)
    digest = fields.TextField(null=True)

    class Meta:
        table = "external_ref"
        unique_together = (("subject_kind", "system", "key"),)
        indexes = [Index(fields=("subject_id",), name="external_ref_by_subject")]


class SearchToken(Model):
    """A folded word of a searchable field, written in the transaction of the field."""

    id = identity()
    subject_kind = fields.CharEnumField(SubjectKind, max_length=16)
    subject_id = fields.UUIDField()
    field = fields.CharField(max_length=32)
    token = fields.CharField(max_length=64)

    class Meta:
        table = "search_token"
        unique_together = (("subject_id", "field", "token"),)
        indexes = [
            Index(fields=("subject_kind", "token", "field", "subject_id"), name="search_by_token")
        ]
