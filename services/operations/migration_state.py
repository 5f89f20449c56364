"""The tables as they were at a migration, made only for steps that need them.

Tortoise makes a class of each table twice for each step of a migration: before it, which few steps
read, and after it, of which a step reads one. That takes most of the time of a new database.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from tortoise.fields.relational import (
    ForeignKeyFieldInstance,
    ManyToManyFieldInstance,
    OneToOneFieldInstance,
)
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

Key = tuple[str, str]
"""An app and the name of a model."""

Models = dict[Key, ModelState]

RELATIONS: Final = (ForeignKeyFieldInstance, OneToOneFieldInstance, ManyToManyFieldInstance)


class SingleTables(StateApps):
    """Makes the class of a table on demand, with those of the tables it refers to.

    Tables that refer to it are left out: the classes serve steps that change a table, and no
    queries.
    """

    def __init__(self, models: Models, connections: dict[str, str]) -> None:
        super().__init__(connections)
        self._models = models
        self._connected = connections

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        """As Tortoise's, for a class made in this call."""
        key = self.split_reference(app_label) if model_name is None else (app_label, model_name)
        reached = {each: self._models[each] for each in self._reached(key)}
        return _made(reached, self._connected).get_model(*key)

    def _reached(self, key: Key) -> list[Key]:
        """The table and all tables that it refers to, directly or indirectly."""
        reached = [key]
        for each in reached:
            there = (other for other in _referred(self._models[each]) if other in self._models)
            reached += [other for other in there if other not in reached]
        return reached


class LazyState(State):
    """Tortoise's state, whose classes are made on first use."""

    def __init__(self, models: Models, connections: dict[str, str]) -> None:
        super().__init__(models, SingleTables(models, connections))
        self._connected = connections

    def reload_model(self, app_label: str, model_name: str) -> None:
        """Does nothing: there are no classes to make again."""
        if (app_label, model_name) not in self.models:
            raise LookupError(f"Model state {app_label}.{model_name} is unknown")

    def reload_models(self, model_tuples: Iterable[Key]) -> None:
        """Does nothing, as above."""

    def validate_relations_initialized(self) -> None:
        """As Tortoise's, by the declarations.

        Raises:
            RuntimeError: a table refers to one that no migration has made.
        """
        for model in self.models.values():
            for key in _referred(model):
                if key not in self.models:
                    raise RuntimeError(f"{model.name} refers to {key[1]}, which was never made")

    def clone(self) -> "WholeState":
        """The same tables, independent of later changes of this state."""
        return WholeState(self.models, self._connected)


class WholeState(State):
    """The tables before a step that may query them: all are made."""

    def __init__(self, models: Models, connections: dict[str, str]) -> None:
        # The fields themselves are shared: migrations replace fields and change none.
        self.models = {
            key: replace(model, fields=dict(model.fields), options=dict(model.options))
            for key, model in models.items()
        }
        self._connected = connections
        self._made: StateApps | None = None

    @property
    def apps(self) -> StateApps:  # type: ignore[override]
        """The classes of all tables."""
        self._made = self._made or _made(self.models, self._connected)
        return self._made


def _made(models: Models, connections: dict[str, str]) -> StateApps:
    own = {key: model.clone() for key, model in models.items()}
    return StateApps(connections).clone(model_states=own)


def _referred(model: ModelState) -> list[Key]:
    found = []
    for field in model.fields.values():
        if isinstance(field, RELATIONS):
            app, _, name = str(field.model_name).partition(".")
            found.append((app, name))
    return found
