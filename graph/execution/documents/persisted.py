"""Documents by a name: those that clients sent before, or those of a list and no others."""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from textwrap import shorten
from typing import Final, Protocol

from graph.execution.documents.documents import MAX_KEPT_LENGTH, Document, Documents
from graph.execution.failures import Code, Malformed, Rejected

SHA256: Final = "sha256:"
"""Before an id that is a hash, as GraphQL over HTTP writes it; Apollo writes the bare hash."""

MAX_SHOWN: Final = 60
"""Characters of a document in a complaint about it."""


class BadManifest(ValueError):
    """A list of trusted documents that cannot be served; the text names the document."""


class Library(Protocol):
    """Where the document of a request comes from."""

    def document(self, text: str | None, name: str | None) -> Document:
        """The document that a client sent, or named, or both.

        Raises:
            Rejected: it is unknown, not allowed here, or no document of the schema.
        """


class Sent:
    """Any document of the schema. The last `size` that came with their hash are known by it.

    A size of 0 remembers none, and tells clients so.
    """

    def __init__(self, documents: Documents, size: int) -> None:
        self._documents = documents
        self._size = size
        self._texts: OrderedDict[str, str] = OrderedDict()

    def document(self, text: str | None, name: str | None) -> Document:
        """As `Library`: PERSISTED_QUERY_NOT_FOUND asks for the text."""
        if text is None:
            return self._documents.document(self._text(bare(name or "")))
        if name is None or not self._size:
            return self._documents.document(text)
        # Whoever could give a text another's name would choose what others run.
        if bare(name) != hash_of(text):
            raise Malformed("The id is not the SHA-256 of the query.")
        document = self._documents.document(text)
        self._keep(bare(name), text)
        return document

    def _text(self, name: str) -> str:
        # Clients look for exactly these messages, some of them instead of the codes.
        if not self._size:
            raise Rejected(Code.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
        text = self._texts.get(name)
        if text is None:
            raise Rejected(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        self._texts.move_to_end(name)
        return text

    def _keep(self, name: str, text: str) -> None:
        if len(text) > MAX_KEPT_LENGTH:
            return
        self._texts[name] = text
        self._texts.move_to_end(name)
        if len(self._texts) > self._size:
            self._texts.popitem(last=False)


class Trusted:
    """The documents of a list, by their names there, their hashes and their exact texts."""

    def __init__(self, documents: Documents, texts: Mapping[str, str]) -> None:
        """Check every document of the list.

        Raises:
            BadManifest: naming each document that cannot be run, or whose name is another's.
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
        """As `Library`: DOCUMENT_NOT_TRUSTED for what is not listed."""
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
    """The name as Apollo writes it."""
    return name.removeprefix(SHA256)


def hash_of(text: str) -> str:
    """The SHA-256 of a text's UTF-8, in lower-case hexadecimal digits."""
    return sha256(text.encode()).hexdigest()
