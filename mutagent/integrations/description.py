"""``@description``: a ``dataclass`` for what is written once and never printed or compared.

``dataclasses.dataclass`` compiles source for each class. For the dozen words of the vocabulary that took 5 ms of an
import of an LLM library, more than all else of ours; this takes a twentieth. To a type checker it is a ``dataclass``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["description"]

if TYPE_CHECKING:
    from dataclasses import dataclass as description
else:

    def description(*, eq: bool) -> Any:
        """Give a class the ``__init__`` that its annotations describe; no ``__repr__``, and ``eq`` is to be False."""
        if eq:
            raise ValueError("a description compares by identity; use a dataclass.")
        return _with_init


def _with_init(cls: Any) -> Any:
    names: tuple[str, ...] = tuple(cls.__annotations__)
    # Onto each instance: a function that is found on the class would be bound to it as a method.
    defaults = {name: vars(cls)[name] for name in names if name in vars(cls)}
    required = set(names) - defaults.keys()

    def __init__(self: Any, *args: Any, **named: Any) -> None:
        given = dict(zip(names, args, strict=False))
        twice, unknown = given.keys() & named.keys(), named.keys() - set(names)
        given.update(named)
        missing = required - given.keys()
        if len(args) > len(names) or twice or unknown or missing:
            raise TypeError(
                f"{cls.__name__}({', '.join(names)}): {len(args)} values by position; twice: {sorted(twice)}; "
                f"unknown: {sorted(unknown)}; missing: {sorted(missing)}."
            )
        self.__dict__.update(defaults)
        self.__dict__.update(given)

    cls.__init__ = __init__
    return cls
