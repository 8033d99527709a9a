"""What the contract is asked of: a client method that makes model requests, what it takes, and what must be seen."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

import pytest

from mutagent.demo.provider import Provider
from tests.integrations.ways import Way


@dataclass(frozen=True)
class Surface:
    """One method of one client library.

    ``whole`` is the span of the call with ``arguments``; ``streamed`` that of the same call with ``streaming`` added,
    read to its end; ``first`` what of it differs where the stream was left after two chunks.
    """

    name: str
    library: str
    client_class: str
    method: str
    arguments: dict[str, Any]
    whole: dict[str, Any]
    streaming: dict[str, Any] = field(default_factory=dict)
    streamed: dict[str, Any] = field(default_factory=dict)
    left: dict[str, Any] = field(default_factory=dict)
    client_arguments: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def client(self, provider: Provider, way: Way, **arguments: Any) -> Any:
        """A client that talks to the stand-in provider."""
        module = pytest.importorskip(self.library)
        url = provider.openai_url if self.library == "openai" else provider.anthropic_url
        options = {
            "base_url": url,
            "api_key": "key-of-the-test",
            "max_retries": 0,
            **self.client_arguments,
            **arguments,
        }
        client = getattr(module, way.prefix + self.client_class)(**options)
        if attribute(client, self.method) is None:
            pytest.skip(f"{self.library} {module.__version__} has no {self.method}")
        return client

    def bound(self, client: Any) -> Any:
        """The method, bound to a client."""
        return attribute(client, self.method)

    def defining_class(self, way: Way) -> type:
        """The class that holds the method."""
        for name in self.modules:
            try:
                module = importlib.import_module(name)
            except ImportError:
                continue
            found = getattr(module, way.prefix + self.class_name, None)
            if found is not None:
                return found
        pytest.skip(f"this {self.library} has no {self.method}")

    @property
    def modules(self) -> tuple[str, ...]:
        """Where the class may stand."""
        *path, _ = self.method.split(".")
        module = f"{self.library}.resources." + ".".join(path)
        return (f"{module}.{path[-1]}", module)

    @property
    def class_name(self) -> str:
        """The resource class."""
        return self.method.split(".")[-2].capitalize()


def attribute(client: Any, path: str) -> Any:
    """What stands at the end of a dotted path; None where there is no such thing."""
    for name in path.split("."):
        client = getattr(client, name, None)
    return client
