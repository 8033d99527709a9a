"""What the doctor says about the start of programs: every way to switch tracing on, and what blocks it."""

import sys
from pathlib import Path

import pytest

from mutagent.auto import startfiles
from tests.process.doctor import Patient, only_mutagent
from tests.process.startup import BOOTSTRAP, ROOT, Environment

RUNS = ("ok", "runner", "python -m mutagent.auto app.py traces the program", "", "")
BLOCKED = "python -m mutagent.auto app.py does not trace from the start"
PLAIN_BLOCKED = "python app.py is not traced from the start although MUTAGENT_AUTO=1"
INSTRUMENT = "call mutagent.auto.instrument() at the top of the program"


@pytest.fixture
def patient(tmp_path):
    # No library: only the start is looked at here.
    return only_mutagent(tmp_path)


def test_the_runner_works_and_a_plain_start_needs_the_variable(patient):
    assert patient.doctor().group("startup") == [
        RUNS,
        (
            "note",
            "plain start",
            "python app.py is not traced by itself: MUTAGENT_AUTO is not set",
            "",
            "use the runner, or see `mutagent auto env`",
        ),
    ]


def test_two_variables_make_a_plain_start_work(patient):
    found = patient.doctor(MUTAGENT_AUTO="1", PYTHONPATH=str(BOOTSTRAP)).group("startup")
    what = "python app.py is traced too: MUTAGENT_AUTO=1 and start-up code is in place"
    assert found == [RUNS, ("ok", "plain start", what, "", "")]


def test_the_variable_alone_is_a_problem(patient):
    report = patient.doctor(MUTAGENT_AUTO="1")
    assert report.code == 1
    assert report.group("startup")[1] == (
        "problem",
        "plain start",
        PLAIN_BLOCKED,
        "the variable alone does nothing: the bootstrap directory is not on PYTHONPATH, there are no start files",
        "`mutagent auto env` prints both variables; `mutagent auto enable` writes start files",
    )


def test_start_files_make_a_plain_start_work_even_under_isolation(patient):
    startfiles.enable(str(patient.site))
    report = patient.doctor(flags=("-I",), MUTAGENT_AUTO="1")
    assert [found[:2] for found in report.group("startup")] == [
        ("ok", "runner"),
        ("ok", "plain start"),
        ("ok", "start files"),
    ]


@pytest.mark.parametrize("flag", ["-I", "-E"])
def test_a_flag_that_switches_start_up_code_off_is_named(patient, flag):
    report = patient.doctor(flags=(flag,), MUTAGENT_AUTO="1", PYTHONPATH=str(BOOTSTRAP))
    why, do = f"start-up code is switched off by {flag}", f"run without {flag}, or {INSTRUMENT}"
    assert report.group("startup") == [
        ("problem", "runner", BLOCKED, why, do),
        ("problem", "plain start", PLAIN_BLOCKED, why, do),
    ]
    assert report.about("flags")["facts"] == {"flags": [flag]}


def test_without_site_nothing_starts(patient):
    code, out, _ = patient.run(
        *("-S", "-c", f"import sys; sys.path.append({str(ROOT)!r}); from mutagent.cli import main; sys.exit(main())"),
        *("doctor", "--timeout", "50"),
    )
    assert code == 1
    assert f"run without -S, or {INSTRUMENT}" in " ".join(out.split())


def test_a_switch_that_says_off_is_named(patient):
    report = patient.doctor(MUTAGENT_AUTO="0")
    assert report.group("startup") == [
        (
            "warning",
            "switch",
            "MUTAGENT_AUTO=0: nothing is traced automatically",
            "it wins over the runner and over instrument()",
            "unset MUTAGENT_AUTO",
        )
    ]


def test_mutagent_in_the_current_directory_only_is_a_problem(tmp_path):
    bare = Patient(tmp_path, with_mutagent=False)
    report = bare.doctor(cwd=ROOT)
    assert report.group("startup")[0] == (
        "problem",
        "runner",
        BLOCKED,
        "start-up code can't import mutagent: it was found in the current directory only",
        f"install it, or set PYTHONPATH={ROOT}",
    )


def test_a_sitecustomize_in_front_of_ours_is_named(patient, tmp_path):
    other = _sitecustomize(tmp_path / "theirs")
    report = patient.doctor(MUTAGENT_AUTO="1", PYTHONPATH=f"{other.parent}:{BOOTSTRAP}")
    level, _, what, why, do = report.group("startup")[-1]
    assert (level, what) == ("problem", PLAIN_BLOCKED)
    assert why == f"{other} comes first and is the only sitecustomize that Python runs"
    assert do.startswith("put the bootstrap directory (`mutagent auto path`) first on PYTHONPATH")


def test_a_sitecustomize_that_ours_runs_as_well_is_noted(patient, tmp_path):
    other = _sitecustomize(tmp_path / "theirs")
    found = patient.doctor(PYTHONPATH=str(other.parent)).group("startup")
    assert found[:2] == [RUNS, ("note", "sitecustomize", f"another sitecustomize runs as well: {other}", "", "")]


def test_the_bootstrap_of_another_installation_is_named(patient, tmp_path):
    theirs = tmp_path / "old" / "mutagent" / "auto" / "bootstrap"
    theirs.mkdir(parents=True)
    (level, about, what, _, do) = patient.doctor(PYTHONPATH=str(theirs)).group("startup")[-1]
    assert (level, about, what) == ("warning", "PYTHONPATH", f"{theirs} belongs to another installation of mutagent")
    assert do


def test_an_interpreter_of_another_environment_than_the_active_one_is_named(patient, tmp_path):
    active = Environment(tmp_path / "active")
    directory = str(Path(active.python).parents[1])
    found = patient.doctor(VIRTUAL_ENV=directory).about("environment")
    here = str(Path(patient.python).parents[1])
    assert (found["level"], found["what"]) == ("warning", f"{directory} is active, and this is the Python of {here}")
    assert not [row for row in patient.doctor(VIRTUAL_ENV=here).levels() if row[0] == "environment"]


def test_an_older_release_that_is_installed_beside_this_one_is_named(patient):
    patient.put_metadata("mutagent_sdk", "0.4.1")
    found = patient.doctor().about("mutagent")
    assert found["level"] == "warning"
    assert found["what"].endswith("but mutagent-sdk 0.4.1 is installed")


def test_a_python_that_cannot_start_is_told(patient):
    # Start-up code of somebody else's that ends the process, under the runner's variable only.
    patient.put_start_code("import os, sys\nif os.environ.get('MUTAGENT_RUN_ID'): os._exit(7)")
    level, _, what, why, _ = patient.doctor().group("startup")[0]
    assert (level, what, why) == ("problem", BLOCKED, "Python itself ended with exit code 7")


def test_the_python_is_described(patient):
    version = ".".join(map(str, sys.version_info[:3]))
    assert patient.doctor().about("python")["facts"] == {
        "implementation": "CPython",
        "version": version,
        "executable": patient.python,
        "prefix": str(Path(patient.python).parents[1]),
    }


def _sitecustomize(directory):
    directory.mkdir()
    path = directory / "sitecustomize.py"
    path.write_text("")
    return path
