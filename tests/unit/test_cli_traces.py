"""`mutagent traces`, run as a command on real stores."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mutagent import __version__
from mutagent.store.rows import FILE_NAME
from mutagent.store.writer import StoreWriter
from tests.unit.store_rows import EncodedRow, row, span, span_id, trace_id

ROOT = Path(__file__).parents[2]
DEADLINE = 60


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    other = {"source": "sdk", "sessionId": "s-2", "metadata": {"mutagent.run_id": "run-2"}}
    with closing(StoreWriter(home, 0, 0)) as writer:
        writer.append(
            [
                row(0x11 << 120, 1, name="first", kind="agent"),
                row(0x11 << 120, 2, 1, kind="llm.chat", model="gpt-4o", output={"text": "a\n" * 100}),
                row(0x22 << 120, 3, name="second", status="error", statusMessage="boom", header=other),
                row(0x23 << 120, 4, name="third", endTime=None, header=other),
            ]
        )
    return home


def mutagent(home, *words, **changes):
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "MUTAGENT_HOME": str(home), "TZ": "UTC", **changes}
    variables.pop("COLUMNS", None)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "mutagent", *words],
        env=variables,
        cwd=ROOT,
        capture_output=True,
        encoding=changes.get("PYTHONIOENCODING", "utf-8"),
        timeout=DEADLINE,
    )
    return done.returncode, done.stdout, done.stderr


def listed(home, *words):
    code, out, err = mutagent(home, "traces", "--json", *words)
    return code, [trace["name"] for trace in json.loads(out)["traces"]], err


def test_the_list_is_newest_first(home):
    assert mutagent(home, "traces") == (
        0,
        "TRACE     NAME    STARTED         DURATION  STATUS  SPANS  MODELS  SESSION  SERVICE\n"
        "23000000  third   01-31 12:00:04            open        1          s-2\n"
        "22000000  second  01-31 12:00:03    500 ms  error       1          s-2\n"
        "11000000  first   01-31 12:00:01    500 ms  ok          2  gpt-4o  s-1      agent.py\n",
        "",
    )


def test_one_trace_is_shown_by_the_first_digits_of_its_id(home):
    code, out, err = mutagent(home, "traces", "11")
    assert (code, err) == (0, "")
    assert out.splitlines()[1:] == [
        f"trace {0x11 << 120:032x}",
        "2026-01-31 12:00:01 · 2 spans · gpt-4o",
        "session s-1 · service agent.py · run run-1",
        "",
        "first  agent" + " " * 82 + "500 ms",
        "└─ span 2  llm.chat gpt-4o" + " " * 68 + "500 ms",
        "      out " + "a " * 44 + "a…",
    ]
    assert mutagent(home, "traces", "11", "--full")[1].splitlines()[7:] == ["      out a", *["          a"] * 99]


def test_last_is_the_trace_that_began_last(home):
    assert mutagent(home, "traces", "last")[1].startswith("third · open\n")
    assert mutagent(home, "traces", "last", "--status", "error")[1].startswith("second · error · 500 ms\n")


def test_filters_and_limit(home):
    assert listed(home, "--limit", "2") == (0, ["third", "second"], "")
    assert listed(home, "--session", "s-1") == (0, ["first"], "")
    assert listed(home, "--status", "open") == (0, ["third"], "")
    assert listed(home, "--run", "run-1") == (0, ["first"], "")
    assert listed(home, "--run", "last") == (0, ["third", "second"], "")
    assert listed(home, "--session", "nobody") == (1, [], "mutagent: no trace matches.\n")


def test_json_of_a_list_has_every_key_always(home):
    code, out, _ = mutagent(home, "traces", "--json", "--session", "s-1")
    assert (code, json.loads(out)) == (
        0,
        {
            "traces": [
                {
                    "traceId": f"{0x11 << 120:032x}",
                    "name": "first",
                    "kind": "agent",
                    "status": "ok",
                    "errors": 0,
                    "startTime": "2026-01-31T12:00:01.000000Z",
                    "endTime": "2026-01-31T12:00:02.500000Z",
                    "durationMs": 500.0,
                    "spanCount": 2,
                    "models": ["gpt-4o"],
                    "tokens": {"input": None, "output": None, "total": None},
                    "costUsd": None,
                    "sessionId": "s-1",
                    "userId": None,
                    "service": "agent.py",
                    "environment": None,
                    "runId": "run-1",
                }
            ]
        },
    )


def test_json_of_a_trace_is_its_wire_form(home):
    code, out, _ = mutagent(home, "traces", "22", "--json")
    assert (code, json.loads(out)) == (
        0,
        {
            "traceId": "22" + "0" * 30,
            "source": "sdk",
            "sessionId": "s-2",
            "metadata": {"mutagent.run_id": "run-2"},
            "startTime": "2026-01-31T12:00:03.000000Z",
            "spans": [span(3, name="second", status="error", statusMessage="boom")],
        },
    )


def test_exit_codes_tell_not_found_from_wrong_usage(home, tmp_path):
    assert mutagent(home, "traces", "99") == (
        1,
        "",
        f"mutagent: no trace '99' in {home}; `mutagent traces` lists them.\n",
    )
    code, out, err = mutagent(home, "traces", "2")
    assert (code, out) == (2, "")
    assert err.startswith("mutagent: '2' fits more than one trace: 22000000000000000000000000000000, 23")
    assert mutagent(home, "traces", "--limit", "0")[0] == 2
    assert mutagent(home, "traces", "--colour")[0] == 2
    empty = tmp_path / "nothing"
    code, out, err = mutagent(empty, "traces")
    assert (code, out) == (1, "")
    assert err.startswith(f"mutagent: no traces in {empty}. Record some:")
    assert not empty.exists()


def test_a_damaged_store_is_named_and_left_alone(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"garbage" * 1000)
    assert mutagent(tmp_path, "traces") == (
        1,
        "",
        f"mutagent: the local store can't be read: {tmp_path / FILE_NAME}: file is not a database.\n",
    )


def test_any_output_encoding_is_good_enough(home):
    name = json.dumps("日本語 \ud800 \x1b[31m").encode()
    with closing(StoreWriter(home, 0, 0)) as writer:
        writer.append([EncodedRow(trace_id(1), span_id(1), b"{}", b'{"startTime":"~","name":%s}' % name)])
    for encoding in ("ascii", "latin-1", "utf-8"):
        code, out, err = mutagent(home, "traces", "last", PYTHONIOENCODING=encoding)
        assert (code, err, "\x1b" in out) == (0, "", False)
        assert ("日本語" in out) == (encoding == "utf-8")
    code, out, err = mutagent(home, "traces", "last", "--json")
    assert (code, err, json.loads(out)["spans"][0]["name"]) == (0, "", "日本語 \ud800 \x1b[31m")
    assert out.isascii()
    assert "\x1b" not in out


def test_a_reader_that_leaves_early_is_no_error(home):
    with closing(StoreWriter(home, 0, 0)) as writer:
        writer.append([row(number, name="n" * 500) for number in range(1, 1001)])
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "MUTAGENT_HOME": str(home)}
    command = [sys.executable, "-m", "mutagent", "traces", "--limit", "1000"]
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(DEADLINE), err) == (0, "")


def test_help_and_version_load_no_subcommand(home):
    code, out, err = mutagent(home, "--version")
    assert (code, out, err) == (0, f"mutagent {__version__}\n", "")
    code, out, err = mutagent(home, "--help")
    assert (code, err) == (0, "")
    assert all(command in out for command in ("traces", "auto", "demo"))
    script = """
import contextlib, io, sys
from mutagent.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    main(["--help"])
print(sorted(name for name in sys.modules if name.startswith("mutagent.") or name == "sqlite3"))
"""
    options = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": DEADLINE}
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MUTAGENT")}
    done = subprocess.run([sys.executable, "-c", script], env=plain, **options)
    assert done.stdout == "['mutagent.cli']\n"


def test_no_or_an_unknown_command_is_wrong_usage(home):
    code, out, err = mutagent(home)
    assert (code, err) == (2, "")
    assert out.startswith("usage: mutagent")
    assert mutagent(home, "nonsense")[0] == 2


def test_a_command_that_is_not_installed_is_named(home, monkeypatch, capsys):
    from mutagent import cli

    monkeypatch.setitem(cli.COMMANDS, "gone", ("mutagent.gone.commands", "not there"))
    assert cli.main(["gone"]) == 2
    assert capsys.readouterr().err == (
        "mutagent: this installation has no `gone` command (mutagent.gone is missing).\n"
    )


def test_a_command_whose_package_is_not_installed_names_it(tmp_path, monkeypatch, capsys):
    from mutagent import cli

    (tmp_path / "needy_commands.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(cli.COMMANDS, "needy", ("needy_commands", "needs a package"))
    assert cli.main(["needy"]) == 2
    assert capsys.readouterr().err == (
        "mutagent: `mutagent needy` needs a_package_that_is_not_there, which is not installed: "
        "pip install a_package_that_is_not_there\n"
    )
