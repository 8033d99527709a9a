"""Every integration there is: those of the registry, and those that other packages bring.

The latter are looked for once, and not before somebody asks for them; see :mod:`mutagent.auto.entrypoints`.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from mutagent.auto.entrypoints import EntryPoint, find
from mutagent.guard import attempt, guarded
from mutagent.integrations import registry
from mutagent.integrations.spec import Integration


class Foreign:
    """An integration of another package, as far as it could be loaded."""

    __slots__ = ("entry", "integration", "problem")

    def __init__(self, entry: EntryPoint) -> None:
        self.entry = entry
        self.integration: Integration | None = None
        self.problem: str | None = None

    def loaded(self) -> Integration | None:
        """Its description; None where that can't be had, which ``problem`` explains."""
        if self.integration is None and self.problem is None:
            attempt(self, "load", self.load)
        return self.integration

    def load(self) -> None:
        """Import the description and see that it is one."""
        try:
            found = imported(self.entry.value)
        except SystemExit as error:
            raise ImportError(f"{self.entry.value} ends the process when it is imported") from error
        if not isinstance(found, Integration):
            raise TypeError(f"{self.entry.value} is a {type(found).__name__}, and no Integration")
        if found.name != self.entry.name:
            raise ValueError(f"{self.entry.value} calls itself {found.name!r}, and its entry point {self.entry.name!r}")
        self.integration = found

    def failed(self, step: str, error: Exception) -> None:
        """It can't be loaded; everything else can."""
        self.problem = f"{type(error).__name__}: {guarded('another package', str, error) or 'says nothing more'}"


_foreign: dict[str, Foreign] | None = None


def foreign() -> dict[str, Foreign]:
    """Those of other packages, by name. A name of ours is ours."""
    global _foreign
    if _foreign is None:
        found = guarded("entry points", find) or {}
        _foreign = {name: Foreign(entry) for name, entry in found.items() if name not in registry.INTEGRATIONS}
    return _foreign


def names() -> list[str]:
    """All names, ours first."""
    return [*registry.INTEGRATIONS, *foreign()]


def names_so_far() -> list[str]:
    """Ours, and those of other packages if they have been looked for."""
    return [*registry.INTEGRATIONS, *(_foreign or ())]


def load(name: str) -> Integration:
    """The description of one integration.

    Raises:
        ValueError: where there is none of that name.
        ImportError: where another package brings it, and it can't be loaded.
    """
    row = registry.INTEGRATIONS.get(name)
    if row is not None:
        return cast("Integration", imported(row.spec))
    other = foreign().get(name)
    if other is None:
        raise ValueError(f"no integration {name!r}; there are: {', '.join(names())}.")
    found = other.loaded()
    if found is None:
        raise ImportError(f"the integration {name!r} of {other.entry.package} can't be loaded: {other.problem}")
    return found


def imported(place: str) -> object:
    """What stands at ``package.module:NAME``."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def roots(name: str) -> tuple[str, ...]:
    """The modules whose import means that the integration's library is used.

    Of another package's these are the packages in which its pieces stand. Of a name that nobody knows it is the name.
    """
    row = registry.INTEGRATIONS.get(name)
    if row is not None:
        return row.roots
    other = foreign().get(name)
    if other is None:
        return (name,)
    found = other.loaded()
    return (
        ()
        if found is None
        else tuple(dict.fromkeys(guarded(module, _package_of, module) or module for module in found.modules))
    )


def _package_of(module: str) -> str:
    """The outermost package whose import can be seen: that of a namespace package can't."""
    from importlib.util import find_spec

    names = module.split(".")
    spec = find_spec(names[0])
    depth = 2 if spec is not None and spec.origin is None else 1
    return ".".join(names[:depth])


def package(name: str) -> str | None:
    """The package that brings an integration, with its version; None for ours."""
    other = None if name in registry.INTEGRATIONS else foreign().get(name)
    return None if other is None else other.entry.package


def problem(name: str) -> str | None:
    """Why an integration of another package can't be loaded; None where it can."""
    other = None if name in registry.INTEGRATIONS else foreign().get(name)
    if other is not None:
        other.loaded()
    return None if other is None else other.problem
