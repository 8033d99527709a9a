"""PYTHONPATH reaches other Pythons, and other people's sitecustomize."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process.startup import BOOTSTRAP, DEADLINE, ROOT, WATCHED, Environment

EXAMPLE = ROOT / "sitecustomize_example"
OLD = ("2.7", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9")
ON = {"MUTAGENT_AUTO": "1", "MUTAGENT_INSTRUMENT": "standin"}
both_files = pytest.mark.parametrize("directory", [BOOTSTRAP, EXAMPLE], ids=["bootstrap", "example"])


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return Environment(tmp_path_factory.mktemp("foreign"))


def find_python(version):
    """A working Python of that version: on PATH, or installed beside the one that runs the tests."""
    beside = Path(sys.base_prefix).parent.glob(f"*/bin/python{version}")
    for python in filter(None, [shutil.which(f"python{version}"), *map(str, beside)]):
        # Version managers put commands on PATH that only say that the version is not installed.
        asked = subprocess.run([python, "-c", "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])"],
                               capture_output=True, text=True, timeout=DEADLINE)  # fmt: skip
        if (asked.returncode, asked.stdout) == (0, version):
            return python
    return pytest.skip(f"no Python {version} here")


@pytest.mark.parametrize("version", OLD)
@both_files
def test_an_old_python_notices_nothing(environment, directory, version, tmp_path):
    other = tmp_path / "sitecustomize.py"
    other.write_text("import sys\nsys.stdout.write('the other ran. ')\n")
    python = find_python(version)
    path = os.pathsep.join([str(directory), str(ROOT)])
    program = "import sys; sys.stdout.write(repr([m for m in sys.modules if m.startswith('mutagent')]))"
    # Reading the checkout must not leave another Python's compiled files in it.
    variables = {"PYTHONDONTWRITEBYTECODE": "1", "MUTAGENT_AUTO": "1"}
    assert environment.run("-c", program, executable=python, PYTHONPATH=path, **variables) == (0, "[]", "")
    path = os.pathsep.join([str(directory), str(tmp_path)])
    found = environment.run("-c", program, executable=python, PYTHONPATH=path, **variables)
    assert found == (0, "the other ran. []", "")


def run_beside(environment, directory, other, program, **variables):
    path = os.pathsep.join([str(directory), str(other)])
    return environment.run("-c", program, PYTHONPATH=path, **{**ON, **variables})


@pytest.fixture
def other(tmp_path):
    """A directory for somebody else's sitecustomize."""
    return tmp_path


@both_files
def test_another_sitecustomize_runs_and_is_the_one_in_sys_modules(environment, directory, other):
    (other / "sitecustomize.py").write_text("import sys; sys.path.append('/added/by/the/other'); here = 'the other'")
    show = (
        f"import sitecustomize, sys; print(sitecustomize.here, {WATCHED})\n"
        f"print([entry for entry in sys.path if entry in {[str(directory), str(other), '/added/by/the/other']!r}])"
    )
    path = [str(directory), str(other), "/added/by/the/other"]
    expected = (0, f"the other ['standin']\n{path}\n", "")
    assert run_beside(environment, directory, other, show) == expected
    expected = (0, f"the other None\n{path}\n", "")
    assert run_beside(environment, directory, other, show, MUTAGENT_AUTO="0") == expected


@both_files
def test_the_other_can_be_a_package_and_can_put_mutagent_on_the_path(tmp_path, directory, other):
    bare = Environment(tmp_path, with_mutagent=False)
    (other / "sitecustomize").mkdir()
    (other / "sitecustomize" / "__init__.py").write_text(f"import sys; sys.path.append({str(ROOT)!r})")
    assert run_beside(bare, directory, other, f"print({WATCHED})") == (0, "['standin']\n", "")


@pytest.mark.parametrize(
    "trouble", ["raise RuntimeError('of the other')", "import no_such_module", "raise ImportError", "def ("]
)
@both_files
def test_what_another_sitecustomize_raises_is_reported_as_ever_and_ours_stays(environment, directory, other, trouble):
    (other / "sitecustomize.py").write_text(trouble)
    _, _, message = environment.run("-c", "pass", PYTHONPATH=str(other))
    assert message.startswith("Error in sitecustomize")
    program = f"import sys; print({WATCHED}, 'sitecustomize' in sys.modules)"
    assert run_beside(environment, directory, other, program) == (0, "['standin'] False\n", message)


def test_two_start_up_files_of_ours_make_one_trigger(environment):
    count = "sum(type(finder).__name__ == 'TriggerFinder' for finder in __import__('sys').meta_path)"
    assert run_beside(environment, EXAMPLE, BOOTSTRAP, f"print({count})") == (0, "1\n", "")
