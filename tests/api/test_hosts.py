"""A server answers as the hosts that it was told of; all else is refused, and leaves one line."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest

from tests.support.serving import application, client, served, talking

QUERY: Final = b'{"query":"{greet}"}'
REFUSED: Final = (
    "This server does not answer as this host; ORDERGRAPH_ALLOWED_HOSTS lists those that it does."
)
NOT_ONE: Final = "A request has one Host header."


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@asynccontextmanager
async def address_of(**settings: Any) -> AsyncIterator[str]:
    with application(**{"allowed_hosts": "", **settings}) as app:
        async with served(app) as where:
            yield where


async def raw(address: str, sent: bytes) -> bytes:
    """Everything that the server answers until it ends the connection."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


def request(*hosts: str, target: str = "/graphql", version: str = "1.1") -> bytes:
    lines = [
        f"POST {target} HTTP/{version}",
        *(f"host: {host}" for host in hosts),
        "content-type: application/json",
        "connection: close",
        f"content-length: {len(QUERY)}",
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + QUERY


async def status(address: str, sent: bytes) -> int:
    return int((await raw(address, sent)).split(b" ", 2)[1])


ANSWERED: Final = [
    "localhost",
    "localhost:8000",
    "LocalHost",
    "localhost.",
    "localhost.:1",
    "127.0.0.1",
    "127.0.0.1:65535",
    "[::1]",
    "[::1]:8000",
    "[0:0:0:0:0:0:0:1]",
    "shop.example",
    "SHOP.example:443",
    "[2001:db8::7]",
]
OTHERS: Final = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "evil.localhost",
    "127.0.0.2",
    "127.0.0.1.evil",
    "0x7f.1",
    "[::2]",
    "::1",
    "[::1%25eth0]",
    "[::1",
    "localhost:80:80",
    "localhost:http",
    "user@localhost",
    "localhost@evil.example",
    "localhost, evil.example",
    "localhost/",
    "localhost evil.example",
    "",
    ".",
    "xn--n1aaa.example",
    "\xfcber.example",
]


@pytest.mark.parametrize("host", ANSWERED)
async def test_a_host_of_the_setting_is_answered_in_any_form(host: str) -> None:
    async with address_of(allowed_hosts="shop.example, [2001:DB8::7]") as at:
        assert await status(at, request(host)) == 200


@pytest.mark.parametrize("host", OTHERS)
async def test_any_other_host_is_misdirected(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with address_of(allowed_hosts="shop.example") as at:
        answer = await raw(at, request(host))
    assert answer.startswith(b"HTTP/1.1 421 Misdirected Request\r\n")
    (line,) = logged(capsys)
    assert (line["event"], line["setting"]) == ("host refused", "ORDERGRAPH_ALLOWED_HOSTS")
    extensions = {
        "code": "BAD_REQUEST",
        "retryable": False,
        "correlationId": line["correlation_id"],
    }
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert body == {"errors": [{"message": REFUSED, "extensions": extensions}]}


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("hosts", [(), ("localhost", "localhost"), ("localhost", "evil.example")])
async def test_a_request_has_one_host(hosts: tuple[str, ...], version: str) -> None:
    async with address_of() as at:
        answer = await raw(at, request(*hosts, version=version))
    assert answer.split(b" ", 2)[1] == b"400"
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["message"] == NOT_ONE


@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        ("http://localhost/graphql", "localhost", 200),
        ("http://localhost:8000/graphql", "evil.example", 200),
        ("http://evil.example/graphql", "localhost", 421),
        ("http://localhost@evil.example/graphql", "localhost", 421),
        ("HTTP://evil.example/graphql?x=://localhost/", "localhost", 421),
        ("http://evil.example/healthz", "localhost", 405),
    ],
)
async def test_the_target_of_a_request_says_the_host_where_it_is_a_url(
    target: str, host: str, expected: int
) -> None:
    async with address_of() as at:
        assert await status(at, request(host, target=target)) == expected


async def test_a_forwarded_host_is_nothing_to_go_by() -> None:
    async with client() as http:
        for host, expected in (("evil.example", 421), ("testserver", 200)):
            answer = await http.post(
                "/graphql",
                json={"query": "{ greet }"},
                headers={"host": host, "x-forwarded-host": "testserver", "forwarded": "host=h"},
            )
            assert answer.status_code == expected


async def test_a_rebound_page_opens_no_socket(capsys: pytest.CaptureFixture[str]) -> None:
    async with address_of() as at:
        port = at.partition(":")[2]
        rebound = {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"}
        sent = {
            "connection": "upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "sec-websocket-protocol": "graphql-transport-ws",
            **rebound,
        }
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"http://{at}/graphql", headers=sent)
        assert answer.status_code == 421
        assert answer.json()["errors"][0]["message"] == REFUSED
        async with talking(at, origin=f"http://{at}") as talk:
            await talk.begin()
    (line,) = [each for each in logged(capsys) if each["level"] == "warning"]
    assert (line["event"], line["host"]) == ("host refused", f"evil.example:{port}")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_an_orchestrator_asks_by_any_address(path: str) -> None:
    async with client() as http:
        answer = await http.get(path, headers={"host": "10.1.2.3:8000"})
        assert answer.status_code in {200, 503}
        for other in ("/graphiql/page.css", "/nowhere", f"{path}/", f"/{path}"):
            assert (await http.get(other, headers={"host": "10.1.2.3"})).status_code == 421


async def test_the_address_that_is_listened_at_is_answered_in_development() -> None:
    async with client(host="10.1.2.3", allowed_hosts="") as http:
        for host, expected in (("10.1.2.3:8000", 200), ("localhost", 200), ("10.1.2.4", 421)):
            answer = await http.post(
                "/graphql", json={"query": "{ greet }"}, headers={"host": host}
            )
            assert answer.status_code == expected


async def test_production_answers_as_what_is_set_and_nothing_else() -> None:
    async with client(env="production", host="10.1.2.3", allowed_hosts="shop.example") as http:
        for host, expected in (("shop.example", 200), ("localhost", 421), ("10.1.2.3", 421)):
            answer = await http.post(
                "/graphql", json={"query": "{ greet }"}, headers={"host": host}
            )
            assert answer.status_code == expected


MALFORMED: Final = {
    "no line": b"nonsense\r\n\r\n",
    "no target": b"GET\r\n\r\n",
    "other version": b"GET / HTTP/9.9\r\n\r\n",
    "version 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no host in a URL": b"GET http:///x HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "no scheme": b"GET ://localhost/ HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "no path": b"GET graphql HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a URL without a path": b"GET http://localhost HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a port beyond all": b"GET http://localhost:99999/ HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a tunnel": b"CONNECT localhost:443 HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a blank in a name": b"GET / HTTP/1.1\r\nx y: localhost\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nhost: local\x00host\r\n\r\n",
    "two lengths": (
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"
    ),
    "no length": b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n",
    "a chunk of no size": (
        b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"
    ),
}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_a_malformed_request_leaves_one_line(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with address_of() as at:
        answer = await raw(at, MALFORMED[kind])
    assert answer.split(b" ", 2)[1] in {b"400", b"404"}
    lines = [line for line in logged(capsys) if line["event"] != "request"]
    assert [line["event"] for line in lines] == ["request refused"]
    assert "exception" not in lines[0]
