"""``with_raw_response``, from 5.16 on: the classes by which the clients themselves send their requests.

An answer stands beside its HTTP response, and is read already. A stream is had by a context manager.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mutagent.capture.plain import get
from mutagent.integrations.spec import Manager, Modules, Request, Response, Target
from mutagent.integrations.specs.cohere.client import V1, V2

_MODULES: dict[Modules, Modules] = {V1: ("cohere.raw_base_client",), V2: ("cohere.v2.raw_client",)}
_DATA = "_data"


def twins(targets: Iterable[Target]) -> Iterable[Target | Manager]:
    """For each method its twin that gives a raw response; where the method itself is called, the twin is part of it."""
    for target in targets:
        if target.modules in _MODULES:
            twin = _twin(target)
            yield twin if target.chunks is None else Manager(twin, modules=(), enter=None, stream=_DATA)


def _twin(target: Target) -> Target:
    prefix = "Async" if target.is_async else ""
    read, read_for = target.response, target.response_to

    def request(given: dict[str, Any], instance: Any) -> Request:
        # The methods hand on what the program left out, as an ellipsis.
        return target.request({name: value for name, value in given.items() if value is not ...}, instance)

    def response(answer: Any) -> Response:
        return Response() if read is None else read(get(answer, _DATA))

    def response_to(answer: Any, asked: Request) -> Response:
        return response(answer) if read_for is None else read_for(get(answer, _DATA), asked)

    return Target(
        _MODULES[target.modules],
        f"{prefix}Raw{target.path.removeprefix(prefix)}",
        target.kind,
        target.operation,
        request,
        chunks=target.chunks,
        response_to=response_to,
        inner=True,
    )
