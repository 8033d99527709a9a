"""`mutagent traces ID --html FILE`, run as a command."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mutagent.store.writer import StoreWriter
from tests.unit.store_rows import row, trace_id

ROOT = Path(__file__).parents[2]
DEADLINE = 60


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    with closing(StoreWriter(home, 0, 0)) as writer:
        writer.append([row(1, 1, name="a <b> name")])
    return home


def traces(home, *words, path=""):
    done = subprocess.run(
        [sys.executable, "-m", "mutagent", "traces", *map(str, words)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (path, str(ROOT)))), "MUTAGENT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_trace_is_written_as_one_file(home, tmp_path):
    pytest.importorskip("jinja2")
    assert traces(home, "last", "--html", tmp_path / "out.html") == (0, "", "")
    written = (tmp_path / "out.html").read_text("utf-8")
    assert written.lstrip().lower().startswith("<!doctype html>")
    assert trace_id(1) in written
    assert "a <b> name" not in written


def test_without_the_extra_it_says_what_to_install(home, tmp_path):
    # As where neither is installed, whether or not they are here.
    for name in ("jinja2", "markupsafe"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module', name={name!r})")
    code, out, err = traces(home, "last", "--html", tmp_path / "out.html", path=str(tmp_path))
    assert (code, out) == (2, "")
    assert err.endswith(": pip install 'mutagent-sdk[view]'\n")
    assert not (tmp_path / "out.html").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--html", "out.html"], 2, "mutagent: --html needs a trace: its ID, or last.\n"),
        (["ff", "--html", "out.html"], 1, "mutagent: no trace 'ff' in {home}; `mutagent traces` lists them.\n"),
    ],
    ids=["no trace", "unknown trace"],
)
def test_it_needs_a_trace(home, words, code, said):
    assert traces(home, *words) == (code, "", said.format(home=home))


def test_a_file_that_cannot_be_written_is_told(home, tmp_path):
    pytest.importorskip("jinja2")
    target = tmp_path / "nowhere" / "out.html"
    assert traces(home, "last", "--html", target) == (2, "", f"mutagent: {target}: No such file or directory.\n")
