"""The operator's settings: read once from the environment and `.env`, checked, passed down."""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    SettingsConfigDict,
)

from graph.execution.documents.limits import Limits
from graph.server import hosts
from graph.server.origins import Origins
from graph.server.secret import stored_secret
from models.rules import money
from models.rules.delays import Stage
from models.rules.freight import GOODS, freight_rule
from models.rules.ledger import Accounts
from models.rules.money import Rounding
from models.rules.numbering import BadPattern, NumberKind, Pattern
from services.storage.database import WAIT_SECONDS, UnusableDatabaseUrl, credentials
from services.work.policy import Policy
from subscriptions.feed.settings import StreamSettings

PREFIX: Final = "ORDERGRAPH_"
MIN_SECRET: Final = 32

Seconds = Annotated[float, Field(gt=0, le=600)]
Hours = Annotated[float, Field(ge=0, le=8_784)]
"""At most a year; 0 switches a deadline off."""


class BadSettings(ValueError):
    """Unusable settings; the text names each variable."""


class Settings(BaseSettings):
    """Each field is the variable `ORDERGRAPH_` + its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    env: Literal["development", "production"] = "development"
    database_url: SecretStr = Field(
        default_factory=lambda: SecretStr(f"sqlite://{Path('var/ordergraph.sqlite3').absolute()}")
    )
    database_pool_size: int = Field(default=10, ge=1, le=500)
    database_wait_seconds: Seconds = WAIT_SECONDS
    redis_url: SecretStr | None = None
    secret: SecretStr | None = None

    currency: str = "EUR"
    rounding: Rounding = Rounding.HALF_UP
    freight_tax: str = GOODS
    time_zone: str = "UTC"
    order_number_pattern: str = "SO-{channel}-{yyyy}{mm}-{seq:6}"
    shipment_number_pattern: str = "{order}-{seq:1}"
    return_number_pattern: str = "{order}-R{seq:1}"
    invoice_number_pattern: str = "INV-{yyyy}-{seq:6}"
    confirm_within_hours: Hours = 24.0
    prepare_within_hours: Hours = 48.0
    ship_within_hours: Hours = 48.0
    deliver_within_hours: Hours = 168.0
    delay_poll_seconds: Seconds = 15.0
    ledger_accounts: Annotated[tuple[str, ...], NoDecode] = ()
    max_order_lines: int = Field(default=2_000, ge=1, le=10_000)
    max_addresses: int = Field(default=50, ge=1, le=1_000)
    max_parcels: int = Field(default=100, ge=1, le=1_000)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65_535)
    workers: int = Field(default=1, ge=1, le=64)
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    introspection: bool | None = None
    graphiql: bool | None = None
    trusted_documents: Path | None = None
    compression: bool = True
    compression_min_bytes: int = Field(default=1_400, ge=0, le=64 * 1024 * 1024)
    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    max_requests: int = Field(default=500, ge=1, le=100_000)
    max_header_bytes: int = Field(default=64 * 1024, ge=1_024, le=1024 * 1024)
    max_headers: int = Field(default=100, ge=10, le=1_000)
    max_body_bytes: int = Field(default=1024 * 1024, ge=1_024, le=64 * 1024 * 1024)
    max_json_depth: int = Field(default=32, ge=4, le=200)
    max_document_characters: int = Field(default=100_000, ge=1_000, le=1_000_000)
    max_tokens: int = Field(default=2_000, ge=100, le=20_000)
    max_depth: int = Field(default=15, ge=3, le=50)
    max_introspection_depth: int = Field(default=20, ge=3, le=50)
    max_aliases: int = Field(default=30, ge=0, le=1_000)
    max_root_fields: int = Field(default=20, ge=1, le=1_000)
    max_directives: int = Field(default=50, ge=0, le=1_000)
    max_cost: int = Field(default=20_000, ge=100, le=100_000_000)
    max_run_cost: int = Field(default=60_000, ge=100, le=100_000_000)
    max_input_elements: int = Field(default=3_000, ge=100, le=100_000)
    max_filter_conditions: int = Field(default=100, ge=10, le=1_000)
    max_answer_bytes: int = Field(default=16 * 1024 * 1024, ge=1_024, le=1024 * 1024 * 1024)
    executor: Literal["breadth-first", "reference"] = "breadth-first"
    document_cache_size: int = Field(default=1_000, ge=1, le=100_000)
    persisted_queries: int = Field(default=1_000, ge=0, le=100_000)
    receive_seconds: Seconds = 10.0
    run_seconds: Seconds = 10.0

    max_frame_bytes: int = Field(default=256 * 1024, ge=1_024, le=16 * 1024 * 1024)
    max_sockets: int = Field(default=10_000, ge=1, le=1_000_000)
    max_socket_operations: int = Field(default=50, ge=1, le=1_000)
    socket_init_seconds: Seconds = 5.0
    socket_send_seconds: Seconds = 10.0
    socket_ping_seconds: Seconds = 20.0
    shutdown_seconds: int = Field(default=8, ge=1, le=600)

    feed_poll_seconds: float = Field(default=0.25, ge=0.01, le=1)
    feed_lease_seconds: Seconds = 10.0
    stream_heartbeat_seconds: Seconds = 15.0
    stream_queue_size: int = Field(default=1_000, ge=10, le=100_000)
    stream_replay_days: int = Field(default=30, ge=1, le=3_650)

    @field_validator("database_url")
    @classmethod
    def _reachable(cls, url: SecretStr) -> SecretStr:
        try:
            credentials(url.get_secret_value())
        except UnusableDatabaseUrl:
            raise
        except ValueError:  # its text would contain part of the URL, perhaps the password
            raise ValueError("this is no URL; is a character of the password unquoted?") from None
        return url

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not re.match(r"(rediss?|unix)://", url.get_secret_value()):
            raise ValueError("a Redis URL begins with redis://, rediss:// or unix://")
        return url

    @field_validator("secret")
    @classmethod
    def _long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and len(secret.get_secret_value()) < MIN_SECRET:
            raise ValueError(f"a secret has at least {MIN_SECRET} characters")
        return secret

    @field_validator("freight_tax")
    @classmethod
    def _freight_tax(cls, text: str) -> str:
        return freight_rule(text.strip())

    @field_validator("currency")
    @classmethod
    def _currency(cls, code: str) -> str:
        try:
            money.exponent(code)
        except money.UnknownCurrency:
            raise ValueError("a currency is a code of ISO 4217, such as EUR") from None
        return code

    @field_validator("time_zone")
    @classmethod
    def _time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("a time zone is a name such as Europe/Berlin") from None
        return name

    @field_validator(*(f"{kind}_number_pattern" for kind in NumberKind))
    @classmethod
    def _pattern(cls, text: str, info: ValidationInfo) -> str:
        kind = NumberKind((info.field_name or "").removesuffix("_number_pattern"))
        try:
            Pattern.of(kind, text)
        except BadPattern as error:
            raise ValueError(str(error)) from None
        return text

    @field_validator("allowed_hosts", "allowed_origins", "ledger_accounts", mode="before")
    @classmethod
    def _listed(cls, text: Any) -> Any:
        if isinstance(text, str):
            return tuple(part.strip() for part in text.split(",") if part.strip())
        return text

    @field_validator("ledger_accounts")
    @classmethod
    def _accounts(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        Accounts.parse(texts)
        return texts

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, listed: tuple[str, ...]) -> tuple[str, ...]:
        for host in listed:
            if hosts.host_of(host) is None or re.search(r"(^|[^:\]]):\d*$", host):
                raise ValueError(
                    "a host is such as shop.example, without scheme and port; several have commas"
                )
        return listed

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, listed: tuple[str, ...]) -> tuple[str, ...]:
        origins = tuple(origin.rstrip("/") for origin in listed)
        for origin in origins:
            if not re.fullmatch(r"https?://[^/\s*]+", origin):
                raise ValueError("an origin is such as https://shop.example; several have commas")
        return origins

    @model_validator(mode="after")
    def _of_production(self) -> "Settings":
        if self.production and self.secret is None:
            raise ValueError("production needs ORDERGRAPH_SECRET: 32 random characters or more")
        if self.production and not self.allowed_hosts and not self._is_local:
            raise ValueError(
                f"production on {self.host} needs {hosts.SETTING}: the names that clients ask for, "
                "such as shop.example"
            )
        return self

    @property
    def _is_local(self) -> bool:
        """Whether only this machine can connect."""
        return hosts.bracketed(self.host) in hosts.LOOPBACK

    @property
    def served_hosts(self) -> tuple[str, ...]:
        """The hosts that are served: those of the setting, in development this machine's too."""
        if self.production and self.allowed_hosts:
            return self.allowed_hosts
        return (*hosts.LOOPBACK, hosts.bracketed(self.host), *self.allowed_hosts)

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def origins(self) -> Origins:
        """The origins whose pages may send requests; in development this machine's too."""
        return Origins(self.allowed_origins, local=not self.production)

    @property
    def open_schema(self) -> bool:
        """Whether clients may read the schema and get suggestions."""
        return not self.production if self.introspection is None else self.introspection

    @property
    def serves_graphiql(self) -> bool:
        """Whether browsers get GraphiQL; its own queries are not among trusted documents."""
        if self.trusted_documents:
            return False
        return not self.production if self.graphiql is None else self.graphiql

    @property
    def logs_json(self) -> bool:
        return self.log_format == "json" or (self.log_format == "auto" and self.production)

    @property
    def policy(self) -> Policy:
        """The policy that use cases follow."""
        return Policy(
            currency=self.currency,
            rounding=self.rounding,
            freight_tax=self.freight_tax,
            time_zone=self.time_zone,
            order_number_pattern=self.order_number_pattern,
            shipment_number_pattern=self.shipment_number_pattern,
            return_number_pattern=self.return_number_pattern,
            invoice_number_pattern=self.invoice_number_pattern,
            deadlines={
                Stage.CONFIRM: timedelta(hours=self.confirm_within_hours),
                Stage.PREPARE: timedelta(hours=self.prepare_within_hours),
                Stage.SHIP: timedelta(hours=self.ship_within_hours),
                Stage.DELIVER: timedelta(hours=self.deliver_within_hours),
            },
            accounts=Accounts.parse(self.ledger_accounts),
            max_order_lines=self.max_order_lines,
            max_addresses=self.max_addresses,
            max_parcels=self.max_parcels,
        )

    @property
    def document_limits(self) -> Limits:
        """The limits of documents and operations."""
        return Limits(
            characters=self.max_document_characters,
            tokens=self.max_tokens,
            depth=self.max_depth,
            introspection_depth=self.max_introspection_depth,
            aliases=self.max_aliases,
            root_fields=self.max_root_fields,
            directives=self.max_directives,
            cost=self.max_cost,
            run_cost=self.max_run_cost,
            input_elements=self.max_input_elements,
            filter_conditions=self.max_filter_conditions,
            answer_bytes=self.max_answer_bytes,
            run_seconds=self.run_seconds,
        )

    @property
    def streams(self) -> StreamSettings:
        """The settings of streams."""
        return StreamSettings(
            poll_seconds=self.feed_poll_seconds,
            lease_seconds=self.feed_lease_seconds,
            heartbeat_seconds=self.stream_heartbeat_seconds,
            queue_size=self.stream_queue_size,
            replay_days=self.stream_replay_days,
        )

    @cached_property
    def secret_bytes(self) -> bytes:
        """The key of cursors and tokens; in development it is made once and stored in a file."""
        if self.secret:
            return self.secret.get_secret_value().encode()
        return stored_secret(self._secret_file())

    def _secret_file(self) -> Path:
        parts = urlsplit(self.database_url.get_secret_value())
        if parts.scheme == "sqlite":
            return Path(unquote(parts.path)).parent / "ordergraph.secret"
        return Path("var/ordergraph.secret").absolute()


def load() -> Settings:
    """The settings of this process.

    Raises:
        BadSettings: a value is unusable, or a required one is missing.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise BadSettings("\n".join(_complaint(each) for each in error.errors())) from None
    except UnicodeDecodeError:
        raise BadSettings(".env: this is no UTF-8 text") from None


def override(**options: Any) -> None:
    """Sets these before the environment, for this process and those that it starts."""
    for name, value in options.items():
        if value is not None:
            os.environ[f"{PREFIX}{name.upper()}"] = str(value)


def _complaint(error: Mapping[str, Any]) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    return f"{PREFIX}{str(error['loc'][0]).upper()}: {message}"
