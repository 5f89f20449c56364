"""The tables as they were at a migration, made only where somebody asks for them.

Tortoise makes a class of every table twice for each step of a migration: as they were before it,
which few steps look at, and as they are after it. That takes most of the time that a new database
needs.
"""

from collections.abc import Iterable
from dataclasses import replace

from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps

Key = tuple[str, str]
"""An app and the name of a model."""


class LazyState(State):
    """Tortoise's state, of which the classes are made when they are first asked for."""

    def __init__(
        self, models: dict[Key, ModelState], apps: StateApps, *, made: bool = True
    ) -> None:
        self.models = models
        self._apps = apps
        self._made = made
        self._changed: set[Key] = set()

    @property
    def apps(self) -> StateApps:  # type: ignore[override]
        """The classes of the tables as they are now."""
        if not self._made:
            self._made = True
            own = {key: model.clone() for key, model in self.models.items()}
            self._apps = self._apps.clone(model_states=own)
        if self._changed:
            changed, self._changed = self._changed, set()
            super().reload_models(changed)
        return self._apps

    def reload_model(self, app_label: str, model_name: str) -> None:
        """As Tortoise's, but later."""
        if (app_label, model_name) not in self.models:
            raise LookupError(f"Model state {app_label}.{model_name} is unknown")
        self._changed.add((app_label, model_name))

    def reload_models(self, model_tuples: Iterable[Key]) -> None:
        """As Tortoise's, but later."""
        self._changed.update(model_tuples)

    def validate_relations_initialized(self) -> None:
        """As Tortoise's; of classes that are not made yet nothing can be wrong."""
        if not self._changed:
            super().validate_relations_initialized()

    def clone(self) -> "LazyState":
        """The same tables, on which later changes of this state have no effect."""
        # The fields themselves are shared: a migration replaces them, and changes none.
        models = {
            key: replace(model, fields=dict(model.fields), options=dict(model.options))
            for key, model in self.models.items()
        }
        return LazyState(models, self._apps, made=False)
