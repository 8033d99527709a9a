"""The recorded traffic of Bedrock through aiobotocore, which its own replay does not know: the same spans."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.integrations.bedrock.service import KEYS, Service
from tests.recorded import expectations, recordings
from tests.recorded.recordings import Case, Step

aiobotocore_session = pytest.importorskip("aiobotocore.session")
yaml = pytest.importorskip("yaml")
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

CASES = [case for case in recordings.cases() if case.client == "bedrock"]
_SESSION = aiobotocore_session.get_session()
_OF_TRANSPORT = ("content-length", "transfer-encoding", "content-encoding", "connection")


def serve(service: Service, case: Case) -> None:
    """Have the stand-in answer what was recorded."""
    cassette = yaml.safe_load(recordings.path_of(case.file).read_text())
    for interaction in cassette["interactions"]:
        answer = interaction["response"]
        body = answer["body"]["string"]
        headers = {name: values[0] for name, values in answer["headers"].items() if name.lower() not in _OF_TRANSPORT}
        raw = body.encode() if isinstance(body, str) else body
        service.answers.append((answer["status"]["code"], {"x-amzn-requestid": "", **headers}, raw))


async def ask(client: Any, step: Step, arguments: dict[str, Any]) -> None:
    """Make one call, and read what it gives."""
    try:
        answer = await getattr(client, step.call)(**arguments)
    except ClientError:
        return
    stream = answer.get("stream", answer.get("body"))
    if step.row["stream"]:
        async for _ in stream:
            pass
    elif stream is not None:
        await stream.read()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file.removesuffix(".yaml"))
def test_aiobotocore_says_what_the_recorded_body_says(case: Case, service: Service, captured: Any) -> None:
    """One span for each call that is traced, with everything that the index demands of it."""
    check = recordings.check()
    asked = check.steps_of(check.load_sidecar(recordings.path_of(case.file)))
    serve(service, case)

    async def replay() -> None:
        config = Config(retries={"max_attempts": 0})
        given = {**KEYS, "endpoint_url": service.url, "config": config}
        async with _SESSION.create_client("bedrock-runtime", **given) as client:
            for step, call in zip(case.steps, asked, strict=True):
                await ask(client, step, check.decode(call["kwargs"]))

    asyncio.run(replay())
    wanted = [expectations.expected(case, step) for step in case.traced_steps]
    found = [expectations.differences(*pair) for pair in zip(captured.spans, wanted, strict=True)]
    assert found == [{}] * len(wanted)
