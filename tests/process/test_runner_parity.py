"""Under the runner a program sees what it sees without it."""

import os
import signal
import stat
import sys
import zipapp

import pytest

from tests.process.startup import BOOTSTRAP, DEADLINE, Environment

PROBE = f"""
import json, os, pickle, signal, sys

main = sys.modules["__main__"]


class Thing:
    pass


spec = main.__spec__
print(json.dumps({{
    "argv": sys.argv,
    "orig_argv": sys.orig_argv,
    "path": [entry for entry in sys.path if entry != {str(BOOTSTRAP)!r}],
    "main": {{name: repr(value).split(" at 0x")[0] for name, value in sorted(vars(main).items())
             if name.startswith("__") and name != "__spec__"}},
    "spec": spec and [spec.name, spec.origin, type(spec.loader).__name__, spec.parent],
    "flags": str(sys.flags),
    "xoptions": sys._xoptions,
    "warnoptions": sys.warnoptions,
    "executable": sys.executable,
    "prefix": sys.prefix,
    "cwd": os.getcwd(),
    "stdin": "" if not sys.argv[0] or sys.argv[0] == "-" else sys.stdin.read(),
    "encodings": [sys.stdin.encoding, sys.stdin.errors, sys.stdout.encoding, sys.getfilesystemencoding()],
    "signals": [str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)],
    "locale": {{name: value for name, value in os.environ.items() if name.startswith(("LC_", "LANG"))}},
    "pickled": type(pickle.loads(pickle.dumps(Thing()))) is Thing,
}}))
sys.exit(7)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return Environment(tmp_path_factory.mktemp("parity"))


@pytest.fixture(scope="module")
def programs(tmp_path_factory, environment):
    """The probe in every form that Python can run."""
    root = tmp_path_factory.mktemp("programs")
    for path in ("script.py", "package/__main__.py", "package/__init__.py", "package/module.py", "folder/__main__.py"):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text("" if path.endswith("__init__.py") else PROBE)
    zipapp.create_archive(root / "folder", root / "app.pyz")
    command = root / "commands" / "probe-command"
    command.parent.mkdir()
    command.write_text(f"#!{environment.python}\n{PROBE}")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return root


FORMS = {
    "script": ["script.py", "one", "--two=2", "-x", ""],
    "script with a relative path": ["./package/../script.py", "a b"],
    "package": ["-m", "package", "one"],
    "package glued": ["-mpackage", "one"],
    "module": ["-m", "package.module", "--summary"],
    "directory": ["folder", "one"],
    "zip": ["app.pyz", "one"],
    "code": ["-c", PROBE, "one", "-m"],
}
FLAGS = ([], ["-O", "-X", "dev", "-W", "error"], ["-Bs"])


@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_program_sees_the_same_process(environment, programs, form, flags):
    plain = environment.run(*flags, *form, cwd=programs, stdin="what was piped in")
    traced = environment.run(*flags, "-m", "mutagent.auto", *form, cwd=programs, stdin="what was piped in")
    assert plain[0] == 7
    assert traced == plain


@pytest.mark.parametrize("words", [["-"], ["-", "one"]], ids=len)
def test_a_program_on_standard_input_sees_the_same_process(environment, words):
    plain = environment.run(*words, stdin=PROBE)
    assert plain[0] == 7
    assert environment.run("-m", "mutagent.auto", *words, stdin=PROBE) == plain


def test_a_command_on_path_sees_the_same_process(environment, programs):
    path = f"{programs / 'commands'}{os.pathsep}{os.environ['PATH']}"
    plain = environment.run("one", executable=programs / "commands" / "probe-command", PATH=path)
    assert plain[0] == 7
    assert environment.run("-m", "mutagent.auto", "probe-command", "one", PATH=path) == plain


@pytest.mark.parametrize(
    "variables", [{"LANG": "C"}, {}, {"LC_ALL": "C"}, {"LC_CTYPE": "C.UTF-8"}, {"PYTHONUTF8": "1"}]
)
def test_the_locale_is_the_same(environment, programs, variables):
    plain = environment.run("script.py", cwd=programs, **variables)
    assert environment.run("-m", "mutagent.auto", "script.py", cwd=programs, **variables) == plain


@pytest.mark.parametrize(
    "flags", [["-Om", "mutagent.auto"], ["-Ommutagent.auto"], ["-O", "-mmutagent.auto"]], ids=" ".join
)
def test_flags_glued_to_the_runner_reach_the_program(environment, flags):
    show = "import sys; print(sys.orig_argv[1:-1], sys.flags.optimize)"
    assert environment.run(*flags, "-c", show) == (0, "['-O', '-c'] 1\n", "")


def test_safe_path_reaches_the_program(environment, programs):
    if sys.version_info < (3, 11):
        pytest.skip("-P came with Python 3.11")
    code, output, _ = environment.run("-P", "-m", "mutagent.auto", "script.py", cwd=programs)
    assert (code, "safe_path=True" in output) == (7, True)


ENDINGS = {
    "an exception": "def f():\n    raise ValueError('of the user')\nf()",
    "sys.exit(3)": "import sys; sys.exit(3)",
    "sys.exit with a text": "import sys; sys.exit('of the user')",
    "a syntax error": "def (",
    "os._exit": "import os; os._exit(5)",
}


@pytest.mark.parametrize("code", ENDINGS.values(), ids=ENDINGS)
def test_a_program_ends_the_same_way(environment, tmp_path, code):
    program = tmp_path / "program.py"
    program.write_text(code)
    plain = environment.run(program)
    assert plain[0] != 0
    assert environment.run("-m", "mutagent.auto", program) == plain


def test_a_program_that_does_not_exist_is_reported_by_python(environment):
    assert environment.run("-m", "mutagent.auto", "absent.py") == environment.run("absent.py")


def interrupted(environment, *words):
    process = environment.started(*words)
    with process:
        assert process.stdout.readline() == f"{process.pid}\n"
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=DEADLINE)
    return process.returncode, output


# Blocked until it is there, so that the traceback names the same line each time.
INTERRUPTED = """
import os, signal, time

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
print(os.getpid(), flush=True)
while signal.SIGINT not in signal.sigpending():
    time.sleep(0.01)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
print("never printed")
"""


def test_ctrl_c_reaches_the_program_in_the_same_process(environment, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(INTERRUPTED)
    plain = interrupted(environment, program)
    assert plain[0] in (-signal.SIGINT, 130)
    assert "KeyboardInterrupt" in plain[1][1]
    assert interrupted(environment, "-m", "mutagent.auto", program) == plain


SPAWN_POOL = """
import atexit, multiprocessing, os, pickle, threading


class Job:
    def __init__(self, number):
        self.number = number


def work(job):
    return Job(job.number * 2)


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print([job.number for job in pool.map(work, [Job(1), Job(2)])])
    atexit.register(lambda: print("at exit", type(pickle.loads(pickle.dumps(Job(1)))) is Job))
"""


def test_classes_of_main_travel_to_a_spawn_pool_and_back(environment, tmp_path):
    program = tmp_path / "pool.py"
    program.write_text(SPAWN_POOL)
    plain = environment.run(program)
    assert plain == (0, "[2, 4]\nat exit True\n", "")
    assert environment.run("-m", "mutagent.auto", program) == plain
