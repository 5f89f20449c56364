"""What an operator sets: read, checked and shown, and never a secret among it."""

import re
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from graph.server.secret import stored_secret
from graph.server.settings import BadSettings, Settings, load
from graph.server.settings_shown import listed, unknown, without_password
from models.rules.delays import USUAL, Stage
from tests.support.repository import ROOT

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` but the test's, and no variable but those that it sets."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ORDERGRAPH_{name.upper()}", raising=False)


def test_nothing_needs_to_be_set_for_development(tmp_path: Path) -> None:
    settings = load()
    assert settings.database_url.get_secret_value() == f"sqlite://{tmp_path}/var/ordergraph.sqlite3"
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert (settings.open_schema, settings.serves_graphiql, settings.logs_json) == (
        True,
        True,
        False,
    )
    assert settings.policy.currency == "EUR"


def test_the_limits_are_those_that_are_promised() -> None:
    settings = load()
    limits = settings.document_limits
    assert (limits.tokens, limits.depth, limits.introspection_depth) == (2_000, 15, 20)
    assert (limits.aliases, limits.root_fields, limits.directives) == (30, 20, 50)
    assert (settings.max_body_bytes, settings.max_json_depth) == (1024 * 1024, 32)
    assert (settings.run_seconds, settings.receive_seconds) == (10, 10)
    assert (settings.max_frame_bytes, settings.max_socket_operations) == (256 * 1024, 50)
    assert (settings.socket_init_seconds, settings.socket_send_seconds) == (5, 10)


def test_deadlines_are_hours_and_0_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().policy.deadlines == USUAL
    monkeypatch.setenv("ORDERGRAPH_PREPARE_WITHIN_HOURS", "0.5")
    monkeypatch.setenv("ORDERGRAPH_SHIP_WITHIN_HOURS", "0")
    changed = {Stage.PREPARE: timedelta(minutes=30), Stage.SHIP: timedelta()}
    assert load().policy.deadlines == {**USUAL, **changed}


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("ORDERGRAPH_PORT=9001\nORDERGRAPH_HOST=0.0.0.0\n")
    monkeypatch.setenv("ORDERGRAPH_PORT", "9002")
    settings = load()
    assert (settings.port, settings.host) == (9002, "0.0.0.0")  # noqa: S104 - it is only read
    shown = {name: (value, origin) for name, value, origin in listed(settings)}
    assert shown["ORDERGRAPH_PORT"] == ("9002", "environment")
    assert shown["ORDERGRAPH_HOST"] == ("0.0.0.0", ".env")  # noqa: S104 - as above
    assert shown["ORDERGRAPH_WORKERS"] == ("1", "default")


WRONG = {
    "env": ("staging", "Input should be 'development' or 'production'"),
    "port": ("0", "Input should be greater than or equal to 1"),
    "workers": ("many", "Input should be a valid integer, unable to parse string as an integer"),
    "database_url": (
        "oracle://u:hunter2@h/db",
        "oracle:// is not one of sqlite://, postgres://, postgresql://, mysql://, mariadb://",
    ),
    "redis_url": ("http://h", "a Redis URL begins with redis://, rediss:// or unix://"),
    "secret": ("hunter2", "a secret has at least 32 characters"),
    "currency": ("EURO", "a currency is a code of ISO 4217, such as EUR"),
    "time_zone": ("Europe/Atlantis", "a time zone is a name such as Europe/Berlin"),
    "order_number_pattern": (
        "SO-{yyyy}",
        "SO-{yyyy}: a pattern has one {seq:digits}, such as {seq:6}",
    ),
    "invoice_number_pattern": (
        "{order}-{seq:1}",
        "{order}-{seq:1}: only shipments and returns are counted in their {order}",
    ),
    "return_number_pattern": (
        "{order}{seq:1}",
        "{order}{seq:1}: a count stands apart, as in {channel}-{seq:6}",
    ),
    "ledger_accounts": (
        "revenue=8400, profit=1",
        (
            "profit=1: known are receivables, revenue, shipping, tax, cash, cash:METHOD and "
            "tax:RATE, as in revenue=8400"
        ),
    ),
    "allowed_hosts": (
        "shop.example, https://shop.example",
        "a host is such as shop.example, without scheme and port; several have commas",
    ),
    "allowed_origins": (
        "https://a.example, *",
        "an origin is such as https://shop.example; several have commas",
    ),
    "ship_within_hours": ("-1", "Input should be greater than or equal to 0"),
    "max_depth": ("51", "Input should be less than or equal to 50"),
    "run_seconds": ("0", "Input should be greater than 0"),
    "log_level": ("loud", "Input should be 'debug', 'info', 'warning' or 'error'"),
}


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_value_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    value, message = WRONG[field]
    monkeypatch.setenv(f"ORDERGRAPH_{field.upper()}", value)
    with pytest.raises(BadSettings) as refused:
        load()
    assert str(refused.value) == f"ORDERGRAPH_{field.upper()}: {message}"


@pytest.mark.parametrize(
    "url",
    ["postgres://u:hun/ter2@h/db", "postgres://u:hunter2@h:port/db", "mysql://u:hunter2@[h/db"],
)
def test_a_broken_url_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ORDERGRAPH_DATABASE_URL", url)
    with pytest.raises(BadSettings) as refused:
        load()
    assert "ORDERGRAPH_DATABASE_URL: " in str(refused.value)
    assert "ter2" not in str(refused.value)


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERGRAPH_PORT", "x")
    monkeypatch.setenv("ORDERGRAPH_CURRENCY", "x")
    with pytest.raises(BadSettings) as refused:
        load()
    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == [
        "ORDERGRAPH_CURRENCY",
        "ORDERGRAPH_PORT",
    ]


@pytest.mark.parametrize(
    ("host", "allowed", "starts"),
    [
        ("127.0.0.1", "", True),
        ("::1", "", True),
        ("localhost", "", True),
        ("0.0.0.0", "", False),  # noqa: S104 - nothing listens here
        ("::", "", False),
        ("10.0.0.7", "", False),
        ("0.0.0.0", "shop.example", True),  # noqa: S104 - as above
    ],
)
def test_production_on_a_network_needs_the_hosts_that_it_answers_as(
    monkeypatch: pytest.MonkeyPatch, host: str, allowed: str, *, starts: bool
) -> None:
    monkeypatch.setenv("ORDERGRAPH_ENV", "production")
    monkeypatch.setenv("ORDERGRAPH_SECRET", SECRET)
    monkeypatch.setenv("ORDERGRAPH_HOST", host)
    monkeypatch.setenv("ORDERGRAPH_ALLOWED_HOSTS", allowed)
    if starts:
        local = ("localhost", "127.0.0.1", "[::1]", "[::1]" if ":" in host else host)
        assert load().served_hosts == ((allowed,) if allowed else local)
    else:
        with pytest.raises(BadSettings) as refused:
            load()
        assert str(refused.value) == (
            f"production on {host} needs ORDERGRAPH_ALLOWED_HOSTS: the names that clients ask for, "
            "such as shop.example"
        )


@pytest.mark.parametrize("host", ["shop.example:443", "*", "a b", "[::1", "[::g]", "user@h", "."])
def test_what_is_no_host_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("ORDERGRAPH_ALLOWED_HOSTS", host)
    with pytest.raises(BadSettings, match="ORDERGRAPH_ALLOWED_HOSTS: a host is such as"):
        load()


def test_production_does_not_start_without_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERGRAPH_ENV", "production")
    monkeypatch.setenv("ORDERGRAPH_SECRET", "")  # empty is as if it were not set
    with pytest.raises(BadSettings, match="production needs ORDERGRAPH_SECRET"):
        load()
    monkeypatch.setenv("ORDERGRAPH_SECRET", SECRET)
    settings = load()
    assert settings.secret_bytes == SECRET.encode()
    assert (settings.open_schema, settings.serves_graphiql, settings.logs_json) == (
        False,
        False,
        True,
    )
    assert not Path("var").exists()


def test_development_makes_a_secret_once_that_only_its_owner_reads(tmp_path: Path) -> None:
    first = load().secret_bytes
    assert len(first) >= 48
    assert load().secret_bytes == first
    file = tmp_path / "var" / "ordergraph.secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["ordergraph.secret"]


def test_processes_that_start_together_agree_on_the_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(lambda _: stored_secret(tmp_path / "folder" / "secret"), range(64)))
    assert len(secrets) == 1


def test_a_misspelled_variable_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("ORDERGRAPH_PROT=1\nOTHER=1\nORDERGRAPH_PORT=1\n")
    monkeypatch.setenv("ORDERGRAPH_MAX_DEEPNESS", "1")
    monkeypatch.setenv("ORDERGRAPH_TEST_REDIS_URL", "redis://h")  # for tests, which are not served
    assert unknown() == ["ORDERGRAPH_MAX_DEEPNESS", "ORDERGRAPH_PROT"]


def test_no_secret_is_ever_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERGRAPH_SECRET", SECRET)
    monkeypatch.setenv("ORDERGRAPH_DATABASE_URL", "postgres://me:hunter2@h:1/db?password=hunter2")
    monkeypatch.setenv("ORDERGRAPH_REDIS_URL", "redis://:hunter2@h/0")
    settings = load()
    text = f"{settings!r} {settings} {settings.model_dump()} {listed(settings)}"
    assert "hunter2" not in text
    assert SECRET not in text
    shown = {name: value for name, value, _ in listed(settings)}
    assert shown["ORDERGRAPH_DATABASE_URL"] == "postgres://me:***@h:1/db"
    assert shown["ORDERGRAPH_REDIS_URL"] == "redis://:***@h/0"
    assert shown["ORDERGRAPH_SECRET"] == "***"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///var/x.sqlite3", "sqlite:///var/x.sqlite3"),
        ("postgres://h/db", "postgres://h/db"),
        ("postgres://me@h/db", "postgres://me@h/db"),
        ("postgres://me:a%40b@h:5/db", "postgres://me:***@h:5/db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_every_setting_stands_in_the_papers_with_its_default() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    written = dict(re.findall(r"^\| `(ORDERGRAPH_[A-Z_]+)` \| (.+?) \|", page, re.MULTILINE))
    assert list(written) == [name for name, _, _ in sorted(listed(load()), key=_place(page))]
    for field, info in Settings.model_fields.items():
        default = written[f"ORDERGRAPH_{field.upper()}"]
        if default.startswith("`"):
            assert default == f"`{info.default}`"
        else:
            assert info.default in {None, ()} or info.default_factory


def _place(page: str) -> Callable[[tuple[str, str, str]], int]:
    return lambda row: page.find(f"`{row[0]}`")
