"""Which tracers have wrapped a function, and in which order: ours, and those above and below it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

_MOST_LAYERS = 50

# Packages that trace, by the beginning of the module their wrappers stand in; the longest that fits counts.
TRACERS = {
    "agentops": "AgentOps",
    "arize": "Arize",
    "braintrust": "Braintrust",
    "ddtrace": "Datadog",
    "elasticapm": "Elastic APM",
    "helicone": "Helicone",
    "langfuse": "Langfuse",
    "langsmith": "LangSmith",
    "logfire": "Logfire",
    "lunary": "Lunary",
    "mlflow": "MLflow",
    "newrelic": "New Relic",
    "openinference": "OpenInference",
    "openlit": "OpenLIT",
    "opentelemetry": "OpenTelemetry",
    "opik": "Opik",
    "patronus": "Patronus",
    "phoenix": "Phoenix",
    "posthog": "PostHog",
    "sentry_sdk": "Sentry",
    "traceloop": "Traceloop",
    "weave": "Weave",
}


class Layers(NamedTuple):
    """Whether our wrapper is reached, and the names of the others that are called before and after it."""

    ours: bool
    above: list[str]
    below: list[str]


def layers_at(holder: Any, name: str, own: tuple[str, ...] = ()) -> Layers:
    """The layers of the attribute ``name`` of a class or module.

    Args:
        holder: the class or module.
        name: of its attribute.
        own: packages whose wrappers are the library's own decorators.
    """
    modules = list(_modules(_raw(holder, name)))
    place = next((index for index, module in enumerate(modules) if _package(module) == "mutagent"), len(modules))
    above = [_tool(module) or _stranger(module, own) for module in modules[:place]]
    # Below ours libraries have decorators of their own, from anywhere; above it there is no one but another tool.
    below = [_tool(module) for module in modules[place + 1 :]]
    return Layers(place < len(modules), _each_once(above), _each_once(below))


def _raw(holder: Any, name: str) -> Any:
    """The attribute without binding; of an inherited one that of the class that has it."""
    for owner in getattr(holder, "__mro__", (holder,)):
        if name in vars(owner):
            found = vars(owner)[name]
            return found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
    return None


def _modules(function: Any) -> Iterator[str]:
    """The modules in which a function's wrappers were written, outermost first, then the function's own."""
    for _ in range(_MOST_LAYERS):
        if function is None:
            return
        yield _written_in(function)
        function = getattr(function, "__wrapped__", None)


def _written_in(function: Any) -> str:
    # Not __module__: functools.wraps makes that the wrapped function's. A wrapt proxy calls a function of the tool's.
    code = getattr(function, "_self_wrapper", function)
    code = getattr(code, "__func__", code)
    scope = getattr(code, "__globals__", None)
    name = scope.get("__name__") if isinstance(scope, dict) else type(code).__module__
    return name if isinstance(name, str) else ""


def _tool(module: str) -> str | None:
    """The tracer that wrote a wrapper, where we know it."""
    fitting = [name for name in TRACERS if module == name or module.startswith(f"{name}.")]
    return TRACERS[max(fitting, key=len)] if fitting else None


def _stranger(module: str, own: tuple[str, ...]) -> str | None:
    """The package that wrote a wrapper, unless that is the library itself or Python."""
    package = _package(module)
    return None if package in sys.stdlib_module_names or package in map(_package, own) else package or None


def _package(module: str) -> str:
    return module.partition(".")[0]


def _each_once(names: list[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name is not None))
