"""Patch libraries as they are imported, and say what became of each target: the one user of wrapt's import hooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import wrapt

from mutagent.auto import activation, catalogue, clients, patches
from mutagent.auto.site import Site
from mutagent.guard import attempt, guarded
from mutagent.integrations.spec import Install, Integration, Part, Piece

if TYPE_CHECKING:
    from mutagent.auto.report import IntegrationStatus


class Installed:
    """One integration as it is installed in this process.

    Of one that has parts, nothing is loaded but the names of modules, until the first of these is imported.
    """

    __slots__ = ("all_clients", "integration", "on", "pieces", "sites", "undo_frameworks", "unplaced", "waiting")

    def __init__(self, integration: Integration, all_clients: bool, on: bool = True) -> None:
        self.integration = integration
        self.all_clients = all_clients
        self.on = on
        self.pieces: list[Piece] = []
        self.undo_frameworks: list[Any] = []
        self.sites = [Site(modules, path, _copying_wrapper) for modules, path in integration.copies]
        self.waiting = dict.fromkeys([*integration.modules, *_modules_of(self.sites)])
        # The parts that are not loaded yet, and None: the pieces of the integration's own, which come with the first.
        self.unplaced: dict[Part | None, None] = dict.fromkeys([None, *integration.parts])
        if not integration.parts:
            self._place(None)

    def place_all(self) -> None:
        """Load all parts, whether their modules are imported or not."""
        for part in tuple(self.unplaced):
            self._place(part)

    def _place(self, part: Part | None, arriving: str = "") -> None:
        try:
            del self.unplaced[part]
        except KeyError:
            return  # placed, or another thread is at it
        from mutagent.auto.placement import sites_of

        pieces = self.integration.pieces if part is None else part.pieces
        sites = sites_of(self.integration, pieces, self.all_clients)
        self.pieces += pieces
        self.sites += sites
        for name in _modules_of(sites):
            if name == arriving or name in self.waiting:
                continue
            module = sys.modules.get(name)
            if module is not None:
                self._imported(module, late=True)
            elif self.on:
                self._await(name)

    def trace_all_clients(self) -> None:
        """Lift the filter that `wrap_anthropic(client)` and its like set."""
        self.all_clients = True
        for site in self.sites:
            for traced in site.traced:
                traced.only_marked = None

    def register(self) -> None:
        """Have every module patched when it is imported, or now where it is."""
        for name in tuple(self.waiting):
            module = sys.modules.get(name)
            if module is not None:
                self.arrived(name, module, late=True)
            else:
                self._await(name)

    def _await(self, name: str) -> None:
        self.waiting[name] = None
        if name not in _awaited:
            _awaited.add(name)
            wrapt.register_post_import_hook(partial(_arrived, name), name)

    def arrived(self, name: str, module: ModuleType, late: bool) -> None:
        """Patch a module that is waited for; once, whoever else says that it is there."""
        try:
            del self.waiting[name]
        except KeyError:
            return
        for part in tuple(self.unplaced):
            if part is not None and name in part.modules and self.on:
                guarded(f"{self.integration.name}: {part.place}", self._place, part, name)
                guarded(f"{self.integration.name}: pieces", self._place, None, name)
        self._imported(module, late)
        for piece in self.pieces:
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
    if _deferred:
        retry_deferred()
    for installed in tuple(_installed.values()):
        installed.arrived(name, module, late=False)


def _modules_of(sites: Iterable[Site]) -> list[str]:
    return list(dict.fromkeys(name for site in sites for name in site.modules))


def _copying_wrapper(original: Any) -> Any:
    return patches.after(original, clients.mark_copy)


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
    guarded("threads", _install_threads)


def _install_threads() -> None:
    # Where nothing is traced yet the tracer is not loaded; it installs them when it starts.
    live = getattr(sys.modules.get("mutagent.tracing.runtime"), "live", None)
    if live is not None and live.tracer is not None:
        from mutagent.auto import threads

        threads.install()


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
    threads = sys.modules.get("mutagent.auto.threads")
    if threads is not None and not _installed:
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
    # What is only shown patches nothing.
    shown = there or (Installed(integration, True, on=False) if active else None)
    if shown is not None:
        shown.place_all()
    rows = [] if shown is None else [TargetStatus(site.modules[0], site.path, site.state, site.late)
                                     for site in shown.sites if site.traced]  # fmt: skip
    return IntegrationStatus(
        name=name, distribution=integration.distribution, supported=integration.versions,
        version=version_of(integration.distribution), active=active,
        every_client=there is None or there.all_clients, targets=rows, package=package,
    )  # fmt: skip
