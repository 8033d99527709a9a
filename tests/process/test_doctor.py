"""`mutagent doctor` as a command: settings, delivery, the endpoint, what lies on the machine, and no key anywhere."""

import json
import os
import re
import stat
import subprocess
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest

from mutagent.config import read_variable
from mutagent.demo.loopback import LoopbackHandler, LoopbackServer
from mutagent.store.rows import FILE_NAME
from tests.process.doctor import PATIENTLY, Patient
from tests.process.startup import DEADLINE
from tests.servers.collector import Answer, Collector

KEY = "mt_0123456789abcdef7788"
ONE_SPAN = """
import mutagent
from mutagent.tracing import SpanOptions

mutagent.end_span(mutagent.start_span(SpanOptions(kind="chain", name="work")))
"""
# No library is looked at: these tests are about the rest.
NONE = {"MUTAGENT_INSTRUMENT": "none"}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def patient(tmp_path):
    return Patient(tmp_path)


@pytest.fixture
def home(patient):
    return patient.home / "mutagent"


def record(patient, **variables):
    """Run a program that ends one span."""
    code, _, _ = patient.run("-c", ONE_SPAN, **variables)
    assert code == 0


def test_an_environment_in_which_all_is_well(patient):
    code, out, err = patient.run("-m", "mutagent", "doctor", *PATIENTLY, MUTAGENT_API_KEY=KEY, **NONE)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "Nothing is wrong."
    assert "\x1b" not in out
    assert set(re.findall(r"^  (\S) ", out, re.MULTILINE)) == {"✓", "·"}


def test_text_is_aligned_and_says_what_to_do(patient, home):
    with pytest.raises(ValueError, match="MUTAGENT_BATCH_SIZE") as wrong:
        read_variable("MUTAGENT_BATCH_SIZE", {"MUTAGENT_BATCH_SIZE": "many"})
    variables = {"MUTAGENT_BATCH_SIZE": "many", "COLUMNS": "140", **NONE}
    code, out, _ = patient.run("-m", "mutagent", "doctor", *PATIENTLY, **variables)
    assert code == 1
    assert _section(out, "Settings") == [
        f"  ✓ MUTAGENT_HOME        {home}",
        f"  ✗ MUTAGENT_BATCH_SIZE  {wrong.value}",
        "                         the default is used instead",
        "                         → what it is: Spans that make a batch due.",
        "  ✓ MUTAGENT_INSTRUMENT  none",
        "  · spans go to          the local store under the runner or on a terminal; nowhere from a service",
        "                         there is no key and no endpoint",
        "                         → set MUTAGENT_API_KEY to send them, or MUTAGENT_LOCAL=1 to record them on this "
        "machine",
        "  · defaults             all others have their defaults",
    ]
    assert out.splitlines()[-1] == "1 problem."


def test_the_json_has_one_shape(patient):
    report = patient.doctor(**NONE)
    assert list(report.json) == ["format", "mutagent", "healthy", "counts", "findings"]
    assert {tuple(found) for found in report.json["findings"]} == {
        ("group", "level", "about", "what", "why", "do", "facts")
    }
    levels = [found["level"] for found in report.json["findings"]]
    assert report.json["counts"] == {level: levels.count(level) for level in ("ok", "note", "warning", "problem")}
    assert report.json["healthy"] == (report.code == 0) == ("problem" not in levels)


def test_every_setting_is_listed_with_its_source(patient):
    found = patient.doctor(MUTAGENT_API_KEY=KEY, MUTAGENT_BATCH_SIZE="7", OTEL_SERVICE_NAME="shop", **NONE)
    rows = {row["name"] or row["variable"]: row for row in found.about("defaults")["facts"]["settings"]}
    shown = ("api_key", "batch_size", "batch_interval_ms", "service", "MUTAGENT_SIGTERM")
    assert [(name, rows[name]["value"], rows[name]["source"]) for name in shown] == [
        ("api_key", "mt_…7788", "environment"),
        ("batch_size", "7", "environment"),
        ("batch_interval_ms", 5000, "default"),
        ("service", "shop", "OTEL_SERVICE_NAME"),
        ("MUTAGENT_SIGTERM", True, "default"),
    ]


@pytest.mark.parametrize(
    ("variables", "level", "about", "what"),
    [
        ({"MUTAGENT_APIKEY": KEY}, "warning", "MUTAGENT_APIKEY", "is no setting, and has no effect"),
        ({"MUTAGENT_API_KEY": "mt_xxxxxxxxxxxx"}, "problem", None, "looks like the placeholder of an example"),
        ({"MUTAGENT_API_KEY": f'"{KEY}"'}, "problem", None, "has blanks, a newline or quotes around it"),
        ({"MUTAGENT_API_KEY": "sk-0123456789abcdefghijkl"}, "problem", "spans go to", "nowhere"),
        ({"MUTAGENT_ENDPOINT": "ftp://here"}, "problem", "spans go to", "nowhere"),
        ({"MUTAGENT_ENDPOINT": "http://elsewhere.example"}, "problem", "spans go to", "nowhere"),
        ({"MUTAGENT_API_KEY": KEY, "MUTAGENT_SAMPLE_RATE": "0"}, "note", "MUTAGENT_SAMPLE_RATE", "0"),
    ],
    ids=["typing error", "placeholder", "quotes", "key of another", "no url", "insecure", "sampled out"],
)
def test_a_setting_that_is_wrong_or_easily_forgotten_is_told(patient, variables, level, about, what):
    report = patient.doctor(**NONE, **variables)
    said = [found for found in report.group("settings") if found[0] == level and found[2] == what]
    assert [found[1] for found in said] == [about or "MUTAGENT_API_KEY"]
    assert report.code == (1 if level == "problem" else 0)
    assert level == "note" or all(found[4] for found in said)


def test_a_key_that_stands_in_a_file_only_is_told(patient):
    (patient.home / ".env").write_text(f"export MUTAGENT_API_KEY={KEY}\n")
    report = patient.doctor(**NONE)
    assert report.about("MUTAGENT_API_KEY")["what"] == f"stands in {patient.home / '.env'}, but not in the environment"
    assert KEY not in report.out


def test_no_key_is_printed_whatever_holds_it(patient, home):
    other = "sk-abcdefghijklmnopqrst0123"
    unusual = "p@ss w0rd/with-" + "x" * 8
    variables = {
        "MUTAGENT_API_KEY": KEY,
        "MUTAGENT_SERVICE": KEY,
        "MUTAGENT_ENDPOINT": f"http://user:{other}@127.0.0.1:9",
        "MUTAGENT_BATCH_SIZE": other,
        "MUTAGENT_TOKEN": unusual,
        "MUTAGENT_ENVIRONMENT": unusual,
        "HTTP_PROXY": f"http://me:{other}@127.0.0.1:9",
    }
    home.joinpath("receipts").mkdir(parents=True)
    receipt = {"time": "2026-01-01T00:00:00+00:00", "error": f"{KEY} {unusual} refused", "sinks": []}
    home.joinpath("receipts", "1-1.json").write_text(json.dumps(receipt))
    for words in ((), ("--json",), ("--live",)):
        code, out, err = patient.run("-m", "mutagent", "doctor", *PATIENTLY, *words, **variables, **NONE)
        assert code == 1
        assert [secret for secret in (KEY, other, unusual) if secret in out + err] == []
        assert ("mt_\\u20267788" if "--json" in words else "mt_…7788") in out


def test_a_delivered_receipt_is_shown(patient):
    with Collector() as collector:
        record(patient, MUTAGENT_ENDPOINT=collector.url, MUTAGENT_SERVICE="shop")
        report = patient.doctor(MUTAGENT_ENDPOINT=collector.url, **NONE)
    assert report.about("receipt")["facts"]["sinks"] == [
        {
            "name": "mutagent",
            "ended": 1,
            "accepted": 1,
            "rejected": 0,
            "dropped": 0,
            "spooled": 0,
            "pending": 0,
            "recovered": 0,
        }
    ]
    assert report.about("receipt")["what"].startswith("shop, ")
    assert report.about("receipt")["level"] == "ok"
    assert report.about("spool")["facts"] == {"files": 0, "bytes": 0}


def test_what_could_not_be_delivered_is_a_warning_with_its_reason(patient, home):
    record(patient, MUTAGENT_ENDPOINT=NOBODY)
    report = patient.doctor(MUTAGENT_ENDPOINT=NOBODY, **NONE)
    receipt, spool = report.about("receipt"), report.about("spool")
    assert (receipt["level"], receipt["facts"]["sinks"][0]["spooled"]) == ("warning", 1)
    assert receipt["do"] == "nothing listens there: check host and port of MUTAGENT_ENDPOINT"
    assert report.about("last error")["what"].startswith("[Errno 111] Connection refused")
    assert (spool["level"], spool["facts"]["files"], spool["facts"]["own"]) == ("warning", 1, True)
    # With another key it is another account's.
    assert patient.doctor(MUTAGENT_API_KEY=KEY, **NONE).about("spool")["level"] == "note"


def test_spans_that_are_lost_are_a_problem(patient):
    record(patient, MUTAGENT_ENDPOINT=NOBODY, MUTAGENT_SPOOL_MAX_BYTES="0", MUTAGENT_LOCAL="1")
    report = patient.doctor(MUTAGENT_ENDPOINT=NOBODY, **NONE)
    assert (report.code, report.about("receipt")["level"]) == (1, "problem")


def test_nothing_is_sent_without_live(patient):
    with Collector() as collector:
        report = patient.doctor(MUTAGENT_ENDPOINT=collector.url, MUTAGENT_API_KEY=KEY, **NONE)
        assert collector.requests == []
    assert report.group("live") == [
        ("note", "endpoint", f"{collector.url} was not tried", "", "mutagent doctor --live")
    ]


def test_live_sends_one_trace_with_the_key(patient):
    with Collector() as collector:
        report = patient.doctor("--live", MUTAGENT_ENDPOINT=collector.url, MUTAGENT_API_KEY=KEY, **NONE)
        (batch,) = collector.requests
        (span,) = collector.spans()
    assert (batch.headers["x-api-key"], span["name"], span["status"]) == (KEY, "mutagent doctor", "ok")
    (found,) = report.group("live")
    assert (found[0], found[2].rpartition(", in ")[0]) == ("ok", f"{collector.url} took a test trace with the key")
    assert report.code == 0


@pytest.mark.parametrize(
    ("answer", "why", "do"),
    [
        (Answer(401), "the API key was refused (HTTP 401); check MUTAGENT_API_KEY", "it was revoked"),
        (Answer(404, body="no"), "HTTP 404: no; is the endpoint right?", "without a path"),
        (Answer(503, body="later"), "HTTP 503: later", "--live"),
        (Answer(close="before"), "Server disconnected without sending a response.", "--live"),
    ],
    ids=["key refused", "not found", "unavailable", "hung up"],
)
def test_live_says_what_came_back_and_leaves_nothing_behind(patient, home, answer, why, do):
    with Collector(answers=[answer] * 3) as collector:
        report = patient.doctor("--live", MUTAGENT_ENDPOINT=collector.url, MUTAGENT_API_KEY=KEY, **NONE)
    level, _, what, reason, advice = report.group("live")[0]
    assert (level, what, reason) == ("problem", f"{collector.url} did not take a test trace with the key", why)
    assert do in advice
    assert (report.code, report.err, home.exists()) == (1, "", False)


def test_live_against_nobody_ends_in_time(patient):
    report = patient.doctor("--live", MUTAGENT_ENDPOINT=NOBODY, **NONE)
    assert report.group("live")[0][3:] == (
        "[Errno 111] Connection refused",
        "nothing listens there: check host and port of MUTAGENT_ENDPOINT",
    )


def test_live_against_a_service_that_hangs_ends_in_time(patient):
    with Collector(answers=[Answer(hang=True)] * 3) as collector:
        report = patient.doctor("--live", "--timeout", "4", MUTAGENT_ENDPOINT=collector.url, **NONE)
    assert report.group("live")[0][3] == "no answer in time"


def test_live_compares_the_clocks(patient):
    server = LoopbackServer(Tomorrow)
    server.start()
    with closing(server):
        report = patient.doctor("--live", MUTAGENT_ENDPOINT=server.url, **NONE)
    (found,) = [found for found in report.group("live") if found[1] == "clock"]
    assert found[0] == "warning"
    assert re.fullmatch(r"this machine's clock is 86[34]\d\d s behind the endpoint's", found[2])


class Tomorrow(LoopbackHandler):
    """A service whose clock is a day ahead."""

    def date_time_string(self, timestamp=None):
        """The Date header."""
        return (datetime.now(timezone.utc) + timedelta(days=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    def do_HEAD(self):
        """Any path."""
        self.send_response(404)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self):
        """A batch."""
        self.read_body()
        body = b'{"accepted": 1, "rejected": 0}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_the_store_is_measured(patient, home):
    record(patient, MUTAGENT_LOCAL="1")
    report = patient.doctor(**NONE)
    facts = report.about("local store")["facts"]
    assert facts["path"] == str(home / FILE_NAME)
    assert facts["bytes"] >= os.path.getsize(home / FILE_NAME) > 0
    assert [found[:2] for found in report.group("disk")] == [("ok", "home"), ("ok", "local store"), ("ok", "spool")]


def test_a_store_that_is_no_database_is_a_problem(patient, home):
    home.mkdir(mode=0o700)
    (home / FILE_NAME).write_bytes(b"what is this? " * 100)
    (home / FILE_NAME).chmod(0o600)
    report = patient.doctor(**NONE)
    assert report.code == 1
    assert report.about("local store")["what"].endswith("file is not a database")


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_files_that_others_may_read_are_told(patient, home):
    record(patient, MUTAGENT_LOCAL="1")
    (home / FILE_NAME).chmod(0o644)
    home.chmod(0o755)
    report = patient.doctor(**NONE)
    assert [(found[0], found[4]) for found in report.group("disk") if found[0] == "warning"] == [
        ("warning", f"chmod 700 {home}"),
        ("warning", f"chmod 600 {home / FILE_NAME}"),
    ]
    assert stat.S_IMODE(home.stat().st_mode) == 0o755


def test_a_home_that_cannot_be_made_is_a_problem(patient):
    (patient.home / "file").write_text("")
    report = patient.doctor(MUTAGENT_HOME=str(patient.home / "file" / "home"), **NONE)
    assert report.code == 1
    assert report.about("home")["why"] == f"{patient.home / 'file'} is no directory"


def test_a_proxy_in_front_of_this_machine_is_told(patient):
    variables = {"MUTAGENT_ENDPOINT": NOBODY, "HTTP_PROXY": "http://proxy.example:3128"}
    found = patient.doctor(**variables, **NONE).about("proxy")
    assert (found["level"], found["do"]) == ("warning", "export NO_PROXY=127.0.0.1")
    bypassed = patient.doctor(**variables, NO_PROXY="127.0.0.1", **NONE)
    assert "proxy" not in dict(bypassed.levels())


@pytest.mark.parametrize(
    ("variable", "about"),
    [
        ("AWS_LAMBDA_FUNCTION_NAME", "AWS Lambda"),
        ("FUNCTIONS_WORKER_RUNTIME", "Azure Functions"),
        ("K_SERVICE", "Cloud Run"),
    ],
)
def test_a_host_that_freezes_processes_is_told(patient, variable, about):
    assert patient.doctor(**{variable: "x"}, **NONE).about(about)["level"] == "note"


@pytest.mark.parametrize(("name", "about"), [("gevent", "gevent"), ("uWSGI", "uWSGI"), ("celery", "Celery")])
def test_an_installed_server_with_a_known_catch_is_told(patient, name, about):
    patient.put_metadata(name, "1.0")
    found = patient.doctor(**NONE).about(about)
    assert found["level"] == "note"
    assert found["do"]


@pytest.mark.parametrize("words", [["--timeout", "0"], ["--timeout", "soon"], ["--now"], ["extra"]], ids=str)
def test_wrong_usage_is_told(patient, words):
    code, out, err = patient.run("-m", "mutagent", "doctor", *words)
    assert (code, out) == (2, "")
    assert err.startswith("usage: mutagent ")


def test_the_current_directory_may_be_gone(patient):
    gone = patient.home / "gone"
    gone.mkdir()
    shell = f"cd {gone} && rmdir {gone} && exec {patient.python} -m mutagent doctor --json --timeout 50"
    done = subprocess.run(
        ["sh", "-c", shell], env=patient.variables(**NONE), capture_output=True, text=True, timeout=DEADLINE
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["healthy"]


def _section(out, title):
    lines = out.splitlines()
    start = lines.index(title) + 1
    return lines[start : lines.index("", start)]
