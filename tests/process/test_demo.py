"""``mutagent demo`` as a newcomer runs it, and the agent on its own."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("anthropic")
pytest.importorskip("openai")

from mutagent.demo import commands
from mutagent.demo.conversation import CONVERSATION
from mutagent.demo.provider import Provider
from mutagent.store.reader import StoreReader
from tests.servers.collector import Collector

ROOT = Path(__file__).parents[2]
DEADLINE = 120
SAID = """\
Customer: My order A-1042 was due on Monday. Where is it, and can I still send it back?
  agent calls look_up_order(A-1042)
  agent calls search_help(send an order back)
  (no title for the ticket: insufficient_quota)
  ticket: 'My order A-1042 was due', mood: worried
Agent:    Your boots are on their way: the parcel is held at our depot in Leeds and should reach you on Thursday. \
And yes, you can send them back free of charge within 30 days of their arrival.
"""


def run(*command, **environ):
    """Run Python with the repository importable; every variable in ``environ`` is set on top of ours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MUTAGENT_")}
    return subprocess.run(
        [sys.executable, *command],
        env={**inherited, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE,
    )


def demo(home, **environ):
    return run("-m", "mutagent", "demo", MUTAGENT_HOME=str(home), PYTHONIOENCODING="utf-8", **environ)


def spans_in(home):
    reader = StoreReader(home)
    spans = [span for found in reader.traces(50) for span in reader.trace(found.trace_id).spans]
    return sorted(spans, key=lambda span: span["startTime"])


def test_agent_knows_nothing_of_mutagent():
    tree = ast.parse(commands.AGENT.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not [name for name in imports if "mutagent" in ast.unparse(name)]


def test_agent_runs_untraced_and_leaves_no_warning():
    with Provider(CONVERSATION) as provider:
        done = run("-W", "error", str(commands.AGENT), **provider.environment())
    assert (done.stdout, done.stderr, done.returncode) == (SAID, "", 0)
    assert [request.path for request in provider.journal] == [
        *("/v1/chat/completions", "/v1/embeddings", "/v1/chat/completions"),
        *("/v1/chat/completions", "/v1/chat/completions", "/v1/messages"),
    ]


def test_demo_shows_the_conversation_and_its_trace(tmp_path):
    done = demo(tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)
    said, conversation, shown = done.stdout.partition(SAID)
    assert (said, conversation) == ("$ python -m mutagent.auto agent.py\n\n", SAID)
    first, *lines = [line.partition("  ")[0] for line in shown.splitlines() if line[:1] not in (" ", "")]
    assert first.startswith("Recorded 6 calls")
    assert lines == [
        "chat gpt-5-mini",
        "embeddings text-embedding-3-small",
        "chat gpt-5-mini",
        "chat gpt-5-nano",
        "chat gpt-4.1",
        "chat claude-sonnet-5",
        "Nothing left this machine. To look again:",
    ]
    assert "openai.RateLimitError: Error code: 429" in shown
    assert "mutagent traces --run last" in shown


def test_demo_records_every_call_of_the_agent(tmp_path):
    demo(tmp_path)
    # The two calls of the ticket run at the same time, in either order.
    recorded = sorted((span["kind"], span["model"], span["status"]) for span in spans_in(tmp_path))
    assert recorded == [
        ("llm.chat", "claude-sonnet-5", "ok"),
        ("llm.chat", "gpt-4.1", "error"),
        ("llm.chat", "gpt-5-mini", "ok"),
        ("llm.chat", "gpt-5-mini", "ok"),
        ("llm.chat", "gpt-5-nano", "ok"),
        ("llm.embedding", "text-embedding-3-small", "ok"),
    ]


def test_demo_sends_nothing_anywhere_whatever_the_environment_says(tmp_path):
    secret = "sk-of-the-users"
    nowhere = "http://127.0.0.1:9"
    with Collector() as collector:
        done = demo(
            tmp_path,
            MUTAGENT_ENDPOINT=collector.url,
            MUTAGENT_API_KEY="mt_of-the-users",
            MUTAGENT_AUTO="0",
            OPENAI_API_KEY=secret,
            OPENAI_BASE_URL=nowhere,
            ANTHROPIC_AUTH_TOKEN=secret,
            HTTP_PROXY=nowhere,
            https_proxy=nowhere,
            ALL_PROXY="socks5://127.0.0.1:9",
        )
        assert (done.returncode, list(collector.requests)) == (0, [])
    assert secret not in json.dumps(spans_in(tmp_path))


def test_agent_gets_none_of_the_users_keys_and_proxies(tmp_path):
    given = {"OPENAI_ORG_ID": "o", "ANTHROPIC_AUTH_TOKEN": "t", "MUTAGENT_API_KEY": "k", "all_proxy": "p", "HOME": "/h"}
    with Provider() as provider:
        environ = commands.agent_environment(given, provider, tmp_path, "r1")
        assert environ.pop("PYTHONPATH", str(ROOT)) == str(ROOT)
        assert environ == {
            **provider.environment(),
            "HOME": "/h",
            "MUTAGENT_LOCAL": "1",
            "MUTAGENT_HOME": str(tmp_path),
            "MUTAGENT_RUN_ID": "r1",
        }


def test_demo_without_the_clients_says_what_to_install(tmp_path):
    # -S: no site-packages, so no clients.
    done = run("-S", "-m", "mutagent", "demo", MUTAGENT_HOME=str(tmp_path))
    assert done.stderr == "mutagent: the demo needs openai and anthropic: pip install 'mutagent-sdk[demo]'\n"
    assert (done.stdout, done.returncode, list(tmp_path.iterdir())) == ("", 1, [])
