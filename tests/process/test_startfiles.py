"""``mutagent auto enable`` and its opposite, and the other subcommands, in an environment of their own."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.process.startup import BOOTSTRAP, WATCHED, Environment

SHOW = f"print({WATCHED})"
ON = {"MUTAGENT_AUTO": "1", "MUTAGENT_INSTRUMENT": "standin"}


@pytest.fixture
def environment(tmp_path):
    return Environment(tmp_path)


def auto(environment, *words, **variables):
    return environment.run("-m", "mutagent", "auto", *words, **variables)


def files(environment):
    names = ("_mutagent_auto_start.py", "mutagent_auto.start", "mutagent_auto.pth")
    return [str(environment.site / name) for name in names]


def test_enable_turns_the_variable_on_for_the_environment_and_disable_off(environment):
    prefix = environment.site.parents[2]
    expected = "".join(f"wrote {path}\n" for path in files(environment))
    expected += f"Programs of {prefix} are traced when MUTAGENT_AUTO=1. Undo: mutagent auto disable\n"
    assert auto(environment, "enable") == (0, expected, "")
    assert environment.run("-c", SHOW, **ON) == (0, "['standin']\n", "")
    assert environment.run("-I", "-c", SHOW, **ON) == (0, "['standin']\n", "")
    assert environment.run("-c", SHOW) == (0, "None\n", "")
    assert environment.run("-c", SHOW, **{**ON, "MUTAGENT_AUTO": "0"}) == (0, "None\n", "")

    removed = "".join(f"removed {path}\n" for path in reversed(files(environment)))
    assert auto(environment, "disable") == (0, removed, "")
    assert environment.run("-c", SHOW, **ON) == (0, "None\n", "")
    assert auto(environment, "disable") == (0, f"nothing to remove in {environment.site}\n", "")


def test_enabling_twice_and_beside_the_bootstrap_makes_one_trigger(environment):
    assert auto(environment, "enable") == auto(environment, "enable")
    count = "print(sum(type(finder).__name__ == 'TriggerFinder' for finder in __import__('sys').meta_path))"
    assert environment.run("-c", count, PYTHONPATH=str(BOOTSTRAP), **ON) == (0, "1\n", "")


def test_after_an_uninstall_the_files_do_nothing(environment):
    auto(environment, "enable")
    (environment.site / "borrowed.pth").unlink()
    assert environment.run("-c", "import mutagent")[0] == 1
    assert environment.run("-c", SHOW, **ON) == (0, "None\n", "")


def test_the_function_that_the_start_file_names_is_the_one_that_acts(environment):
    """Python 3.15 calls it by that name, twice in a virtual environment; here its reading of the file is acted out."""
    auto(environment, "enable")
    (environment.site / "mutagent_auto.pth").unlink()
    named = (environment.site / "mutagent_auto.start").read_text()
    program = f"import pkgutil; start = pkgutil.resolve_name({named.strip()!r}); start(); start(); {SHOW}"
    assert environment.run("-c", program, **ON) == (0, "['standin']\n", "")


def test_nothing_is_imported_where_the_variable_is_not_set(environment):
    auto(environment, "enable")
    program = "import sys; print([m for m in sys.modules if 'mutagent' in m])"
    assert environment.run("-c", program) == (0, "[]\n", "")


def test_the_runner_does_not_complain_of_a_flag_that_start_files_survive(environment):
    words = ("-m", "mutagent.auto", "-c", SHOW)
    assert "off under -I" in environment.run("-I", *words)[2]
    auto(environment, "enable")
    assert environment.run("-I", *words, MUTAGENT_INSTRUMENT="standin") == (0, "['standin']\n", "")


def test_a_site_directory_that_cannot_be_written_is_named(environment):
    (environment.site / "_mutagent_auto_start.py").mkdir()
    complaint = (
        f"mutagent: {environment.site / '_mutagent_auto_start.py'}: Is a directory.\n"
        "mutagent: use a virtual environment, or PYTHONPATH (`mutagent auto env`).\n"
    )
    assert auto(environment, "enable") == (1, "", complaint)


def test_path_prints_the_directory_for_pythonpath(environment):
    code, output, _ = auto(environment, "path")
    assert (code, output) == (0, f"{BOOTSTRAP}\n")
    assert environment.run("-c", SHOW, PYTHONPATH=output.strip(), **ON)[1] == "['standin']\n"


def test_env_prints_a_section_for_each_place(environment):
    expected = f"""\
# shell
export MUTAGENT_AUTO=1
export PYTHONPATH={BOOTSTRAP}"${{PYTHONPATH:+:$PYTHONPATH}}"

# Dockerfile; the path is that of this environment, so run this command in the image
ENV MUTAGENT_AUTO=1
ENV PYTHONPATH="{BOOTSTRAP}${{PYTHONPATH:+:${{PYTHONPATH}}}}"

# Kubernetes, under spec.containers[]; the path is that of this environment, so run this command in the image
env:
  - name: MUTAGENT_AUTO
    value: "1"
  - name: PYTHONPATH
    value: "{BOOTSTRAP}"
"""
    assert auto(environment, "env") == (0, expected, "")
    sections = [auto(environment, "env", "--format", name)[1] for name in ("shell", "docker", "kubernetes")]
    assert "\n".join(sections) == expected


@pytest.mark.skipif(not shutil.which("sh"), reason="needs a POSIX shell")
@pytest.mark.parametrize("before", [None, "/a"])
def test_the_shell_lines_do_what_they_say(environment, before):
    lines = auto(environment, "env", "--format", "shell")[1]
    given = {} if before is None else {"PYTHONPATH": before}
    shell = subprocess.run(
        ["sh", "-c", f'{lines}\necho "$PYTHONPATH"; exec {environment.python} -c "{SHOW}"'],
        env=environment.variables(MUTAGENT_INSTRUMENT="standin", **given),
        capture_output=True,
        text=True,
        timeout=60,
    )
    path = str(BOOTSTRAP) if before is None else f"{BOOTSTRAP}{os.pathsep}{before}"
    assert (shell.returncode, shell.stdout, shell.stderr) == (0, f"{path}\n['standin']\n", "")


def test_a_missing_subcommand_is_a_usage_error(environment):
    code, _, complaint = auto(environment)
    assert (code, "the following arguments are required: COMMAND" in complaint) == (2, True)


def test_this_python_is_the_one_under_test(environment):
    assert environment.run("-c", "import sys; print(sys.version)")[1] == f"{sys.version}\n"
