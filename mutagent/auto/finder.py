"""The trigger: a meta path finder that waits for the import of each library we know.

Importing wrapt and the integrations costs tens of milliseconds and loads ssl, asyncio and threading. A program that
never imports an LLM library must not pay that, so until then this file is all there is of us, and it imports nothing.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    from mutagent.auto.patches import Patch
    from mutagent.integrations.registry import Gate

# Only a cycle through another thread's half-done imports can make a second thread wait at all; it then goes on
# untraced rather than for ever.
_WAIT_SECONDS = 5.0


class TriggerFinder:
    """Calls ``install`` once for each of ``roots``, just before it is loaded, and answers no import itself.

    ``install`` does not run inside :meth:`find_spec`: importlib holds the global import lock there, and importing from
    under it deadlocks with a thread that is in the middle of importing the same module. It runs when the module is
    created, where a thread holds the lock of that one module, as in any nested import. A mere probe
    (``importlib.util.find_spec("openai")``) therefore triggers nothing.

    A namespace package has no loader, so nothing can be seen of its loading: watch a package inside it.

    Args:
        roots: full names of the modules to watch, such as ``"openai"`` or ``"google.genai"``.
        install: registers the real hooks for the root it is given; must not raise.
        gates: for roots that programs import for other reasons, the call that means that they are used: ``install``
            waits for that.
    """

    def __init__(
        self, roots: frozenset[str], install: Callable[[str], object], gates: Mapping[str, Gate] | None = None
    ) -> None:
        self.roots = roots
        self._install = install
        self._gates = gates or {}
        self._placed: list[Patch] = []
        self._installing: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the other finders answer, with a loader that triggers, if ``name`` is watched; else None."""
        if name not in self.roots or self not in sys.meta_path:
            return None
        # Those before this one have declined, or are asking.
        spec = _find(sys.meta_path[sys.meta_path.index(self) + 1 :], name, path, target)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            loader = GatedLoader if name in self._gates else TriggerLoader
            spec.loader = loader(self, spec.loader, path)  # type: ignore[assignment]
        return spec

    def find_again(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """What the import finds now that the hooks may have put finders of their own on ``sys.meta_path``."""
        return _find([finder for finder in sys.meta_path if finder is not self], name, path, None)

    def fire(self, root: str) -> None:
        """Call ``install`` for this root unless that is done; wait while another thread does it."""
        if root not in self.roots:
            return
        import _thread

        # Made here and not in __init__, so that it is of gevent's kind where gevent has patched by now.
        lock = self.__dict__.setdefault("_lock", _thread.RLock())
        if not lock.acquire(timeout=_WAIT_SECONDS):
            return
        try:
            self._install_once(root)
        finally:
            lock.release()

    def _install_once(self, root: str) -> None:
        # What install imports may import the root itself; that import is in this thread and must go through.
        if root in self._installing or root not in self.roots:
            return
        self._installing.add(root)
        try:
            self._install(root)
            self.roots -= {root}
        finally:
            self._installing.discard(root)

    def place_gate(self, root: str, module: ModuleType) -> None:
        """Wait at the gate of a root that has just been loaded; fire where it has no such gate."""
        from mutagent.auto.gate import place

        patch = place(self._gates[root], module, lambda: self.fire(root)) if root in self.roots else None
        if patch is None:
            self.fire(root)
        else:
            self._placed.append(patch)

    def disarm(self) -> None:
        """Watch nothing any more, at no gate either.

        The finder stays on ``sys.meta_path``: taking an element out of that list makes an import that runs in another
        thread skip the next finder, and fail with ModuleNotFoundError.
        """
        self.roots = frozenset()
        while self._placed:
            self._placed.pop().undo()


def _find(
    finders: Sequence[Any], name: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    for finder in finders:
        find_spec = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find_spec and find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


class TriggerLoader:
    """Stands in for a module's loader until the module is created, then puts the real one in its place."""

    def __init__(self, finder: TriggerFinder, loader: Any, path: Sequence[str] | None) -> None:
        self._finder = finder
        self._loader = loader
        self._path = path

    def create_module(self, spec: Any) -> ModuleType | None:
        """Trigger, hand ``spec`` the loader that is found from now on, and let that create the module."""
        self._finder.fire(spec.name)
        found = self._finder.find_again(spec.name, self._path)
        if found is not None and not isinstance(found.loader, TriggerLoader):
            self._loader = found.loader
        if spec.loader is self:
            spec.loader = self._loader
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Reached only through another loader around this one, such as importlib.util.LazyLoader."""
        self._loader.exec_module(module)

    def __getattr__(self, name: str) -> Any:
        # Probes ask a spec's loader for its path, its source, whether it is a package.
        return getattr(self._loader, name)


class GatedLoader(TriggerLoader):
    """Stands in for the loader of a module with a gate: the module is loaded as ever, then the gate is placed."""

    def create_module(self, spec: Any) -> ModuleType | None:
        """Let the real loader create the module."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Hand everything back to the real loader, let it execute the module, and place the gate."""
        for holder, name in ((module.__spec__, "loader"), (module, "__loader__")):
            if getattr(holder, name, None) is self:
                setattr(holder, name, self._loader)
        self._loader.exec_module(module)
        from mutagent.guard import guarded

        guarded(f"auto: gate {module.__name__}", self._finder.place_gate, module.__name__, module)
