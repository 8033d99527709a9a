"""The built wheel: what is in it, and that it works in an environment that has nothing else."""

import os
import subprocess
import sys
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Installed:
    """An environment into which a wheel is installed, with its own pip."""

    def __init__(self, home: Path) -> None:
        self.home = home
        venv.create(home / "env", with_pip=True, symlinks=os.name != "nt")
        self.bin = home / "env" / ("Scripts" if os.name == "nt" else "bin")

    def pip(self, *words: object) -> None:
        """Run pip; without a package index, say so and skip, but in CI fail."""
        done = self.run("python", "-m", "pip", "--quiet", "--disable-pip-version-check", *words)
        if done.returncode != 0 and not os.environ.get("CI"):
            pytest.skip(f"needs a package index: {done.stderr.strip().splitlines()[-1]}")
        assert done.returncode == 0, done.stderr

    def run(self, command: str, *words: object, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment, away from the checkout."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MUTAGENT", "VIRTUAL"))
        }
        return subprocess.run(
            [str(self.bin / command), *map(str, words)], cwd=self.home, capture_output=True, text=True, timeout=300,
            env={**kept, "MUTAGENT_HOME": str(self.home / "home"), **variables},
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def wheel(installed):
    """The wheel, built as an installer would."""
    installed.pip("wheel", "--no-deps", "--wheel-dir", installed.home / "dist", ROOT)
    (built,) = (installed.home / "dist").glob("mutagent_sdk-*.whl")
    installed.pip("install", built)
    return built


@pytest.fixture(scope="module")
def files(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata(files):
    (name,) = [name for name in files if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(files[name].decode())


def test_every_file_of_the_package_is_in_it_and_nothing_else(files):
    package = ROOT / "mutagent"
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in files if ".dist-info/" not in name} == expected


def test_what_start_up_and_type_checkers_look_for_is_in_it(files):
    assert {"mutagent/py.typed", "mutagent/auto/bootstrap/sitecustomize.py"} <= files.keys()


def test_it_carries_no_start_file_and_no_module_of_its_own_at_the_top(files):
    assert [name for name in files if name.endswith((".pth", ".start"))] == []
    assert {name.partition("/")[0] for name in files if ".dist-info/" not in name} == {"mutagent"}


def test_its_metadata_name_the_licence_the_python_and_the_requirements(files):
    about = metadata(files)
    required = [line for line in about.get_all("Requires-Dist") if "extra ==" not in line]
    assert (about["Name"], about["Requires-Python"], about["License-Expression"]) == (
        "mutagent-sdk",
        ">=3.10",
        "Apache-2.0",
    )
    assert sorted(line.split("<")[0].split(">")[0] for line in required) == ["httpx", "pydantic", "wrapt"]
    assert any(name.endswith("/licenses/LICENSE") for name in files)
    assert about.get_payload().startswith("# mutagent-sdk")


def test_its_version_is_above_the_rest_clients(files, installed):
    version = metadata(files)["Version"]
    assert tuple(map(int, version.split(".")[:2])) >= (0, 5)
    assert installed.run("mutagent", "--version").stdout == f"mutagent {version}\n"


def test_it_is_imported_from_the_environment_and_prints_nothing(wheel, installed):
    done = installed.run(
        "python", "-W", "error", "-c", "import mutagent.tracing, mutagent.auto; print(mutagent.__file__)"
    )
    assert done.stderr == ""
    assert str(installed.home / "env") in done.stdout


PROGRAM = """
from mutagent.tracing import trace

@trace(kind="agent")
def run(question):
    return "answer"

print(run("q"))
"""


def test_a_program_is_recorded_locally_and_shown(wheel, installed):
    program = installed.home / "program.py"
    program.write_text(PROGRAM)
    done = installed.run("python", "-m", "mutagent.auto", "--quiet", "program.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "answer\n", "")
    shown = installed.run("mutagent", "traces", "last")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "run" in shown.stdout
    assert "agent" in shown.stdout


def test_the_console_script_says_how_it_is_used(wheel, installed):
    done = installed.run("mutagent", "--help")
    assert done.returncode == 0
    assert {"traces", "auto", "demo"} <= set(done.stdout.split())


def test_auto_mode_changes_nothing_in_a_program_without_llm_libraries(wheel, installed):
    code = "import sys; print([name for name in ('wrapt', 'httpx', 'pydantic') if name in sys.modules])"
    plain = installed.run("python", "-c", code)
    traced = installed.run("python", "-c", code, MUTAGENT_AUTO="1", PYTHONPATH=bootstrap(installed))
    assert (traced.stdout, traced.stderr) == (plain.stdout, plain.stderr) == ("[]\n", "")


def bootstrap(installed):
    return installed.run("mutagent", "auto", "path").stdout.strip()


def test_the_bootstrap_directory_holds_one_file(wheel, installed):
    directory = Path(bootstrap(installed))
    assert str(installed.home / "env") in str(directory)
    assert [path.name for path in directory.iterdir() if path.suffix == ".py"] == ["sitecustomize.py"]


def test_the_demo_asks_for_what_it_needs(wheel, installed):
    done = installed.run("mutagent", "demo")
    assert done.returncode != 0
    assert "mutagent-sdk[demo]" in done.stderr or "pip install" in done.stderr


def test_it_can_be_uninstalled_without_a_trace(wheel, installed):
    installed.pip("uninstall", "--yes", "mutagent-sdk")
    done = installed.run("python", "-c", "import mutagent", PYTHONPATH=str(installed.home))
    assert "No module named 'mutagent'" in done.stderr
    site = installed.home / "env" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    assert [path.name for path in site.glob("*mutagent*")] == []
