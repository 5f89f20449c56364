from tortoise import migrations
from tortoise.migrations import operations as ops

from models.columns import new_id
from models.rules.phones import phone_word
from models.rules.search_words import ending, words

BATCH = 2_000
MAX_WORDS_A_FIELD = 32
ATTRIBUTE = "=attribute"
FOUND_BY = {
    "CUSTOMER": ("Customer", ("name", "code", "email", "phone")),
    "PRODUCT": ("Product", ("name", "sku", "barcode")),
    "SUPPLIER": ("Supplier", ("name", "code")),
    "ORDER": ("Order", ("number",)),
}


async def fill(apps, schema_editor):
    """Words are kept anew: those of customers stand with customers only, others are spelled in more ways.

    An editor that has `progress` is called with the kind of objects, how many are done, and how many
    there are.
    """
    client = schema_editor.client
    progress = getattr(schema_editor, "progress", None)
    tokens = apps.get_model("models.SearchToken")
    await tokens.exclude(field=ATTRIBUTE).using_db(client).delete()
    for kind, (table, fields) in FOUND_BY.items():
        rows = apps.get_model(f"models.{table}").all().using_db(client).order_by("id")
        everything, done = await rows.count(), 0
        page = await rows.limit(BATCH).values("id", *fields)
        while page:
            found = await words_of_page(apps, client, kind, fields, page)
            await tokens.bulk_create(found, batch_size=500, using_db=client)
            done += len(page)
            if progress:
                progress(f"words of {table.lower()}s", done, everything)
            page = await rows.filter(id__gt=page[-1]["id"]).limit(BATCH).values("id", *fields)


async def words_of_page(apps, client, kind, fields, page):
    """The words of some objects, with those of the keys by which other systems know them."""
    tokens, references = apps.get_model("models.SearchToken"), apps.get_model("models.ExternalRef")
    keys = {}
    known = references.filter(subject_kind=kind, subject_id__in=[row["id"] for row in page])
    for subject_id, key in await known.using_db(client).values_list("subject_id", "key"):
        keys.setdefault(subject_id, []).append(key)
    return [
        tokens(id=new_id(), subject_kind=kind, subject_id=row["id"], field=field, token=word)
        for row in page
        for field, word in words_of_row(fields, row, keys.get(row["id"], ()))
    ]


def words_of_row(fields, row, keys):
    """The words of an object, each with its field."""
    for field in fields:
        text = row[field] or ""
        if field == "phone":
            if word := phone_word(text):
                yield field, word
            continue
        for word in words(text)[:MAX_WORDS_A_FIELD]:
            yield field, word
        if field == "number":
            yield "ending", ending(text)
    for word in words(" ".join(keys))[:MAX_WORDS_A_FIELD]:
        yield "reference", word


class Migration(migrations.Migration):
    dependencies = [("models", "0014_visible_keys")]

    operations = [ops.RunPython(fill, ops.RunPython.noop)]
