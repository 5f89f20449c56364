"""Lets Tortoise's own command compare the models with the migrations: `make migration`."""

from typing import Any, Final

from services.storage.database import configuration

# Nothing is read there: the migrations say what a database is like.
CONFIGURATION: Final[dict[str, Any]] = configuration("sqlite:///nowhere", 1)
