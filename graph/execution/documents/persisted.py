"""Documents by name: those that clients have sent before, or only those of a list."""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from textwrap import shorten
from typing import Final, Protocol

from graph.execution.documents.documents import MAX_CACHED_LENGTH, Document, Documents
from graph.execution.failures import Code, Malformed, Rejected

SHA256: Final = "sha256:"
"""The prefix of an id that is a hash in GraphQL over HTTP; Apollo writes the bare hash."""

MAX_SHOWN: Final = 60
"""Characters of a document that an error message quotes."""


class BadManifest(ValueError):
    """An unusable list of trusted documents; the text names each bad document."""


class Library(Protocol):
    """The source of requests' documents."""

    def document(self, text: str | None, name: str | None) -> Document:
        """The document that a client sent by text, by name, or by both.

        Raises:
            Rejected: it is unknown, not allowed here, or no document of the schema.
        """


class Sent:
    """Any document of the schema, and the last `size` of those sent with their hash, by hash.

    With a size of 0 none is stored, and clients are answered so.
    """

    def __init__(self, documents: Documents, size: int) -> None:
        self._documents = documents
        self._size = size
        self._texts: OrderedDict[str, str] = OrderedDict()

    def document(self, text: str | None, name: str | None) -> Document:
        """As `Library`; PERSISTED_QUERY_NOT_FOUND asks for the text."""
        if text is None:
            return self._documents.document(self._text(bare(name or "")))
        if name is None or not self._size:
            return self._documents.document(text)
        # A wrong hash would let one client choose the document that others run.
        if bare(name) != hash_of(text):
            raise Malformed("The id is not the SHA-256 of the query.")
        document = self._documents.document(text)
        self._store(bare(name), text)
        return document

    def _text(self, name: str) -> str:
        # Clients compare exactly these messages, some of them instead of the codes.
        if not self._size:
            raise Rejected(Code.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
        text = self._texts.get(name)
        if text is None:
            raise Rejected(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        self._texts.move_to_end(name)
        return text

    def _store(self, name: str, text: str) -> None:
        if len(text) > MAX_CACHED_LENGTH:
            return
        self._texts[name] = text
        self._texts.move_to_end(name)
        if len(self._texts) > self._size:
            self._texts.popitem(last=False)


class Trusted:
    """The documents of a list, by their ids, their hashes and their exact texts."""

    def __init__(self, documents: Documents, texts: Mapping[str, str]) -> None:
        """Checks each document of the list.

        Raises:
            BadManifest: with each document that is invalid or shares another's id.
        """
        self._by_text: dict[str, Document] = {}
        self._by_name: dict[str, Document] = {}
        wrong = []
        for name, text in texts.items():
            try:
                self._list(name, text, documents.document(text))
            except (Rejected, BadManifest) as error:
                begins = shorten(text, MAX_SHOWN, placeholder=" ...")
                wrong.append(f"document {name} ({begins}): {error}")
        if wrong:
            raise BadManifest("\n".join(wrong))

    def _list(self, name: str, text: str, document: Document) -> None:
        document = self._by_text.setdefault(text, document)
        if name.startswith(SHA256) and bare(name) != hash_of(text):
            raise BadManifest("its id is not the SHA-256 of its text")
        for each in (bare(name), hash_of(text)):
            if self._by_name.setdefault(each, document) is not document:
                raise BadManifest("another document has the same id")

    def document(self, text: str | None, name: str | None) -> Document:
        """As `Library`; DOCUMENT_NOT_TRUSTED for a document that is not listed."""
        sent = None if text is None else self._by_text.get(text)
        named = sent if name is None else self._by_name.get(bare(name))
        if text is None:
            sent = named
        if sent is None or named is None:
            raise Rejected(Code.DOCUMENT_NOT_TRUSTED, "Only listed documents are run here.")
        if sent is not named:
            raise Malformed("The id is that of another document than the query.")
        return sent


def bare(name: str) -> str:
    """The name without the prefix, as Apollo writes it."""
    return name.removeprefix(SHA256)


def hash_of(text: str) -> str:
    """The SHA-256 of the text in UTF-8, in lower-case hexadecimal digits."""
    return sha256(text.encode()).hexdigest()
