"""Patch libraries as they are imported, and say what became of each target: the one user of wrapt's import hooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import wrapt

from mutagent.auto import activation, catalogue, clients, patches, threads
from mutagent.guard import attempt, guarded, record_failure
from mutagent.integrations import answers, managers, sessions, streams
from mutagent.integrations.engine import Traced
from mutagent.integrations.spec import (
    Alias,
    Close,
    Dispatch,
    Install,
    Integration,
    Iteration,
    Manager,
    Piece,
    Raw,
    Rebind,
    Session,
    Target,
)
from mutagent.integrations.wrappers import dispatching_wrapper, wrapper_for
from mutagent.tracing.runtime import live

if TYPE_CHECKING:
    from mutagent.auto.report import IntegrationStatus


class Site:
    """One attribute to be patched: where it may stand, what to put there, and how that went."""

    __slots__ = ("late", "make", "modules", "patch", "path", "seen", "state", "traced")

    def __init__(self, modules: tuple[str, ...], path: str, make: Any, *traced: Traced) -> None:
        self.modules = modules
        self.path = path
        self.make = make
        self.traced = traced
        self.patch: patches.Patch | None = None
        self.state = "pending"
        self.late = False
        self.seen: set[str] = set()

    def try_module(self, module: ModuleType, late: bool) -> None:
        """Patch the attribute if this module has it and no newer place had it before."""
        if self.state == "patched":
            return
        self.seen.add(module.__name__)
        found = patches.find(module, self.path)
        if found is None:
            self.state = "missing"
            return
        self.patch = patches.replace(*found, self.make)
        self.state = "patched"
        # `from module import function` before us keeps the function as it was.
        self.late = late and "." not in self.path

    def failed(self, step: str, error: Exception) -> None:
        """This attribute can't be patched; the others are."""
        record_failure(step, error)
        self.state = "failed"

    def undo(self) -> None:
        """Take the wrapper back, or leave it as a pass-through beneath another tool's."""
        if self.patch is not None:
            self.patch.undo()
        for traced in self.traced:
            traced.on = False
        self.patch, self.state = None, "pending"


class Installed:
    """One integration as it is installed in this process."""

    __slots__ = ("all_clients", "integration", "on", "sites", "traced", "undo_frameworks", "waiting")

    def __init__(self, integration: Integration, all_clients: bool) -> None:
        self.integration = integration
        self.all_clients = all_clients
        self.on = True
        self.traced: list[Traced] = []
        self.undo_frameworks: list[Any] = []
        self.sites = [site for piece in integration.pieces for site in self._sites(piece)]
        for modules, path in integration.copies:
            self.sites.append(Site(modules, path, lambda original: patches.after(original, clients.mark_copy)))
        patched = [name for site in self.sites for name in site.modules]
        installed = [name for piece in integration.pieces if isinstance(piece, Install) for name in piece.modules]
        self.waiting = dict.fromkeys(patched + installed)

    def _sites(self, piece: Piece) -> list[Site]:
        if isinstance(piece, Target):
            return [self._target(piece, piece.modules, piece.path)]
        if isinstance(piece, Alias):
            return [self._target(piece.of, piece.modules, piece.path)]
        if isinstance(piece, Dispatch):
            return [self._dispatch(piece)]
        if isinstance(piece, Rebind):
            return [Site(piece.modules, piece.path, _bound_anew)]
        if isinstance(piece, Manager):
            return self._manager(piece, () if piece.enter is None else (piece.enter,))
        if isinstance(piece, Session):
            return self._session(piece)
        if isinstance(piece, Close):
            return [Site(piece.modules, piece.path, partial(_closing_wrapper, piece, self.integration.iterator))]
        if isinstance(piece, Iteration):
            return [Site(piece.modules, piece.path, partial(streams.iterating_wrapper, self.integration.iterator))]
        if isinstance(piece, Raw):
            sites = [Site(piece.modules, piece.parse, lambda original: patches.after(original, answers.parsed))]
            if piece.close is not None:
                closing = partial(patches.before, act=answers.closed)
                sites.append(Site(piece.modules, piece.close, closing))
            return sites
        return []

    def _target(self, target: Target, modules: tuple[str, ...], path: str) -> Site:
        traced = self._traced(target)
        return Site(modules, path, partial(wrapper_for, traced), traced)

    def _dispatch(self, piece: Dispatch) -> Site:
        traced = [self._traced(target) for target in piece.targets]
        like = piece.targets[0]
        return Site(like.modules, like.path, partial(dispatching_wrapper, traced, piece.choose), *traced)

    def _manager(self, piece: Manager | Session, enters: tuple[str, ...]) -> list[Site]:
        traced = self._traced(piece.call)
        return [
            Site(piece.call.modules, piece.call.path, partial(managers.making_wrapper, piece, traced), traced),
            *(Site(piece.modules, enter, partial(managers.entering_wrapper, piece)) for enter in enters),
        ]

    def _session(self, piece: Session) -> list[Site]:
        connection = piece.connection
        return [
            *self._manager(piece, piece.enters),
            *(
                Site(piece.modules, f"{connection}.{send}", partial(patches.before_call, act=sessions.sending))
                for send in piece.sends
            ),
            Site(piece.modules, f"{connection}.{piece.parse}", partial(patches.after, act=sessions.receiving)),
            Site(piece.modules, f"{connection}.{piece.close}", partial(patches.before, act=sessions.closing)),
        ]

    def _traced(self, target: Target) -> Traced:
        marked = None if self.all_clients else partial(clients.is_marked, attribute=self.integration.client)
        traced = Traced(self.integration, target, marked)
        self.traced.append(traced)
        return traced

    def trace_all_clients(self) -> None:
        """Lift the filter that `wrap_anthropic(client)` and its like set."""
        self.all_clients = True
        for traced in self.traced:
            traced.only_marked = None

    def register(self) -> None:
        """Have every module patched when it is imported, or now where it is."""
        for name in tuple(self.waiting):
            module = sys.modules.get(name)
            if module is not None:
                self.arrived(name, module, late=True)
            elif name not in _awaited:
                _awaited.add(name)
                wrapt.register_post_import_hook(partial(_arrived, name), name)

    def arrived(self, name: str, module: ModuleType, late: bool) -> None:
        """Patch a module that is waited for; once, whoever else says that it is there."""
        try:
            del self.waiting[name]
        except KeyError:
            return
        self._imported(module, late)
        for piece in self.integration.pieces:
            if isinstance(piece, Install) and name in piece.modules:
                self._install(piece, module)

    def _imported(self, module: ModuleType, late: bool) -> None:
        if self.on:
            guarded(f"{self.integration.name}: patch {module.__name__}", self._patch, module, late)

    def _patch(self, module: ModuleType, late: bool) -> None:
        if late and _half_imported(module):
            _deferred.append((self, module.__name__))
            return
        for site in self.sites:
            if module.__name__ in site.modules:
                attempt(site, f"{self.integration.name}: patch {site.path}", site.try_module, module, late)

    def _install(self, piece: Install, module: ModuleType) -> None:
        if self.on:
            undo = guarded(f"{self.integration.name}: {piece.name}", piece.install, module)
            if undo is not None:
                self.undo_frameworks.append(undo)

    def uninstall(self) -> None:
        """Restore every attribute, newest patch first."""
        self.on = False
        for site in reversed(self.sites):
            guarded(f"{self.integration.name}: restore {site.path}", site.undo)
        for undo in self.undo_frameworks:
            guarded(f"{self.integration.name}: uninstall", undo)
        self.undo_frameworks.clear()


_installed: dict[str, Installed] = {}
# Modules whose import wrapt tells us of. It takes no hook back: one of each integration would keep all that was ever
# installed.
_awaited: set[str] = set()
# Modules that were half imported when their hook came: wrapt calls it on the unfinished module.
_deferred: list[tuple[Installed, str]] = []


def _half_imported(module: ModuleType) -> bool:
    # Asked only of modules that were there before us: within an import's own hook the flag is still set.
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _arrived(name: str, module: ModuleType) -> None:
    # By the name that it was waited for under: what stands in sys.modules may call itself anything.
    _awaited.discard(name)
    for installed in tuple(_installed.values()):
        installed.arrived(name, module, late=False)


def _closing_wrapper(piece: Close, iterator: str, original: Any) -> Any:
    def closed(instance: Any) -> None:
        streams.closed_early(instance if piece.stream is None else getattr(instance, piece.stream, None), iterator)

    return patches.before(original, closed)


def install(names: Sequence[str] | None = None, *, strict: bool = False) -> None:
    """Trace these integrations, or all that the environment allows.

    Args:
        names: integration names; None for all.
        strict: raise for a library that is unknown, absent or too old, instead of passing over it.

    Raises:
        ValueError: with ``strict``, for a name that is no integration.
        ModuleNotFoundError: with ``strict``, for a library that is not installed.
        RuntimeError: with ``strict``, for a version outside the supported range.
    """
    retry_deferred()
    for name in _chosen(catalogue.names()) if names is None else names:
        if strict:
            check(name)
        guarded(f"{name}: install", _install_one, name, True)
    if live.tracer is not None:
        guarded("threads", threads.install)


def install_root(root: str) -> None:
    """Trace what belongs to a root module that is about to be imported, as far as the environment allows."""
    install([name for name in _chosen(catalogue.names_so_far()) if root in catalogue.roots(name)])
    # Once it is there: another package's description may import a library, which must not be this one, half created.
    wrapt.register_post_import_hook(_install_others, root)


def _install_others(_module: ModuleType) -> None:
    guarded("other packages' integrations", lambda: install(_chosen(catalogue.foreign())))


def install_for_marked_clients(name: str) -> None:
    """Patch one integration for the clients that are marked, unless all are traced already."""
    check(name)
    _install_one(name, False)


def _install_one(name: str, all_clients: bool) -> None:
    there = _installed.get(name)
    if there is not None and there.on:
        if all_clients and not there.all_clients:
            there.trace_all_clients()
        return
    installed = Installed(catalogue.load(name), all_clients)
    _installed[name] = installed
    installed.register()


def check(name: str) -> None:
    """Raise where an integration can't be installed here; see :func:`install`."""
    from mutagent.auto.report import check_version

    check_version(catalogue.load(name))


def _chosen(known: Iterable[str]) -> list[str]:
    """Of these integrations, those that the environment allows."""
    return [name for name in known if activation.is_chosen(name, os.environ)]


def _bound_anew(method: Any) -> Any:
    return getattr(method.__self__, method.__name__)


def retry_deferred() -> None:
    """Patch what was half imported before and is whole now."""
    waiting = _deferred[:]
    _deferred.clear()
    for installed, name in waiting:
        module = sys.modules.get(name)
        if module is not None:
            installed._imported(module, late=True)


def uninstall(names: Sequence[str] | None = None) -> None:
    """Restore what these integrations, or all, have patched."""
    for name in list(_installed) if names is None else names:
        there = _installed.pop(name, None)
        if there is not None:
            there.uninstall()
    if not _installed:
        guarded("threads", threads.uninstall)


def status() -> list[IntegrationStatus]:
    """What is installed and patched: one row for each integration known."""
    retry_deferred()
    return [_status(name) for name in catalogue.names()]


def _status(name: str) -> IntegrationStatus:
    from mutagent.auto.report import IntegrationStatus, TargetStatus, version_of

    package, problem = catalogue.package(name), catalogue.problem(name)
    if problem is not None:
        return IntegrationStatus(name, "", "", None, active=False, package=package, problem=problem)
    integration = catalogue.load(name)
    there = _installed.get(name)
    active = there.on if there is not None else activation.is_awaited(catalogue.roots(name))
    shown = there or (Installed(integration, True) if active else None)
    rows = [] if shown is None else [TargetStatus(site.modules[0], site.path, site.state, site.late)
                                     for site in shown.sites if site.traced]  # fmt: skip
    return IntegrationStatus(
        name=name, distribution=integration.distribution, supported=integration.versions,
        version=version_of(integration.distribution), active=active,
        every_client=there is None or there.all_clients, targets=rows, package=package,
    )  # fmt: skip
