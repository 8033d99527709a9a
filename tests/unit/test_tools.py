"""Tests that need a library leave themselves out without it. In CI all of them are there, or this fails."""

import os
import re
from importlib.metadata import PackageNotFoundError, requires, version

import pytest

# `make test` runs everything; the environments of tox have what theirs need.
COMPLETE = os.environ.get("CI") == "true" and "TOX_ENV_NAME" not in os.environ
EXTRAS = ("demo", "test", "view", "browser")


def missing(requirement):
    name = re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0]
    try:
        version(name)
    except PackageNotFoundError:
        return name
    return None


@pytest.mark.skipif(not COMPLETE, reason="only in CI's `make test`, which has everything")
def test_in_ci_nothing_is_left_out_for_want_of_a_tool():
    lines = [line.replace("'", '"') for line in requires("mutagent-sdk") or ()]
    wanted = [line for line in lines if any(f'extra == "{extra}"' in line for extra in EXTRAS)]
    assert wanted
    assert [*filter(None, map(missing, wanted))] == []
