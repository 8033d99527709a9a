"""What a program records of secrets, by mistake, in every place: none of it leaves in clear, by whatever way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.running import KEY, ROOT
from tests.servers.collector import Answer, Collector

LETTERS = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7nP9rS"
SHAPES = [
    f"sk-proj-{LETTERS}", f"sk-ant-api03-{LETTERS}AA", f"AIza{LETTERS[:35]}", "AKIAIOSFODNN7EXAMPLE", f"ghp_{LETTERS}",
    f"github_pat_{LETTERS}", "xoxb-1234567890-abcdefghij", f"Bearer {LETTERS}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{LETTERS}",
    f"-----BEGIN PRIVATE KEY-----\n{LETTERS}\n-----END PRIVATE KEY-----", "mt_live_4f9a8b7c6d5e",
]  # fmt: skip
PASSWORD = "correct-horse-battery"
# What may not be found anywhere; a masked `Bearer` itself stays readable.
UNSEEN = [*(shape.removeprefix("Bearer ").splitlines()[-1] for shape in SHAPES if "\n" not in shape), LETTERS, PASSWORD]

PROGRAM = """
import json, os
from mutagent import tracing
from mutagent.tracing import SpanEndOptions, SpanEvent, SpanIO, SpanMessage, SpanOptions, end_span, start_span, trace

SECRETS, PASSWORD = json.loads(os.environ.pop("SECRETS")), os.environ.pop("PASSWORD")

class Client:
    def __init__(self, api_key):
        self.api_key = api_key

    @trace(kind="tool")
    def method(self, question, api_key, authorization=None, **headers):
        return {"password": authorization, "answer": question}

def everywhere(secret):
    client = Client(PASSWORD)
    with tracing.session("the session", user_id=f"user {secret}", tags=[secret], metadata={"note": {"deep": [secret]}}):
        client.method(f"what is {secret}?", PASSWORD, authorization=PASSWORD, cookie=PASSWORD)

        @trace(name=f"named {secret}")
        def failing(client, x):
            raise ValueError(f"no such key: {x}")

        try:
            failing(client, secret)
        except ValueError:
            pass
        options = SpanOptions(
            kind="llm.chat", name="by hand",
            input=SpanIO(messages=[SpanMessage(role="user", content=f"line\\n{secret}\\nline")]),
            attributes={"note": secret, "call": json.dumps({"password": PASSWORD}), secret: 1, "my_secret": PASSWORD},
        )
        end_span(start_span(options), SpanEndOptions(
            status="error", status_message=f"refused: {secret}", output=SpanIO(text=f"é{secret}é"),
            events=[SpanEvent(name=f"event {secret}", attributes={"note": secret, "api_key": PASSWORD})],
        ))
        start_span(SpanOptions(kind="custom", name="open", input=SpanIO(raw={"deep": [{"x": secret}]})))

for secret in SECRETS:
    everywhere(secret)
"""


def environment(tmp_path: Path, endpoint: str, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MUTAGENT")}
    return {
        **kept, "PYTHONPATH": str(ROOT), "MUTAGENT_HOME": str(tmp_path / "home"), "MUTAGENT_ENDPOINT": endpoint,
        "MUTAGENT_API_KEY": KEY, **more,
    }  # fmt: skip


@pytest.mark.parametrize("answer", [Answer(), Answer(500), Answer(400)], ids=["well", "down", "in both dialects"])
def test_no_secret_leaves_by_any_way(tmp_path: Path, answer: Answer) -> None:
    with Collector(then=answer) as collector:
        variables = environment(tmp_path, collector.url, MUTAGENT_LOCAL="1", MUTAGENT_DEBUG="1")

        def run(*words: str, **more: str) -> str:
            ran = subprocess.run(
                [sys.executable, *words], env={**variables, **more}, capture_output=True, text=True, timeout=60
            )
            return ran.stdout + ran.stderr

        said = [run("-c", PROGRAM, SECRETS=json.dumps(SHAPES), PASSWORD=PASSWORD)]
        (tmp_path / "program.py").write_text(PROGRAM)
        said += [run("-m", "mutagent", *words) for words in (("traces",), ("traces", "last"), ("doctor",))]
        bodies = [json.dumps(batch.body, ensure_ascii=False) for batch in collector.requests]
    files = [path.read_bytes().decode("latin-1") for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert "Traceback" not in said[0]
    assert "span ended    llm.chat 'by hand'" in said[0]
    assert len(bodies) > 0
    assert any("[masked]" in text for text in bodies)
    assert any("[masked]" in text for text in files)
    places = {"printed": said, "sent": bodies, "on disk": files}
    found = {
        (place, secret) for place, texts in places.items() for text in texts for secret in UNSEEN if secret in text
    }
    assert found == set()


def test_ids_are_what_they_are(tmp_path: Path) -> None:
    identity = f"sk-{LETTERS}"  # a session's id may look like anything
    program = f"""
from mutagent import tracing
with tracing.session({identity!r}):
    tracing.trace(name="x")(lambda: None)()
"""
    with Collector() as collector:
        subprocess.run(
            [sys.executable, "-c", program], env=environment(tmp_path, collector.url), check=True, timeout=60
        )
        assert [trace["sessionId"] for trace in collector.traces().values()] == [identity]


WITHOUT_CONTENT = """
import openai, os
from mutagent.tracing import SpanEndOptions, SpanIO, SpanOptions, end_span, start_span, trace

@trace(kind="tool")
def tool(question):
    return question

@trace(kind="tool")
def failing(question):
    raise ValueError(question)

tool("a private sentence")
try:
    failing("a private sentence")
except ValueError:
    pass
client = openai.OpenAI(base_url=os.environ["PROVIDER"], api_key="k")
client.chat.completions.create(
    model="m", messages=[{"role": "user", "content": "a private sentence"}], temperature=0.5, reasoning_effort="low",
    stop=["a private sentence"], user="a private sentence", metadata={"a": "a private sentence"},
    prediction={"type": "content", "content": "a private sentence"}, extra_body={"any": "a private sentence"},
    tools=[{"type": "function", "function": {"name": "f", "description": "a private sentence"}}],
)
options = SpanOptions(kind="custom", name="by hand", input=SpanIO(text="a private sentence"))
end_span(start_span(options), SpanEndOptions(output=SpanIO(text="a private sentence")))
"""


def test_without_content_only_structure_and_numbers_leave(tmp_path: Path) -> None:
    pytest.importorskip("openai")
    from mutagent.demo.provider import Provider, Reply, Rule, Script

    with Collector() as collector, Provider(Script([Rule(Reply("a private sentence"))])) as provider:
        variables = environment(
            tmp_path, collector.url, MUTAGENT_AUTO="1", MUTAGENT_CAPTURE_CONTENT="0", PROVIDER=provider.openai_url
        )
        subprocess.run(
            [sys.executable, "-c", f"import mutagent.auto\n{WITHOUT_CONTENT}"], env=variables, check=True, timeout=60
        )
        spans = {span["name"]: span for span in collector.spans()}
        bodies = json.dumps([batch.body for batch in collector.requests])
    assert sorted(spans) == ["by hand", "chat m", "failing", "tool"]
    assert "private" not in bodies
    assert [name for name, span in spans.items() if "input" in span or "output" in span] == []
    assert (spans["failing"]["status"], spans["failing"]["statusMessage"]) == ("error", "ValueError")
    assert "in failing" in spans["failing"]["events"][0]["attributes"]["exception.stacktrace"]
    chat = spans["chat m"]
    assert chat["tokens"]["total"] > 0
    asked = {name: value for name, value in chat["attributes"].items() if "request" in name}
    assert asked["gen_ai.request.temperature"] == 0.5
    assert asked["mutagent.request.reasoning_effort"] == "low"


def test_one_function_can_keep_its_input_or_output_to_itself(tmp_path: Path) -> None:
    program = """
from mutagent.tracing import trace
trace(name="in", capture_input=False)(lambda x: x)("kept out")
trace(name="out", capture_output=False)(lambda x: x)("kept out")
"""
    with Collector() as collector:
        subprocess.run(
            [sys.executable, "-c", program], env=environment(tmp_path, collector.url), check=True, timeout=60
        )
        spans = {span["name"]: span for span in collector.spans()}
    assert ("input" in spans["in"], "output" in spans["in"]) == (False, True)
    assert ("input" in spans["out"], "output" in spans["out"]) == (True, False)


def test_a_mask_that_fails_costs_the_field_and_not_the_span(tmp_path: Path) -> None:
    program = """
import asyncio
from mutagent import tracing

def mask(value, where):
    if where in ("input", "metadata.customer"):
        raise ValueError(value)
    return value

tracing.init_tracing(mask=mask)
with tracing.session("s", metadata={"customer": "private", "plan": "free"}):
    tracing.trace(name="x")(lambda x: "answer")("private")
"""
    with Collector() as collector:
        ran = subprocess.run(
            [sys.executable, "-c", program], env=environment(tmp_path, collector.url), capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        (span,), (trace,) = collector.spans(), collector.traces().values()
        assert "private" not in json.dumps([batch.body for batch in collector.requests]) + ran.stderr + ran.stdout
    assert (span["output"], "input" in span) == ({"raw": "answer"}, False)
    assert span["attributes"]["mutagent.dropped_fields"] == ["input"]
    assert (trace["metadata"]["plan"], trace["metadata"]["mutagent.dropped_fields"]) == ("free", ["metadata.customer"])
