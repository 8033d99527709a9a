"""One row of the fault matrix: a program, how the service behaves meanwhile, and what must have become of its spans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.servers.collector import Answer

WELL = Answer()
# A cell's expectation: exactly so many, or at least and at most.
Count = int | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Service:
    """How the service behaves.

    ``collector`` answers batches with ``answers`` in turn, then with ``then``. ``refusing`` has nobody listening,
    ``unreachable`` lets connections wait for ever, ``garbage`` answers with what is not HTTP.
    """

    kind: Literal["collector", "refusing", "unreachable", "garbage"] = "collector"
    answers: tuple[Answer, ...] = ()
    then: Answer = WELL
    dialect: str | None = None
    max_spans: int | None = None


HEALTHY = Service()


@dataclass(frozen=True, slots=True)
class Row:
    """What is run and what is expected.

    Args:
        name: a few words; ``--only`` looks for them.
        program: source of the program; it may use :mod:`tests.faults.program`.
        spans: how many spans end in it, interrupted ones included.
        service: while the program runs.
        delivered: distinct spans that the service has stored; None: all of ``spans``.
        spooled: spans that lie in the spool at the end.
        dropped: spans that the receipts count as dropped.
        lost: spans that nobody accounts for, where that is documented.
        interrupted: delivered spans that were open at the end.
        repeated: spans that the service has stored again.
        in_order: whether spans must first arrive in the order of their names' numbers.
        requests: how many requests the service may see.
        seconds: how much longer than without tracing the program may take to exit, on an idle machine.
        memory_mb: how much more memory than without tracing it may ever have.
        code: its exit code.
        says: parts of lines that we write on stderr, each of them once, and nothing else.
        sink: where ``delivered`` is looked up: the service or the local store.
        environment: more environment variables; ``{home}`` stands for MUTAGENT_HOME.
        auto: run under auto mode; otherwise the program has only the endpoint and the key in its environment.
        afterwards: source of a second program, run when the service is healthy again, with the same home.
        needs: modules without which the row can't be run.
        parity: whether output and exit code must be those of the program without tracing.
    """

    name: str
    program: str
    spans: int
    service: Service = HEALTHY
    delivered: Count | None = None
    spooled: Count = 0
    dropped: Count = 0
    lost: Count = 0
    interrupted: int = 0
    repeated: Count = 0
    in_order: bool = False
    requests: Count | None = None
    seconds: float = 2.5
    memory_mb: float = 60.0
    code: int = 0
    says: tuple[str, ...] = ()
    sink: Literal["service", "store"] = "service"
    environment: Mapping[str, str] = field(default_factory=dict)
    auto: bool = True
    afterwards: str | None = None
    needs: tuple[str, ...] = ()
    parity: bool = True
