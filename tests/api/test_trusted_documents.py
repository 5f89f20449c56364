"""A list of trusted documents: what stands in it is run, however it is named, and nothing else."""

import json
from collections.abc import AsyncIterator
from hashlib import md5, sha1
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph.execution.documents.persisted import BadManifest, hash_of
from tests.support.serving import application, client, error, served, talking

GREET = "query Greet {\n  greet\n}"
NODE = "query Node($deep: Boolean = false) { node { name child @include(if: $deep) { name } } }"
TICKS = "subscription Ticks { ticks(to: 1) { number } }"
SCHEMA = "query Schema { __schema { queryType { name } } }"
OTHER = "query Other { greet }"

NOT_TRUSTED = {"errors": [error("DOCUMENT_NOT_TRUSTED", "Only listed documents are run here.")]}
HELLO = {"data": {"greet": "Hello world"}}


def written(path: Path, value: Any) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def of_apollo(*texts: str) -> dict[str, Any]:
    """The manifest that `generate-persisted-query-manifest` writes."""
    operations = [
        {"id": hash_of(text), "name": text.split()[1], "type": text.split()[0], "body": text}
        for text in texts
    ]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}


def of_codegen(*texts: str) -> dict[str, str]:
    """The map that graphql-codegen's client preset writes where nothing else is chosen."""
    return {sha1(text.encode(), usedforsecurity=False).hexdigest(): text for text in texts}


def of_relay(*texts: str) -> dict[str, str]:
    """The map that the compiler of Relay writes."""
    return {md5(text.encode(), usedforsecurity=False).hexdigest(): text for text in texts}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return written(tmp_path / "manifest.json", of_apollo(GREET, NODE, TICKS))


@pytest.fixture
async def http(manifest: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client(trusted_documents=manifest) as made:
        yield made


async def ask(http: httpx.AsyncClient, **body: Any) -> Any:
    return (await http.post("/graphql", json=body)).json()


def hashed(name: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": name}}


@pytest.mark.parametrize(
    "named",
    [
        {"extensions": hashed(hash_of(GREET))},
        {"documentId": hash_of(GREET)},
        {"documentId": f"sha256:{hash_of(GREET)}"},
        {"query": GREET},
        {"query": GREET, "documentId": hash_of(GREET)},
        {"query": GREET, "extensions": hashed(hash_of(GREET))},
    ],
    ids=["apollo", "bare", "prefixed", "text", "text and id", "text and hash"],
)
async def test_a_listed_document_runs_however_it_is_named(
    http: httpx.AsyncClient, named: dict[str, Any]
) -> None:
    assert await ask(http, **named) == HELLO


async def test_its_variables_are_the_clients(http: httpx.AsyncClient) -> None:
    answer = await ask(http, documentId=hash_of(NODE), variables={"deep": True})
    assert answer == {"data": {"node": {"name": "a node", "child": {"name": "a node"}}}}


UNLISTED: dict[str, dict[str, Any]] = {
    "text": {"query": OTHER},
    "one blank more": {"query": f"{GREET} "},
    "no GraphQL": {"query": "{"},
    "a typename": {"query": "{ __typename }"},
    "the schema": {"query": SCHEMA},
    "id": {"documentId": hash_of(OTHER)},
    "hash": {"extensions": hashed(hash_of(OTHER))},
    "text and its hash": {"query": OTHER, "extensions": hashed(hash_of(OTHER))},
    "text and a listed hash": {"query": OTHER, "extensions": hashed(hash_of(GREET))},
    "hash and a listed text": {"query": GREET, "extensions": hashed(hash_of(OTHER))},
}


@pytest.mark.parametrize("name", UNLISTED)
async def test_whatever_is_not_listed_is_refused(http: httpx.AsyncClient, name: str) -> None:
    assert await ask(http, **UNLISTED[name]) == NOT_TRUSTED
    assert await ask(http, **UNLISTED[name]) == NOT_TRUSTED  # also when it was sent before


async def test_the_refusal_has_the_status_of_its_media_type(http: httpx.AsyncClient) -> None:
    for accept, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        answer = await http.post("/graphql", json={"query": OTHER}, headers={"accept": accept})
        assert (answer.status_code, answer.json()) == (status, NOT_TRUSTED)


async def test_an_id_beside_another_documents_text_is_a_bad_request(
    http: httpx.AsyncClient,
) -> None:
    told = error("BAD_REQUEST", "The id is that of another document than the query.")
    answer = await ask(http, query=NODE, extensions=hashed(hash_of(GREET)))
    assert answer == {"errors": [told]}


@pytest.mark.parametrize("made", [of_codegen, of_relay])
async def test_a_plain_map_may_have_ids_of_its_own(tmp_path: Path, made: Any) -> None:
    listed = made(GREET, NODE)
    async with client(trusted_documents=written(tmp_path / "map.json", listed)) as http:
        for name in (*listed, f"sha256:{hash_of(GREET)}"):
            answer = await ask(http, documentId=name)
            assert list(answer) == ["data"]
        [first, _] = listed
        assert await ask(http, extensions=hashed(first)) == HELLO
        assert await ask(http, documentId="f" * len(first)) == NOT_TRUSTED


async def test_a_folder_holds_a_manifest_of_each_release(tmp_path: Path) -> None:
    written(tmp_path / "web-1.json", of_apollo(GREET, NODE))
    written(tmp_path / "web-2.json", of_apollo(GREET, OTHER))
    written(tmp_path / "phone.json", of_relay(TICKS))
    written(tmp_path / "notes.txt", "none of them")
    async with client(trusted_documents=tmp_path) as http:
        for text in (GREET, NODE, OTHER):
            assert list(await ask(http, documentId=hash_of(text))) == ["data"]
        assert await ask(http, query=SCHEMA) == NOT_TRUSTED


async def test_the_schema_is_read_only_by_listed_documents(tmp_path: Path) -> None:
    listed = written(tmp_path / "map.json", of_codegen(SCHEMA))
    async with client(trusted_documents=listed, env="production") as http:
        answer = await ask(http, query=SCHEMA)
    assert answer == {"data": {"__schema": {"queryType": {"name": "Query"}}}}


async def test_no_page_is_served_that_asks_for_other_documents(manifest: Path) -> None:
    async with client(trusted_documents=manifest, graphiql=True) as http:
        page = await http.get("/graphql", headers={"accept": "text/html"})
        assert page.status_code == 406
        assert (await http.get("/graphiql/start.js")).status_code == 404


async def test_a_socket_runs_listed_documents_only(manifest: Path) -> None:
    with application(trusted_documents=manifest) as app:
        async with served(app) as address, talking(address) as talk:
            await talk.begin()
            for payload in ({"documentId": hash_of(TICKS)}, {"query": TICKS}):
                await talk.say(type="subscribe", id="t", payload=payload)
                assert (await talk.hear())["payload"] == {"data": {"ticks": {"number": 0}}}
                assert await talk.hear() == {"type": "complete", "id": "t"}
            await talk.subscribe("o", TICKS.replace("1", "2"))
            refused = await talk.hear()
            assert refused["type"] == "error"
            [told] = refused["payload"]
            assert told["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


BAD_MANIFESTS: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "{file}: this is no JSON"),
    "no object": ([GREET], "{file}: a manifest is a JSON object"),
    "empty": ({}, "{file}: it lists no document"),
    "no text": ({"a": 7}, "{file}: entry 1 (a) has no id, or no text"),
    "another format": (
        {"format": "x", "version": 1, "operations": []},
        "{file}: its format is not version 1 of apollo-persisted-query-manifest",
    ),
    "another version": (
        {**of_apollo(GREET), "version": 2},
        "{file}: its format is not version 1 of apollo-persisted-query-manifest",
    ),
    "no body": (
        {**of_apollo(), "operations": [{"id": "a", "body": GREET}, {"id": "b"}]},
        "{file}: entry 2 (b) has no id, or no text",
    ),
    "one id twice": (
        {**of_apollo(), "operations": [{"id": "a", "body": GREET}, {"id": "a", "body": OTHER}]},
        "{file}: a is the id of two documents",
    ),
    "no GraphQL": (
        {"a": "query Broken {"},
        "document a (query Broken {): Syntax Error: Expected Name, found <EOF>.",
    ),
    "another schema": (
        {"a": GREET, "b": "query Old { greets }"},
        (
            "document b (query Old { greets }): Cannot query field 'greets' on type 'Query'."
            " Did you mean 'greet'?"
        ),
    ),
    "two that are wrong": (
        {"a": "query A { a }", "b": GREET, "c": "query C { c }"},
        (
            "document a (query A { a }): Cannot query field 'a' on type 'Query'.\n"
            "document c (query C { c }): Cannot query field 'c' on type 'Query'."
        ),
    ),
    "too large": (
        {"a": "query Wide { " + "greet " * 21 + "}"},
        (
            "document a (query Wide { greet greet greet greet greet greet greet ...): "
            "An operation has at most 20 fields at the root."
        ),
    ),
    "not its hash": (
        {f"sha256:{hash_of(OTHER)}": GREET},
        (
            f"document sha256:{hash_of(OTHER)} (query Greet {{ greet }}): "
            "its id is not the SHA-256 of its text"
        ),
    ),
    "the hash of another": (
        {hash_of(OTHER): GREET, "b": OTHER},
        "document b (query Other { greet }): another document has the same id",
    ),
}


@pytest.mark.parametrize("name", BAD_MANIFESTS)
def test_a_bad_manifest_is_not_served(tmp_path: Path, name: str) -> None:
    value, message = BAD_MANIFESTS[name]
    file = written(tmp_path / "manifest.json", value)
    with pytest.raises(BadManifest) as refused, application(trusted_documents=file):
        pass
    assert str(refused.value) == message.replace("{file}", str(file))


def test_a_manifest_that_is_not_there_is_not_served(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "none.json", "No such file or directory"),
        (tmp_path, "the folder has no *.json"),
    ):
        with pytest.raises(BadManifest) as refused, application(trusted_documents=path):
            pass
        assert str(refused.value) == f"{path}: {reason}"
