"""What the doctor says about libraries: real ones, broken ones, and those that others have wrapped."""

import os
from importlib.metadata import version

import pytest

from tests.process.doctor import Patient, only_mutagent

OPENAI, ANTHROPIC = version("openai"), version("anthropic")
# A tracer as they all do it: a wrapt wrapper over the method, put there when the library is imported.
TRACER = """
import langfuse_standin, wrapt

wrapt.register_post_import_hook(langfuse_standin.wrap, "openai.resources.chat.completions.completions")
"""
WRAPS = """
def wrap(module):
    import wrapt

    wrapt.wrap_function_wrapper(module, "Completions.create", {function})
"""


@pytest.fixture
def patient(tmp_path):
    return Patient(tmp_path)


# One library is enough where one is the subject.
ONE = {"MUTAGENT_INSTRUMENT": "openai"}


def test_of_real_libraries_every_target_is_patched(patient):
    report = patient.doctor()
    assert report.code == 0
    assert report.group("libraries")[:2] == [
        ("ok", "openai", f"{OPENAI}: all {_done(report, 'openai')} targets patched", "", ""),
        ("ok", "anthropic", f"{ANTHROPIC}: all {_done(report, 'anthropic')} targets patched", "", ""),
    ]
    # Deferred modules were imported: there is nothing left that waits.
    states = {target["state"] for name in ("openai", "anthropic") for target in _targets(report, name)}
    assert states <= {"patched", "absent"}


def test_a_library_behind_a_gate_is_looked_at_too(patient):
    pytest.importorskip("botocore")
    states = {target["state"] for target in _targets(patient.doctor(MUTAGENT_INSTRUMENT="bedrock"), "bedrock")}
    # aiobotocore may not be there.
    assert states - {"absent"} == {"patched"}


def test_a_target_is_described_whole(patient):
    assert _targets(patient.doctor(**ONE), "openai")[0] == {
        "module": "openai.resources.chat.completions.completions",
        "path": "Completions.create",
        "state": "patched",
        "late": False,
        "above": [],
        "below": [],
        "hook": False,
    }


def test_without_any_library_it_says_so(tmp_path):
    report = only_mutagent(tmp_path).doctor()
    level, about, what, _, do = report.group("libraries")[0]
    assert (level, about, what) == ("warning", "none", "no library that is traced by itself is installed here")
    assert do
    names = report.about("not installed")["facts"]["names"]
    assert {"openai", "anthropic"} <= set(names)


def test_what_mutagent_itself_needs_and_lacks_is_a_problem(tmp_path):
    report = only_mutagent(tmp_path).doctor()
    assert report.code == 1
    lacking = ("problem", "dependencies", "wrapt is not installed", "mutagent needs wrapt", "pip install 'wrapt'")
    assert lacking in report.group("python")


def test_a_library_that_is_too_old_is_a_problem(patient):
    patient.put_library("openai", "0.28.1", init="class ChatCompletion:\n    pass\n")
    report = patient.doctor(**ONE)
    found = report.about("openai")
    assert report.code == 1
    assert (found["level"], found["facts"]["version"], found["facts"]["state"]) == ("problem", "0.28.1", "unpatched")
    assert found["why"].startswith("supported is openai>=")
    assert found["do"].startswith("pip install 'openai>=")


def test_a_target_that_is_gone_is_named_and_the_others_still_count(patient):
    patient.put_library("openai", OPENAI)
    directory = patient.site / "openai" / "resources" / "embeddings"
    directory.mkdir(parents=True)
    for path in (directory, directory.parent, directory.parents[1]):
        (path / "__init__.py").write_text("")
    (directory.parent / "embeddings.py").write_text("class Embeddings:\n    def create(self): ...\n")
    directory.joinpath("__init__.py").unlink()
    directory.rmdir()
    found = patient.doctor(**ONE).about("openai")
    assert (found["level"], found["what"]) == ("note", f"{OPENAI}: 1 of 2 targets patched")
    assert found["why"].endswith("missing: AsyncEmbeddings.create")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise RuntimeError('no GPU here')", "RuntimeError: no GPU here"),
        ("import a_module_that_is_nowhere", "ModuleNotFoundError: No module named 'a_module_that_is_nowhere'"),
        ("import os; os._exit(3)", "the process ended with exit code 3"),
        ("import os; os.kill(os.getpid(), 11)", "the process was killed by SIGSEGV"),
        ("import sys; sys.exit('not on this machine')", "the process ended with exit code 1: not on this machine"),
    ],
    ids=["raises", "lacks a module", "exits", "crashes", "leaves"],
)
def test_a_library_that_breaks_when_it_is_imported_is_a_finding(patient, text, reason):
    patient.put_library("openai", OPENAI, init=text)
    report = patient.doctor(**ONE)
    found = report.about("openai")
    assert (report.code, report.err) == (1, "")
    assert (found["level"], found["what"], found["why"]) == (
        "problem",
        f"{OPENAI} can't be imported, with or without tracing",
        reason,
    )


def test_a_broken_library_leaves_the_others_as_they_are(patient):
    patient.put_library("openai", OPENAI, init="import os; os.abort()")
    assert patient.doctor().about("anthropic")["level"] == "ok"


def test_a_library_that_breaks_only_under_tracing_is_told_apart(patient):
    patient.put_library("openai", OPENAI, init="import sys\nif 'wrapt' in sys.modules: raise ValueError('wrapt')")
    found = patient.doctor(**ONE).about("openai")
    assert (found["what"], found["why"]) == (f"{OPENAI} can be imported, but not with tracing on", "ValueError: wrapt")
    assert found["do"].startswith("set MUTAGENT_DISABLE=openai")


def test_a_library_that_never_comes_back_ends_with_the_time(patient):
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    patient.put_library("openai", OPENAI, init=child + "import time; time.sleep(600)")
    report = patient.doctor("--timeout", "8", **ONE)
    found = report.about("openai")
    assert (found["level"], found["what"]) == ("warning", f"{OPENAI}: its import did not end in time")
    assert found["do"] == "mutagent doctor --timeout 60"


def test_libraries_are_imported_in_another_process(patient):
    patient.put_library("openai", OPENAI, init="import os; raise RuntimeError(f'{os.getpid()} {os.getppid()}')")
    report = patient.doctor(**ONE)
    child, parent = report.about("openai")["why"].removeprefix("RuntimeError: ").split()
    assert child != parent != str(os.getpid())


def test_what_a_library_prints_does_not_get_into_the_answer(patient):
    patient.put_library("openai", OPENAI, init="import sys; print('hello'); print('there', file=sys.stderr)")
    report = patient.doctor(**ONE)
    assert report.err == ""
    assert report.about("openai")["facts"]["state"] == "unpatched"


def test_no_key_is_in_the_environment_of_a_library(patient):
    text = "import os; raise RuntimeError(' '.join(sorted(n for n in os.environ if n.startswith('MUTAGENT_'))))"
    patient.put_library("openai", OPENAI, init=text)
    why = patient.doctor(MUTAGENT_API_KEY="mt_0123456789abcdef", **ONE).about("openai")["why"]
    assert why == "RuntimeError: MUTAGENT_AUTO MUTAGENT_HOME MUTAGENT_INSTRUMENT MUTAGENT_LOCAL MUTAGENT_RUN_ID"


def test_another_tracer_below_ours_is_named(patient):
    _put_tracer(patient, "lambda wrapped, instance, args, kwargs: wrapped(*args, **kwargs)")
    patient.put_start_code(TRACER)
    found = patient.doctor(**ONE).about("openai")
    assert (found["level"], found["why"]) == ("note", "Langfuse wraps it too: both record each call")
    assert _targets_named(found, "Completions.create") == [("patched", [], ["Langfuse"])]


def test_another_tracer_above_ours_is_named(patient):
    _put_tracer(patient, "lambda wrapped, instance, args, kwargs: wrapped(*args, **kwargs)")
    _wrap_at_the_end_of_the_import(patient)
    found = patient.doctor(**ONE).about("openai")
    assert _targets_named(found, "Completions.create") == [("patched", ["Langfuse"], [])]


def test_a_target_that_another_tool_has_replaced_is_a_problem(patient):
    (patient.site / "langfuse_standin.py").write_text(
        "def wrap(module):\n    module.Completions.create = lambda self, **kwargs: None\n"
    )
    patient.put_metadata("langfuse", "3.0")
    _wrap_at_the_end_of_the_import(patient)
    report = patient.doctor(**ONE)
    found = report.about("openai")
    assert report.code == 1
    assert (found["level"], found["why"]) == (
        "problem",
        "langfuse_standin has replaced it after us, and does not call ours; replaced: Completions.create",
    )
    assert found["do"] == "switch langfuse_standin off for this library"


def test_installed_tracers_are_named(patient):
    patient.put_metadata("sentry_sdk", "2.0")
    patient.put_metadata("opentelemetry_instrumentation_openai_v2", "2.0")
    assert patient.doctor(**ONE).about("other tracers")["facts"]["tools"] == ["OpenTelemetry", "Sentry"]


def test_langsmith_which_langchain_brings_along_is_named_where_it_is_switched_on(patient):
    patient.put_metadata("langsmith", "0.4")
    assert "other tracers" not in dict(patient.doctor(**ONE).levels())
    patient.put_metadata("sentry_sdk", "2.0")
    found = patient.doctor(LANGSMITH_TRACING="true", **ONE).about("other tracers")
    assert found["facts"]["tools"] == ["LangSmith", "Sentry"]


def test_a_library_that_the_settings_leave_out_is_not_imported(patient):
    patient.put_library("openai", OPENAI, init="raise RuntimeError")
    found = patient.doctor(MUTAGENT_DISABLE="openai").about("openai")
    assert (found["level"], found["what"]) == (
        "note",
        f"{OPENAI}, left out by MUTAGENT_INSTRUMENT or MUTAGENT_DISABLE",
    )
    assert patient.doctor(MUTAGENT_INSTRUMENT="anthropic").about("openai")["facts"]["state"] == "left out"


def test_a_file_that_hides_a_library_is_found_and_not_run(patient):
    (patient.home / "openai.py").write_text("raise SystemExit('this is my script')")
    report = patient.doctor(**ONE)
    (found,) = [found for found in report.group("libraries") if "hides" in found[2]]
    assert found == (
        "warning",
        "openai",
        f"{patient.home / 'openai.py'} hides the library for what is started in this directory",
        "Python looks there first",
        "rename openai.py",
    )
    assert ("ok", "openai", f"{OPENAI}: all {_done(report, 'openai')} targets patched", "", "") in report.group(
        "libraries"
    )


def _put_tracer(patient, function):
    (patient.site / "langfuse").mkdir()
    (patient.site / "langfuse" / "__init__.py").write_text(WRAPS.format(function=function))
    (patient.site / "langfuse_standin.py").write_text("from langfuse import wrap\n")
    patient.put_metadata("langfuse", "3.0")


def _wrap_at_the_end_of_the_import(patient):
    """As a program does that switches the other tracer on after its imports: at the last module that we look at."""
    patient.put_start_code(
        """
        import sys

        class Last:
            def find_spec(self, name, path=None, target=None):
                module = sys.modules.get("openai.resources.chat.completions.completions")
                if name == "openai.resources.responses.responses" and module is not None:
                    sys.meta_path.remove(self)
                    import langfuse_standin
                    langfuse_standin.wrap(module)

        sys.meta_path.insert(0, Last())
        """
    )


def _targets(report, name):
    (found,) = [found for found in report.json["findings"] if found["about"] == name and found["group"] == "libraries"]
    return found["facts"]["targets"]


def _done(report, name):
    (targets,) = [
        found["facts"]["targets"]
        for found in report.json["findings"]
        if found["about"] == name and "targets" in found["facts"]
    ]
    return sum(target["state"] == "patched" for target in targets)


def _targets_named(found, path):
    return [
        (target["state"], target["above"], target["below"])
        for target in found["facts"]["targets"]
        if target["path"] == path and "completions.completions" in target["module"]
    ]
