"""Integrations of other packages: real wheels, installed by pip into an environment of the test's own."""

from __future__ import annotations

import zipfile
from pathlib import Path
from textwrap import dedent

import pytest

from tests.process.doctor import Patient
from tests.process.startup import BOOTSTRAP

LIBRARY = """
    class Client:
        def ask(self, *, question):
            return {"answer": question.upper()}
"""
SPEC = """
    from mutagent.integrations.spec import Integration, Request, Response, Target


    def request(given, instance):
        return Request(model="acme-1", provider="acme", input={"text": given["question"]})


    def response(answer):
        return Response(output={"text": answer["answer"]})


    ACME = Integration(
        name="acme",
        distribution="acme-sdk",
        versions=">=1,<2",
        pieces=(Target(("acme_sdk.client",), "Client.ask", "llm.chat", "chat", request, response),),
        traces="`Client.ask`",
    )
"""
GREEDY = """
    import groq

    from acme_mutagent.spec import ACME


    GREEDY = ACME
"""
ENTRY_POINTS = """
    [console_scripts]
    nothing = acme_mutagent.spec:request

    [mutagent.integrations]
    acme = acme_mutagent.spec:ACME
    absent = acme_mutagent.absent:ACME
    function = acme_mutagent.spec:request
    exits = acme_mutagent.exits:ACME
    misnamed = acme_mutagent.greedy:GREEDY
    openai = acme_mutagent.spec:ACME
"""
# Stands for a library that we know: it says when its code runs.
GROQ = "print('groq runs')"


def wheel(directory: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel with these files: https://packaging.python.org/en/latest/specifications/binary-distribution-format/"""
    info = f"{name}-{version}.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    whole = {path.replace("INFO", info): dedent(text).lstrip() for path, text in files.items()} | metadata
    whole[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*whole, f"{info}/RECORD"])
    built = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(built, "w") as archive:
        for path, text in whole.items():
            archive.writestr(path, text)
    return built


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    directory = tmp_path_factory.mktemp("third")
    patient = Patient(directory)
    wheels = (
        wheel(directory, "acme_sdk", "1.2", {"acme_sdk/__init__.py": "", "acme_sdk/client.py": LIBRARY}),
        wheel(
            directory,
            "acme_mutagent",
            "0.1",
            {
                "acme_mutagent/__init__.py": "",
                "acme_mutagent/spec.py": SPEC,
                "acme_mutagent/greedy.py": GREEDY,
                "acme_mutagent/exits.py": "raise SystemExit(3)",
                "INFO/entry_points.txt": ENTRY_POINTS,
            },
        ),
    )
    assert patient.run("-m", "ensurepip")[0] == 0
    done = patient.run("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", *wheels)
    assert done[0] == 0, done
    (patient.site / "groq.py").write_text(GROQ)
    return patient


ASK = "from acme_sdk.client import Client; print(Client().ask(question='why')['answer'])"
SPANS = """
from mutagent.testing import capture
with capture() as captured:
    {program}
print([(span["name"], span["provider"], span["input"], span["output"]) for span in captured.spans])
"""
TRACED = "[('chat acme-1', 'acme', {'text': 'why'}, {'text': 'WHY'})]"


def run(patient, program, **variables):
    return patient.run("-c", program, **{"MUTAGENT_AUTO": "1", "PYTHONPATH": str(BOOTSTRAP), **variables})


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        (f"import groq; {ASK}", f"groq runs\nWHY\n{TRACED}\n"),
        (f"import acme_sdk.client, groq; {ASK}", f"groq runs\nWHY\n{TRACED}\n"),
        (ASK, "WHY\n[]\n"),
    ],
    ids=["after a library of ours", "before it", "without one"],
)
def test_it_is_traced_from_the_import_of_a_library_of_ours_on(patient, program, printed):
    assert run(patient, SPANS.format(program=program)) == (0, printed, "")


def test_it_is_traced_from_the_start_where_it_is_named(patient):
    assert run(patient, SPANS.format(program=ASK), MUTAGENT_INSTRUMENT="acme") == (0, f"WHY\n{TRACED}\n", "")


def test_it_is_traced_where_the_program_asks_for_it(patient):
    program = f"import mutagent.auto; mutagent.auto.instrument('acme'); {ASK}"
    assert patient.run("-c", SPANS.format(program=program)) == (0, f"WHY\n{TRACED}\n", "")


@pytest.mark.parametrize(
    "variables", [{"MUTAGENT_DISABLE": "acme,misnamed,function"}, {"MUTAGENT_INSTRUMENT": "groq"}], ids=str
)
def test_it_is_left_out_where_that_is_said(patient, variables):
    program = f"import groq; {ASK}; import sys; print('acme_mutagent.spec' in sys.modules)"
    assert run(patient, SPANS.format(program=program), **variables) == (0, "groq runs\nWHY\nFalse\n[]\n", "")


def test_nothing_is_looked_for_before(patient):
    loaded = "print([name for name in ('mutagent.auto.entrypoints', 'acme_mutagent') if name in sys.modules])"
    program = f"import sys, json, http.client, acme_sdk; {loaded}"
    assert run(patient, program) == (0, "[]\n", "")


BROKEN = {
    "absent": "ModuleNotFoundError: No module named 'acme_mutagent.absent'",
    "function": "TypeError: acme_mutagent.spec:request is a function, and no Integration",
    "exits": "ImportError: acme_mutagent.exits:ACME ends the process when it is imported",
    "misnamed": "ValueError: acme_mutagent.greedy:GREEDY calls itself 'acme', and its entry point 'misnamed'",
}


def test_one_that_is_broken_hurts_nobody_and_status_says_why(patient):
    program = (
        "import groq, mutagent.auto\n"
        "for row in mutagent.auto.status():\n"
        "    if row.package: print((row.name, row.package, row.active, row.problem))\n"
    )
    code, out, err = run(patient, program)
    assert (code, err) == (0, "")
    rows = [("acme", "acme_mutagent 0.1", True, None)]
    rows += [(name, "acme_mutagent 0.1", False, problem) for name, problem in BROKEN.items()]
    assert out == "groq runs\n" + "".join(f"{row}\n" for row in rows)


def test_one_that_is_broken_is_an_error_for_who_asks_for_it(patient):
    code, _, err = patient.run("-c", "import mutagent.auto; mutagent.auto.instrument('absent')")
    assert code == 1
    assert err.endswith(
        f"ImportError: the integration 'absent' of acme_mutagent 0.1 can't be loaded: {BROKEN['absent']}\n"
    )


def test_one_that_is_broken_and_named_leaves_the_program_alone(patient):
    assert run(patient, ASK, MUTAGENT_INSTRUMENT="absent,function") == (0, "WHY\n", "")


def test_the_doctor_lists_them(patient):
    report = patient.doctor(MUTAGENT_INSTRUMENT="acme,absent,typo")
    assert report.about("acme")["what"] == "1.2: all 1 targets patched, by acme_mutagent 0.1"
    assert report.about("acme")["level"] == "ok"
    broken = report.about("absent")
    assert (broken["level"], broken["what"], broken["why"]) == (
        "warning",
        "the integration that acme_mutagent 0.1 brings can't be loaded",
        BROKEN["absent"],
    )
    said = [(level, what) for level, about, what, _, _ in report.group("libraries") if about == "MUTAGENT_INSTRUMENT"]
    assert said == [("warning", "names 'typo', and no integration is called so")]
