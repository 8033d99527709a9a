"""Runs in a child of the doctor: import one library with auto mode on, all of it, and say how each target fared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from mutagent import guard
from mutagent.auto import activation, catalogue, patches
from mutagent.auto.report import TargetStatus
from mutagent.doctor.layers import Layers, layers_at
from mutagent.integrations import registry
from mutagent.integrations.spec import Alias, Dispatch, Install, Integration, Manager, Piece, Session, Target

Answer = Callable[..., None]
_MOST_TEXT = 300


class Importing:
    """Imports modules; keeps the first error of each instead of raising it."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def module(self, name: str) -> ModuleType | None:
        """The module, or None where it can't be imported."""
        return guard.attempt(self, name, import_module, name)

    def failed(self, step: str, error: Exception) -> None:
        """An import failed; a library may raise anything there."""
        said = " ".join(str(error).split())[:_MOST_TEXT]
        self.errors[step] = f"{type(error).__name__}: {said}" if said else type(error).__name__


def look(name: str, answer: Answer) -> None:
    """Answer what is patched of one integration.

    Args:
        name: the integration.
        answer: called with facts as they become known: a library may end the process while it is imported.
    """
    activation.activate()
    importing = Importing()
    _import_roots(name, importing, answer)
    if importing.errors:
        return
    row = registry.INTEGRATIONS.get(name)
    for gated in () if row is None else row.gates:
        activation.pass_gate(gated)
    from mutagent.auto import hooks

    integration = catalogue.load(name)
    candidates = _candidates(integration)
    for module in integration.modules:
        # Those of other versions are not there; what is there and breaks is told.
        importing.module(module)
    status = next(found for found in hooks.status() if found.name == name)
    targets = [_target(target, candidates.get((target.module, target.path), ()), name) for target in status.targets]
    answer(
        targets=[*targets, *_frameworks(integration)],
        broken=_without_absent(importing.errors),
        failures=dict(guard.first_errors),
    )


def foreign(_name: str, answer: Answer) -> None:
    """Answer what the integrations of other packages are, as far as they can be loaded."""
    told: list[dict[str, Any]] = []
    for name in catalogue.foreign():
        told.append(_foreign(name))
        answer(foreign=told)


def _foreign(name: str) -> dict[str, Any]:
    said = {"name": name, "package": catalogue.package(name), "problem": catalogue.problem(name)}
    if said["problem"] is not None:
        return said
    found = catalogue.load(name)
    return {**said, "distribution": found.distribution, "supported": found.versions, "roots": catalogue.roots(name)}


def look_without(name: str, answer: Answer) -> None:
    """Answer whether the library can be imported where nothing is traced."""
    _import_roots(name, Importing(), answer)


def _import_roots(name: str, importing: Importing, answer: Answer) -> None:
    roots = catalogue.roots(name)
    answer(importing=list(roots))
    found = {root: getattr(importing.module(root), "__file__", None) for root in roots}
    if any(found.values()):
        # The other roots are those of other versions, of platforms, or of libraries that add to this one.
        importing.errors = _without_absent(importing.errors)
    answer(imported=found, errors=importing.errors)


def _without_absent(errors: dict[str, str]) -> dict[str, str]:
    return {module: said for module, said in errors.items() if not said.startswith("ModuleNotFound")}


def _targets_of(piece: Piece) -> tuple[Target, ...]:
    """The targets that a piece consists of; those of a dispatch stand in one place."""
    if isinstance(piece, (Manager, Session)):
        return (piece.call,)
    if isinstance(piece, Dispatch):
        return piece.targets[:1]
    return (piece,) if isinstance(piece, Target) else ()


def _candidates(integration: Integration) -> dict[tuple[str, str], tuple[str, ...]]:
    """The modules where a target may stand, by the first of them and its path."""
    targets = [target for piece in integration.all_pieces for target in _targets_of(piece)]
    placed = [(target.modules, target.path) for target in targets]
    placed += [(piece.modules, piece.path) for piece in integration.all_pieces if isinstance(piece, Alias)]
    return {(modules[0], path): modules for modules, path in placed}


def _target(target: TargetStatus, modules: tuple[str, ...], integration: str) -> dict[str, Any]:
    modules = modules or (target.module,)
    facts = {"module": target.module, "path": target.path, "state": target.state, "late": target.late}
    facts |= {"above": [], "below": [], "hook": False}
    if target.state != "patched":
        return facts | {"state": _state_unpatched(target, modules)}
    found = guard.guarded("layers", _layers, modules, target.path, integration)
    if found is None:
        return facts
    module, layers = found
    state = "patched" if layers.ours else "replaced"
    return facts | {"module": module, "state": state, "above": layers.above, "below": layers.below}


def _frameworks(integration: Integration) -> Iterator[dict[str, Any]]:
    """The official hooks that a library has, in the form of targets: where it was imported and ours did not fail."""
    for piece in integration.all_pieces:
        if isinstance(piece, Install):
            there = any(module in sys.modules for module in piece.modules)
            failed = f"{integration.name}: {piece.name}" in guard.failures
            state = "failed" if failed else "patched" if there else "absent"
            place = {"module": piece.modules[0], "path": piece.name}
            yield {**place, "state": state, "late": False, "above": [], "below": [], "hook": True}


def _state_unpatched(target: TargetStatus, modules: tuple[str, ...]) -> str:
    """What is ``missing`` from a module that is there may be drift; a module that is not there is another version's."""
    if target.state == "failed":
        return "failed"
    return "missing" if any(module in sys.modules for module in modules) else "absent"


def _layers(modules: tuple[str, ...], path: str, integration: str) -> tuple[str, Layers] | None:
    for name in modules:
        module = sys.modules.get(name)
        place = None if module is None else patches.find(module, path)
        if place is not None:
            return name, layers_at(*place, own=catalogue.roots(integration))
    return None
