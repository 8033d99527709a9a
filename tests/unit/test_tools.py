"""Tests that need a tool leave themselves out without it. In CI all of them are there, or this fails."""

import os
import re
import shutil
from importlib.metadata import PackageNotFoundError, requires, version

import pytest

# The environments that run everything; others have one library in its oldest version, or only the wheel.
COMPLETE = os.environ.get("CI") == "true" and os.environ.get("TOX_ENV_NAME", "unit").startswith("unit")
EXTRAS = ("demo", "test", "view", "browser")


def missing(requirement):
    name = re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0]
    try:
        version(name)
    except PackageNotFoundError:
        return name
    return None


@pytest.mark.skipif(not COMPLETE, reason="only in the environments of CI that have everything")
def test_in_ci_nothing_is_left_out_for_want_of_a_tool():
    wanted = [line for line in requires("mutagent-sdk") or () if any(f'extra == "{extra}"' in line for extra in EXTRAS)
              or any(f"extra == '{extra}'" in line for extra in EXTRAS)]  # fmt: skip
    browsers = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    lacking = [*filter(None, map(missing, wanted)), *(["chromium"] if not any(browsers) else [])]
    assert wanted
    assert lacking == []
