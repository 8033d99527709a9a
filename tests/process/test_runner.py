"""What the runner itself does: its options, the variables it sets, what it says when it can't help."""

import json
import os
import stat
import sys

import pytest

from tests.process.startup import BOOTSTRAP, ROOT, WATCHED, Environment

SHOW_VARIABLES = (
    "import json, os; print(json.dumps({name: value for name, value in os.environ.items()"
    " if name.startswith(('MUTAGENT_', 'PYTHONPATH')) and name != 'MUTAGENT_HOME'} | {'pid': os.getpid()}))"
)
SHOW_WATCHED = f"print({WATCHED})"
RUN_ID = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return Environment(tmp_path_factory.mktemp("runner"))


def variables(environment, *options, **given):
    code, output, complaints = environment.run("-m", "mutagent.auto", *options, "-c", SHOW_VARIABLES, **given)
    assert (code, complaints) == (0, "")
    return json.loads(output)


def test_a_program_gets_what_it_needs_to_be_traced_here(environment):
    found = variables(environment)
    run_id = found.pop("MUTAGENT_RUN_ID")
    assert found == {
        "MUTAGENT_AUTO": "1",
        "MUTAGENT_LOCAL": "1",
        "MUTAGENT_SUMMARY": "line",
        "MUTAGENT_SUMMARY_PID": str(found["pid"]),
        "PYTHONPATH": str(BOOTSTRAP),
        "pid": found["pid"],
    }
    assert len(bytes.fromhex(run_id)) == 16
    assert run_id != variables(environment)["MUTAGENT_RUN_ID"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--summary"], {"MUTAGENT_SUMMARY": "tree"}),
        (["--quiet"], {"MUTAGENT_SUMMARY": "off"}),
        (["--service", "shop"], {"MUTAGENT_SERVICE": "shop"}),
        (["--service=shop", "--summary", "--"], {"MUTAGENT_SERVICE": "shop", "MUTAGENT_SUMMARY": "tree"}),
    ],
    ids=str,
)
def test_options_travel_as_variables(environment, options, expected):
    assert expected.items() <= variables(environment, *options, MUTAGENT_SUMMARY="line").items()


def test_a_key_or_an_endpoint_keeps_recording_here_off_unless_asked(environment):
    assert "MUTAGENT_LOCAL" not in variables(environment, MUTAGENT_API_KEY="mt_k")
    assert "MUTAGENT_LOCAL" not in variables(environment, MUTAGENT_ENDPOINT="http://127.0.0.1:9")
    assert variables(environment, MUTAGENT_LOCAL="0")["MUTAGENT_LOCAL"] == "0"
    assert variables(environment, "--local", MUTAGENT_API_KEY="mt_k")["MUTAGENT_LOCAL"] == "1"


def test_what_the_user_has_set_stays(environment):
    given = {"MUTAGENT_RUN_ID": RUN_ID, "MUTAGENT_SUMMARY": "off", "MUTAGENT_SERVICE": "shop", "PYTHONPATH": "/a"}
    found = variables(environment, **given)
    assert {name: found[name] for name in given} == {**given, "PYTHONPATH": f"{BOOTSTRAP}{os.pathsep}/a"}


def test_off_wins_and_leaves_the_environment_alone(environment):
    found = variables(environment, "--summary", MUTAGENT_AUTO="0", PYTHONPATH="/a")
    assert found == {"MUTAGENT_AUTO": "0", "PYTHONPATH": "/a", "pid": found["pid"]}
    assert environment.run("-m", "mutagent.auto", "-c", SHOW_WATCHED, MUTAGENT_AUTO="0")[1] == "None\n"


def test_a_runner_in_a_runner_adds_nothing(environment):
    found = variables(environment, "-m", "mutagent.auto", MUTAGENT_RUN_ID=RUN_ID, PYTHONPATH="/a")
    assert found["PYTHONPATH"] == f"{BOOTSTRAP}{os.pathsep}/a"
    assert found["MUTAGENT_RUN_ID"] == RUN_ID
    assert found["MUTAGENT_SUMMARY_PID"] == str(found["pid"])


def test_a_runner_below_a_program_leaves_the_summary_to_the_outer_one(environment):
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-m', 'mutagent.auto', '-c', {SHOW_VARIABLES!r}])"
    _, output, _ = environment.run("-m", "mutagent.auto", "-c", f"import os; print(os.getpid(), flush=True); {inner}")
    outer_pid, found = output.splitlines()
    assert json.loads(found)["MUTAGENT_SUMMARY_PID"] == outer_pid


CHILDREN = f"""
import multiprocessing, os, subprocess, sys


def report():
    print(os.environ["MUTAGENT_RUN_ID"], {WATCHED}, flush=True)


if __name__ == "__main__":
    report()
    subprocess.run([sys.executable, "-c", {f'import os; print(os.environ["MUTAGENT_RUN_ID"], {WATCHED})'!r}])
    child = multiprocessing.get_context("spawn").Process(target=report)
    child.start()
    child.join()
"""


def test_children_are_traced_under_the_same_run_id(environment, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(CHILDREN)
    line = f"{RUN_ID} ['standin']\n"
    words = ("-m", "mutagent.auto", program)
    expected = (0, line * 3, "")
    assert environment.run(*words, MUTAGENT_RUN_ID=RUN_ID, MUTAGENT_INSTRUMENT="standin") == expected


FLAGS_OFF = {
    "-I": "mutagent: start-up hooks are off under -I, so nothing is traced from the start. Run without it, or call "
    "mutagent.auto.instrument() in the program.\n"
}
FLAGS_OFF["-E"] = FLAGS_OFF["-I"].replace("-I", "-E")


@pytest.mark.parametrize("flag", FLAGS_OFF)
def test_a_flag_that_switches_start_up_off_is_named_and_the_program_runs(environment, flag):
    found = environment.run(flag, "-m", "mutagent.auto", "-c", f"print('ran', {WATCHED})")
    assert found == (0, "ran None\n", FLAGS_OFF[flag])
    assert environment.run(flag, "-m", "mutagent.auto", "--quiet", "-c", "print('ran')") == (0, "ran\n", "")


def test_no_site_is_named_and_the_program_runs(environment):
    # Without site there are no site-packages, so mutagent comes from PYTHONPATH.
    words = ("-S", "-m", "mutagent.auto", "-c", f"print('ran', {WATCHED})")
    assert environment.run(*words, PYTHONPATH=str(ROOT)) == (0, "ran None\n", FLAGS_OFF["-I"].replace("-I", "-S"))


@pytest.mark.parametrize("flag", ["-I", "-E"])
def test_what_the_line_tells_to_do_works(environment, flag):
    program = f"import mutagent.auto; mutagent.auto.instrument(); print({WATCHED} is not None)"
    assert environment.run(flag, "-m", "mutagent.auto", "--quiet", "-c", program) == (0, "True\n", "")


def test_mutagent_in_the_current_directory_only_is_said(tmp_path):
    bare = Environment(tmp_path, with_mutagent=False)
    expected = (
        "mutagent: found in the current directory only, where start-up hooks can't find it, so nothing is traced from "
        f"the start. Install it, or set PYTHONPATH={ROOT}\n"
    )
    assert bare.run("-m", "mutagent.auto", "-c", "print('ran')", cwd=ROOT) == (0, "ran\n", expected)


def test_no_words_is_a_usage_error(environment):
    usage = "usage: python -m mutagent.auto [options] app.py|-m module|-c code|-|command [args...]\n"
    assert environment.run("-m", "mutagent.auto") == (2, "", usage)
    assert environment.run("-m", "mutagent.auto", "--summary") == (2, "", usage)
    unknown = f"mutagent.auto: unknown option --sumary\n{usage}"
    assert environment.run("-m", "mutagent.auto", "--sumary", "a.py") == (2, "", unknown)
    misplaced = f"mutagent.auto: unknown option -O; Python's own flags go before -m mutagent.auto\n{usage}"
    assert environment.run("-m", "mutagent.auto", "-O", "a.py") == (2, "", misplaced)


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_is_printed(environment, word):
    code, output, complaints = environment.run("-m", "mutagent.auto", word)
    assert (code, complaints) == (0, "")
    assert "--service NAME   the service name of the spans" in output


def test_the_users_modules_in_the_current_directory_are_not_ours(environment, tmp_path):
    """``python -m`` itself imports some modules from there, so what it imports without us is left out."""
    own = "import sys; print(*sorted(sys.modules))"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "empty.py").write_text(own)
    pythons = environment.run("-m", "empty", cwd=tmp_path / "elsewhere")[1].split()
    # `from __future__ import` is an import too, but nobody has a module of that name.
    shadows = set(sys.stdlib_module_names) - {"__future__"} | {"httpx", "wrapt", "pydantic", "registry", "finder"}
    for name in shadows - set(pythons):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('the runner imported {name}.py')")
    words = ("-m", "mutagent.auto", "--local", "elsewhere/empty.py")
    code, _, complaints = environment.run(*words, cwd=tmp_path, MUTAGENT_AUTO="1")
    assert (code, complaints) == (0, "")


def script(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_virtual_environments_own_command_comes_first(environment, tmp_path):
    script(tmp_path / "commands" / "tool", "#!/bin/sh\necho other\n")
    path = f"{tmp_path / 'commands'}{os.pathsep}{os.environ['PATH']}"
    assert environment.run("-m", "mutagent.auto", "tool", PATH=path) == (0, "other\n", "")
    script(environment.site.parents[2] / "bin" / "tool", f"#!{environment.python}\n{SHOW_WATCHED}\n")
    found = environment.run("-m", "mutagent.auto", "tool", PATH=path, MUTAGENT_INSTRUMENT="standin")
    assert found == (0, "['standin']\n", "")


def test_a_directory_named_like_a_command_does_not_hide_it(environment, tmp_path):
    (tmp_path / "server").mkdir()
    script(tmp_path / "commands" / "server", "#!/bin/sh\necho the command\n")
    path = f"{tmp_path / 'commands'}{os.pathsep}{os.environ['PATH']}"
    assert environment.run("-m", "mutagent.auto", "server", cwd=tmp_path, PATH=path) == (0, "the command\n", "")


def test_a_shell_script_reaches_the_python_it_starts(environment, tmp_path):
    script(tmp_path / "entry.sh", f'#!/bin/sh\nexec {environment.python} -c "{SHOW_WATCHED}"\n')
    words = ("-m", "mutagent.auto", "./entry.sh")
    assert environment.run(*words, cwd=tmp_path, MUTAGENT_INSTRUMENT="standin") == (0, "['standin']\n", "")


def test_a_command_does_not_inherit_ignored_signals(environment):
    code, output, _ = environment.run("-m", "mutagent.auto", "sh", "-c", "kill -PIPE $$; echo still here")
    assert (code < 0, output) == (True, "")


def test_a_command_that_cannot_be_executed_is_reported(environment, tmp_path):
    script(tmp_path / "commands" / "broken", "#!/no/such/interpreter\n")
    path = f"{tmp_path / 'commands'}{os.pathsep}{os.environ['PATH']}"
    complaint = f"mutagent.auto: can't run {tmp_path / 'commands' / 'broken'}: No such file or directory\n"
    assert environment.run("-m", "mutagent.auto", "broken", PATH=path) == (126, "", complaint)


def test_where_there_is_no_exec_a_child_runs_the_program_and_prints_its_summary(environment):
    """The way taken on Windows, run here."""
    child = "import os, sys; print(os.environ['MUTAGENT_SUMMARY_PID'] == str(os.getpid())); sys.exit(5)"
    parent = (
        "import os, sys\n"
        "from mutagent.auto import __main__ as runner, environment, target\n"
        "os.name = 'nt'\n"
        "environ = environment.traced(os.environ, summary=None, local=False, service=None)\n"
        "os.name = 'posix'\n"
        f"words = target.Target(sys.executable, [sys.executable, '-c', {child!r}], True)\n"
        "sys.exit(runner._run_as_child(words, environ))\n"
    )
    assert environment.run("-c", parent) == (5, "True\n", "")


def test_the_name_python_was_called_by_is_kept(environment):
    show = "import sys; print(sys.orig_argv[0], sys.executable)"
    path = f"{os.path.dirname(environment.python)}{os.pathsep}{os.environ['PATH']}"
    code, output, _ = environment.run("-c", f"exec python -m mutagent.auto -c '{show}'", executable="sh", PATH=path)
    assert (code, output) == (0, f"python {environment.python}\n")
