"""The documented table of integrations is what the specs say."""

from __future__ import annotations

import pytest

from mutagent.auto.catalogue import load
from mutagent.integrations import registry
from tests.integrations.page import PAGE, written


def test_the_page_is_the_one_that_is_written():
    page = PAGE.read_text()
    assert page == written(page), "run `python -m tests.integrations.page`"


@pytest.mark.parametrize("name", registry.INTEGRATIONS)
def test_an_integration_describes_itself(name):
    integration = load(name)
    assert integration.name == name
    assert integration.traces
    assert not integration.traces.endswith(".")
    assert "\n" not in integration.traces + integration.leaves
