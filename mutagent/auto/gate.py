"""Wait at one method of a library that programs import for other reasons: wrapt must not load before it is called so.

What stands here is loaded with such a library, and imports nothing of a third party.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from mutagent.auto import patches
from mutagent.integrations.registry import Gate


def place(gate: Gate, module: ModuleType, fire: Callable[[], None]) -> patches.Patch | None:
    """Call ``fire`` before the first call of the gate's method with one of its values, and take the gate away then.

    Args:
        gate: which method, and which calls of it.
        module: the module that has it.
        fire: installs the real hooks; must not raise.

    Returns:
        What takes the gate away; None where the module has no such method.
    """
    found = patches.find(module, gate.path)
    if found is None:
        return None
    placed: list[patches.Patch | None] = []

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def create(*args: Any, **kwargs: Any) -> Any:
            named = kwargs.get(gate.argument, args[1] if len(args) > 1 else None)
            if type(named) is str and named in gate.values:
                fire()
                for patch in placed:
                    if patch is not None:
                        patch.undo()
            return original(*args, **kwargs)

        return create

    placed.append(patches.replace(*found, make))
    return placed[0]
