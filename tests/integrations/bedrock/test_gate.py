"""botocore in real processes: nothing of ours is loaded until a Bedrock client is made, and everything from then on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.integrations.bedrock.frames import HELLO
from tests.integrations.bedrock.service import KEYS, Service
from tests.integrations.bedrock.test_converse import ASKED, SAID, seen
from tests.process.startup import BOOTSTRAP, DEADLINE, ROOT

HEAVY = ("wrapt", "httpx", "pydantic", "mutagent.auto.hooks", "mutagent.integrations.spec", "mutagent.tracing")
LOADED = f"[name for name in {HEAVY!r} if name in sys.modules]"
HEAD = f"""
import json, sys
import boto3
def make(name):
    return boto3.client(name, endpoint_url={{url!r}}, **{KEYS!r})
for name in ("s3", "dynamodb", "bedrock"):
    make(name).close()
loaded = {LOADED}
"""
TAIL = """
from mutagent.testing import capture
with capture() as spans:
    client.converse(**json.loads(sys.argv[1]))
    client.close()
print(json.dumps([loaded, [span["name"] for span in spans.spans]]))
"""


def run(service: Service, program: str, **variables: str) -> Any:
    """What a program prints as JSON, in a process with the start-up file."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MUTAGENT", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-c", program.replace("{url!r}", repr(service.url)), json.dumps(ASKED)],
        env={**kept, "PYTHONPATH": os.pathsep.join([str(BOOTSTRAP), str(ROOT)]), **variables},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


SPANS = [f"chat {ASKED['modelId']}"]


def test_other_services_load_nothing_of_ours(service: Service) -> None:
    """The first Bedrock client does, and it is traced."""
    service.says(SAID)
    program = HEAD + 'client = make("bedrock-runtime")' + TAIL
    assert run(service, program, MUTAGENT_AUTO="1") == [[], SPANS]


def test_clients_made_before_activation_are_traced(service: Service) -> None:
    """Where botocore is loaded already, it is patched at once."""
    service.says(SAID)
    program = HEAD + 'client = make("bedrock-runtime")\nimport mutagent.auto\nmutagent.auto.instrument()' + TAIL
    assert run(service, program) == [[], SPANS]


def test_what_is_switched_off_stays_off(service: Service) -> None:
    """MUTAGENT_DISABLE names the integration."""
    service.says(SAID)
    program = HEAD + 'client = make("bedrock-runtime")' + TAIL
    assert run(service, program, MUTAGENT_AUTO="1", MUTAGENT_DISABLE="bedrock") == [[], []]


def test_uninstrument_takes_the_gate_away(service: Service) -> None:
    """The very function is back, whether a Bedrock client was made or not."""
    program = """
import json, sys
import botocore.client
from mutagent.auto import uninstrument
gated = hasattr(botocore.client.ClientCreator.create_client, "__wrapped__")
uninstrument()
print(json.dumps([gated, hasattr(botocore.client.ClientCreator.create_client, "__wrapped__"), "wrapt" in sys.modules]))
"""
    assert run(service, program, MUTAGENT_AUTO="1") == [True, False, False]


def test_aiobotocore_s_clients_are_traced(service: Service) -> None:
    """Its creator of clients has a gate of its own."""
    pytest.importorskip("aiobotocore.session")
    service.streams(*HELLO)
    program = f"""
import asyncio, json, sys
from aiobotocore.session import get_session

async def main():
    async with get_session().create_client("bedrock-runtime", endpoint_url={{url!r}}, **{KEYS!r}) as client:
        from mutagent.testing import capture
        with capture() as spans:
            answer = await client.converse_stream(**json.loads(sys.argv[1]))
            count = len([event async for event in answer["stream"]])
        return count, [span["name"] for span in spans.spans]
print(json.dumps(asyncio.run(main())))
"""
    assert run(service, program, MUTAGENT_AUTO="1") == [len(HELLO), SPANS]


def test_uninstalling_restores_the_very_attributes(service: Service) -> None:
    """In botocore, and in its event streams."""
    from botocore.client import BaseClient
    from botocore.eventstream import EventStream

    from mutagent.auto import hooks

    places = ((BaseClient, "_make_api_call"), (EventStream, "__iter__"), (EventStream, "close"))
    before = [vars(cls)[name] for cls, name in places]
    hooks.install(["bedrock"])
    assert [vars(cls)[name] is had for (cls, name), had in zip(places, before, strict=True)] == [False] * 3
    hooks.uninstall()
    assert [vars(cls)[name] is had for (cls, name), had in zip(places, before, strict=True)] == [True] * 3


@pytest.mark.usefixtures("auto_mode")
def test_anthropic_s_client_is_not_doubled(service: Service) -> None:
    """It only signs with botocore, and sends by itself."""
    anthropic = pytest.importorskip("anthropic")
    from mutagent.testing import capture

    content = [{"type": "text", "text": "Hello"}]
    service.says({"id": "m", "type": "message", "role": "assistant", "model": "claude", "content": content})
    keys = {"aws_access_key": "a", "aws_secret_key": "b", "aws_region": "us-east-1"}
    with capture() as captured, anthropic.AnthropicBedrock(base_url=service.url, **keys) as client:
        client.messages.create(model="claude", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
    assert [(span["name"], span["provider"]) for span in seen(captured)] == [("chat claude", "aws.bedrock")]
