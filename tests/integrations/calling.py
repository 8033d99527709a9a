"""Run a program with a client of a library, for surfaces that the contract's stand-in provider does not serve."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.integrations.surfaces import attribute
from tests.integrations.ways import Way


def run(
    way: Way, client: str, method: str, program: Callable[[Any], Awaitable[Any]], base_url: str, **options: Any
) -> Any:
    """Run ``program(client.<method>)`` and close the client; skips where the installed version has no such method.

    Args:
        way: sync or async.
        client: the library and the class of its client, ``openai.OpenAI``.
        method: path from the client to what the program gets.
        program: what to run.
        base_url: where the client's server is.
        options: further arguments of the client.
    """
    name, _, cls = client.partition(".")
    library = importlib.import_module(name)

    async def whole() -> Any:
        made = getattr(library, ("Async" if way.name == "async" else "") + cls)(
            base_url=base_url, api_key="key-of-the-test", max_retries=0, **options
        )
        try:
            found = attribute(made, method)
            if found is None:
                pytest.skip(f"{name} {library.__version__} has no {method}")
            return await program(found)
        finally:
            await way.close(made)

    return way.run(whole())
