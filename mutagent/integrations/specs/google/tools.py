"""The tools that a request offers: declared functions, the program's own functions, the provider's tools."""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from mutagent.capture.plain import as_list, is_exactly, read
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.specs.google.fields import named, told


def tool_definitions(tools: Any, budget: Snapshot) -> list[Any]:
    """The tools offered, one entry each."""
    found: list[Any] = []
    for tool in as_list(tools):
        fields = named(tool)
        for name, value in fields.items():
            if name == "function_declarations":
                found += [{"type": "function", **named(told(one, budget))} for one in as_list(value)]
            else:
                found.append({"type": name, **named(told(value, budget))})
        if not fields:
            found.append(_function(tool, budget))
    return found


def _function(tool: Any, budget: Snapshot) -> Any:
    name, description = function_words(tool)
    if name is None:
        return budget.take(tool)
    return {"type": "function", "name": name, **({"description": budget.take(description)} if description else {})}


def function_words(function: Any) -> tuple[str | None, str | None]:
    """A function's name and its docstring, read without running code of its class's."""
    if type(function) is MethodType:
        function = function.__func__
    plain = is_exactly(function, FunctionType, BuiltinFunctionType)
    name = function.__name__ if plain else read(function, "__name__")
    text = function.__doc__ if plain else read(function, "__doc__")
    return (name if type(name) is str else None), (text if type(text) is str else None)
