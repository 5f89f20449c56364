"""The settings as an operator sees them: with their sources and without secrets."""

from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from graph.server.settings import PREFIX, Settings

OF_TESTS: Final = "ORDERGRAPH_TEST_"


def unknown() -> list[str]:
    """Variables with our prefix that are no setting, such as misspelled ones."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return sorted(
        name for name in _origins() if name not in known and not name.startswith(OF_TESTS)
    )


def _origins() -> dict[str, str]:
    """The source of each variable that is set."""
    sources = (
        (".env", DotEnvSettingsSource(Settings)),
        ("environment", EnvSettingsSource(Settings)),
    )
    return {
        name.upper(): origin
        for origin, source in sources
        for name, value in source.env_vars.items()
        if name.upper().startswith(PREFIX) and value
    }


def listed(settings: Settings) -> list[tuple[str, str, str]]:
    """Each variable with its value, secrets hidden, and its source."""
    origins = _origins()
    rows = []
    for field in Settings.model_fields:
        name = f"{PREFIX}{field.upper()}"
        rows.append((name, _shown(getattr(settings, field)), origins.get(name, "default")))
    return rows


def _shown(value: Any) -> str:
    match value:
        case None:
            return "-"
        case SecretStr() if "://" in value.get_secret_value():
            return without_password(value.get_secret_value())
        case SecretStr():
            return "***"
        case tuple():
            return ", ".join(value) or "-"
        case _:
            return str(value)


def without_password(url: str) -> str:
    """The URL without its password and its options."""
    parts = urlsplit(url)
    user = f"{parts.username}:***@" if parts.password else f"{parts.username or ''}@"
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{user if '@' in parts.netloc else ''}{host}"
    return urlunsplit((parts.scheme, netloc, parts.path, "", ""))
