"""The start-up file on PYTHONPATH: on where it is asked for, else as if it were not there."""

import ensurepip
import json
from pathlib import Path

import pytest

from tests.process.startup import BOOTSTRAP, ROOT, WATCHED, Environment

EXAMPLE = ROOT / "sitecustomize_example"
MODULES = "import json, sys; print(json.dumps(sorted(sys.modules)))"
ON = {"MUTAGENT_AUTO": "1", "MUTAGENT_INSTRUMENT": "standin"}
both_files = pytest.mark.parametrize("directory", [BOOTSTRAP, EXAMPLE], ids=["bootstrap", "example"])


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return Environment(tmp_path_factory.mktemp("bootstrap"))


def modules(environment, **variables):
    code, output, complaints = environment.run("-c", MODULES, **variables)
    assert (code, complaints) == (0, "")
    return set(json.loads(output))


@pytest.mark.parametrize("variables", [{}, {"MUTAGENT_AUTO": "0"}, {"MUTAGENT_AUTO": ""}], ids=str)
@both_files
def test_it_imports_nothing_where_it_is_not_asked_for(environment, directory, variables):
    added = modules(environment, PYTHONPATH=str(directory), **variables) - modules(environment)
    assert added <= {"sitecustomize"}


def test_it_imports_only_our_start_up_files_before_a_library_is_imported(environment):
    added = modules(environment, PYTHONPATH=str(BOOTSTRAP), MUTAGENT_AUTO="1") - modules(environment)
    assert added <= {
        "__future__",
        "atexit",
        "mutagent",
        "mutagent.auto",
        "mutagent.auto.activation",
        "mutagent.auto.finder",
        "mutagent.integrations",
        "mutagent.integrations.registry",
        "sitecustomize",
    }


@pytest.mark.parametrize("word", ["1", "true", "YES", " on "])
@both_files
def test_it_watches_for_imports_where_it_is_asked_for(environment, directory, word):
    variables = {**ON, "MUTAGENT_AUTO": word, "PYTHONPATH": str(directory)}
    assert environment.run("-c", f"print({WATCHED})", **variables) == (0, "['standin']\n", "")


def test_the_variable_alone_works_once_the_program_imports_mutagent(environment):
    program = f"print({WATCHED}); import mutagent; print({WATCHED})"
    assert environment.run("-c", program, **ON) == (0, "None\n['standin']\n", "")


def test_the_first_import_of_a_real_library_installs_the_hooks(environment):
    pytest.importorskip("openai")
    program = (
        "import sys; loaded = ['wrapt' in sys.modules]\n"
        "import openai; loaded.append('wrapt' in sys.modules)\n"
        "import mutagent.auto, mutagent.guard\n"
        "print(loaded, [row.name for row in mutagent.auto.status() if row.active], mutagent.guard.failures)\n"
        "mutagent.auto.uninstrument()\n"
        "print([row.name for row in mutagent.auto.status() if row.active])\n"
    )
    variables = {"MUTAGENT_AUTO": "1", "MUTAGENT_INSTRUMENT": "openai", "PYTHONPATH": str(BOOTSTRAP)}
    assert environment.run("-c", program, **variables) == (0, "[False, True] ['openai'] {}\n[]\n", "")


def test_the_tracer_is_loaded_with_the_first_part_of_a_library_that_is_used(environment):
    pytest.importorskip("openai")
    program = (
        "import sys, openai\n"
        # Older clients import all their resources at once.
        "used = 'openai.resources.chat.completions' in sys.modules\n"
        "print(used is ('mutagent.tracing' in sys.modules) is ('mutagent.integrations.engine' in sys.modules))\n"
        "import openai.resources.chat.completions, mutagent.auto, mutagent.guard\n"
        "openai.resources.chat.completions.Completions\n"
        "print('mutagent.integrations.specs.openai.realtime' in sys.modules, mutagent.guard.failures)\n"
        "(row,) = [row for row in mutagent.auto.status() if row.name == 'openai']\n"
        "print({target.state for target in row.targets if target.path.startswith('Completions.')})\n"
    )
    variables = {"MUTAGENT_AUTO": "1", "MUTAGENT_INSTRUMENT": "openai", "PYTHONPATH": str(BOOTSTRAP)}
    code, output, complaints = environment.run("-c", program, **variables)
    assert (code, complaints) == (0, "")
    loaded, realtime, states = output.splitlines()
    assert (loaded, realtime) == ("True", "False {}")
    assert "'patched'" in states


def test_a_library_costs_a_program_only_its_own_description(environment):
    program = (
        "import anthropic, sys\nfrom mutagent.auto import status\n"
        "specs = [name.split('.')[3] for name in sys.modules if name.startswith('mutagent.integrations.specs.')]\n"
        "print({name.partition('_')[0] for name in specs})\n"
        "openai = next(row for row in status() if row.name == 'openai')\n"
        "print(openai.active, {target.state for target in openai.targets})\n"
        "import openai, openai.resources.embeddings\n"
        "openai = next(row for row in status() if row.name == 'openai')\n"
        "print(sorted({target.state for target in openai.targets}))\n"
    )
    expected = "{'anthropic'}\nTrue {'pending'}\n['patched', 'pending']\n"
    variables = {"PYTHONPATH": str(BOOTSTRAP), "MUTAGENT_AUTO": "1"}
    assert environment.run("-c", program, **variables) == (0, expected, "")


def test_a_library_that_is_named_and_not_there_is_an_error(environment):
    program = "import mutagent.auto; mutagent.auto.instrument('no_such_integration')"
    code, _, complaint = environment.run("-c", program)
    assert (code, "\nValueError: no integration 'no_such_integration'" in complaint) == (1, True)


def test_a_run_id_is_made_for_the_process_tree(environment):
    show = "import os; print(os.environ['MUTAGENT_RUN_ID'])"
    child = f"{show}; import subprocess, sys; subprocess.run([sys.executable, '-c', {show!r}])"
    _, output, _ = environment.run("-u", "-c", child, PYTHONPATH=str(BOOTSTRAP), **ON)
    first, second = output.split()
    assert (first, len(bytes.fromhex(first))) == (second, 16)


def test_importing_the_package_is_inert(environment):
    added = modules(environment) ^ modules(environment, PYTHONPATH=str(ROOT))
    assert added == set()
    program = f"import mutagent.auto, sys; print({WATCHED}, 'mutagent.auto.activation' in sys.modules)"
    assert environment.run("-c", program) == (0, "None False\n", "")


def test_a_program_can_turn_it_on_and_off_itself(environment):
    program = (
        "import mutagent.auto as auto, mutagent.auto.activation as activation\n"
        f"auto.instrument(); auto.instrument(); print(activation.is_active(), {WATCHED})\n"
        f"auto.uninstrument(); print(activation.is_active(), {WATCHED})\n"
        f"auto.instrument(); print(activation.is_active(), {WATCHED})\n"
    )
    code, output, complaints = environment.run("-c", program, MUTAGENT_INSTRUMENT="standin")
    assert (code, complaints) == (0, "")
    assert output.splitlines()[:2] == ["True ['standin']", "False []"]
    assert output.splitlines()[2].startswith("True")


def test_off_wins_over_the_program(environment):
    program = (
        "import mutagent.auto as auto, mutagent.auto.activation as activation\n"
        f"auto.instrument(); auto.instrument('openai'); print(activation.is_active(), {WATCHED})\n"
    )
    assert environment.run("-c", program, MUTAGENT_AUTO="0") == (0, "False None\n", "")


def test_a_library_that_is_imported_already_is_taken_at_once(environment):
    (environment.home / "early.py").write_text("")
    program = f"import early, mutagent; print({WATCHED})"
    variables = {"MUTAGENT_AUTO": "1", "MUTAGENT_INSTRUMENT": "early"}
    assert environment.run("-c", program, **variables) == (0, "[]\n", "")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"MUTAGENT_INSTRUMENT": "openai"}, ["openai"]),
        ({"MUTAGENT_INSTRUMENT": " OpenAI , other_library "}, ["openai", "other_library"]),
        ({"MUTAGENT_INSTRUMENT": "openai,anthropic", "MUTAGENT_DISABLE": "openai"}, ["anthropic"]),
    ],
    ids=str,
)
def test_variables_narrow_what_is_watched(environment, variables, expected):
    program = f"import json; print(json.dumps({WATCHED}))"
    _, output, _ = environment.run("-c", program, PYTHONPATH=str(BOOTSTRAP), MUTAGENT_AUTO="1", **variables)
    assert json.loads(output) == expected


def test_disabling_one_leaves_the_others(environment):
    program = f"import json; print(json.dumps({WATCHED}))"
    variables = {"PYTHONPATH": str(BOOTSTRAP), "MUTAGENT_AUTO": "1", "MUTAGENT_DISABLE": "openai"}
    watched = set(json.loads(environment.run("-c", program, **variables)[1]))
    assert ("anthropic" in watched, "openai" in watched) == (True, False)


@pytest.mark.parametrize("trouble", ["raise RuntimeError('broken')", "import no_such_module", "def ("])
@both_files
def test_a_broken_installation_says_nothing(tmp_path, directory, trouble):
    bare = Environment(tmp_path, with_mutagent=False)
    (bare.site / "mutagent" / "auto").mkdir(parents=True)
    (bare.site / "mutagent" / "auto" / "activation.py").write_text(trouble)
    found = bare.run("-c", "import sys; print('ran')", PYTHONPATH=str(directory), MUTAGENT_AUTO="1")
    assert found == (0, "ran\n", "")


@both_files
def test_an_environment_without_mutagent_notices_nothing(tmp_path, directory):
    bare = Environment(tmp_path, with_mutagent=False)
    found = bare.run("-c", f"print({WATCHED})", PYTHONPATH=str(directory), MUTAGENT_AUTO="1")
    assert found == (0, "None\n", "")


def test_pip_notices_nothing(environment):
    bundled = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    if not bundled:
        pytest.skip("this Python carries no pip")
    words = (bundled[-1] / "pip", "--disable-pip-version-check", "list")
    plain = environment.run(*words)
    assert plain[0] == 0
    assert environment.run(*words, PYTHONPATH=str(BOOTSTRAP), MUTAGENT_AUTO="1") == plain
