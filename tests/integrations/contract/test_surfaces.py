"""Every integration is put to the contract, and what it says of itself there is so."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from mutagent.integrations import registry
from tests.integrations.contract.program import SURFACES
from tests.integrations.situations import Situation

# Integration → why it has no surface that the contract could be asked of.
WITHOUT_SURFACES = {
    "langchain": "its runs come through callbacks; tests/integrations/langchain asks the same of them",
    "instructor": "its spans stand around those of the clients that it calls; tests/integrations/instructor has them",
}


def test_every_integration_has_surfaces() -> None:
    """A new row of the registry without cases would pass every other test."""
    tested = {surface.integration for surface in SURFACES}
    assert tested == set(registry.INTEGRATIONS) - set(WITHOUT_SURFACES)


def test_names_tell_surfaces_apart() -> None:
    """Two surfaces of one name would run under one test id, unless one is sync and one is async."""
    ids = Counter(f"{surface}-{way}" for surface in SURFACES for way in surface.ways)
    assert [name for name, count in ids.items() if count > 1] == []


def test_what_is_inapplicable_is_a_test_of_the_contract() -> None:
    """A misspelt or outdated name would be an excuse for nothing."""
    tests = {
        node.name
        for path in Path(__file__).parent.glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    assert {(str(surface), name) for surface in SURFACES for name in surface.inapplicable if name not in tests} == set()


def test_a_surface_says_what_it_streams() -> None:
    """A stream that is left early has a span of its own to be compared with; and one of the two spans there must be."""
    assert [str(surface) for surface in SURFACES if (surface.streamed is None) != (surface.left is None)] == []
    assert [str(surface) for surface in SURFACES if surface.whole is None and surface.streamed is None] == []


def test_a_surface_with_a_server_says_how_a_broken_connection_looks() -> None:
    """Without it nobody would break the connection."""
    breakable = [surface for surface in SURFACES if surface.meets(Situation.BROKEN)]
    assert [str(surface) for surface in breakable if not surface.broken] == []
