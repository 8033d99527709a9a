"""One attribute that is to be patched, and what became of it."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from mutagent.auto import patches
from mutagent.guard import record_failure

if TYPE_CHECKING:
    from mutagent.integrations.engine import Traced


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
