"""What the client warns of is about the program's own line, with us as without."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.testing import capture
from tests.integrations.openai.program import openai
from tests.integrations.routes import Reply, serving

ROUTES = {"/images/variations": [Reply({"created": 1, "data": []})], "/runs": [Reply({"id": "run_1"})]}


def whole(url: str) -> None:
    with openai.OpenAI(base_url=url, api_key="key-of-the-test", max_retries=0) as client:
        client.images.create_variation(image=b"pixels")
        client.beta.threads.runs.create("thread_1", assistant_id="asst_1")


async def whole_async(url: str) -> None:
    async with openai.AsyncOpenAI(base_url=url, api_key="key-of-the-test", max_retries=0) as client:
        await client.images.create_variation(image=b"pixels")
        await client.beta.threads.runs.create("thread_1", assistant_id="asst_1")


def warned(program: Any) -> list[tuple[str, str, int]]:
    """What was warned of, and about which lines."""
    with serving(ROUTES) as url, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DeprecationWarning)
        program(url)
    return [(str(warning.message), warning.filename, warning.lineno) for warning in caught]


@pytest.mark.parametrize("program", [whole, lambda url: asyncio.run(whole_async(url))], ids=["sync", "async"])
def test_a_deprecation_is_about_the_programs_own_line(program):
    alone = warned(program)
    hooks.install()
    try:
        with capture() as captured:
            assert warned(program) == alone
    finally:
        hooks.uninstall()
    assert len(captured.spans) == 2
    # Older clients warn of nothing here.
    assert not alone or __file__ in [filename for _, filename, _ in alone]
