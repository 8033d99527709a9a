"""What the service, or the network before it, can do; the program is an ordinary one."""

from __future__ import annotations

from tests.faults.row import Row, Service
from tests.faults.rows.pieces import IMPORTS
from tests.servers.collector import Answer

ENDS = IMPORTS + "settle(0.3); work(20); leaving()"
RUNS_ON = IMPORTS + "for second in range(4): work(5, f'second {second}', pause=0.2)\nleaving()"
# Fifty spans with their numbers in order, over some seconds: long enough for an outage to begin and to end.
NUMBERED = IMPORTS + "work(60, pause=0.1); leaving()"
NEXT = IMPORTS + "work(2, 'next'); settle(3); leaving()"
FAILS = " fails: "
BACK = "works again"
ONCE_500, ONCE_503 = Answer(500), Answer(503)


def _lasting(name: str, service: Service, **fields: object) -> Row:
    """The program ends while the service is still in this state: everything is in the spool."""
    given: dict[str, object] = {"delivered": 0, "spooled": 20, "says": (FAILS,), **fields}
    return Row(f"service {name}", ENDS, 20, service, **given)  # type: ignore[arg-type]


def _then_back(name: str, service: Service, **fields: object) -> Row:
    """The next process finds the service well and brings what the first has left."""
    given: dict[str, object] = {"says": (FAILS,), "afterwards": NEXT, **fields}
    return Row(f"service {name}, then the next process", ENDS, 22, service, **given)  # type: ignore[arg-type]


HANGS = Service(then=Answer(hang=True, stored=False))
DRIPS = Service(then=Answer(drip=1.0))

ROWS = (
    _lasting("refusing connections", Service("refusing")),
    _lasting("unreachable", Service("unreachable")),
    _lasting("not speaking HTTP", Service("garbage")),
    _lasting("answering 500", Service(then=Answer(500)), requests=(1, 4)),
    _lasting("answering 503", Service(then=Answer(503)), requests=(1, 4)),
    _lasting("answering 503, Retry-After a date", Service(then=Answer(
        503, retry_after="Wed, 21 Oct 2099 07:28:00 GMT")), requests=1),
    _lasting("answering 429, Retry-After 30", Service(then=Answer(429, retry_after="30")), requests=1),
    _lasting("answering 429, Retry-After nonsense", Service(then=Answer(429, retry_after="soon")), requests=(1, 4)),
    _lasting("answering 401", Service(then=Answer(401)), requests=1),
    _lasting("answering 404", Service(then=Answer(404)), requests=1),
    _lasting("answering 400 to both dialects", Service(then=Answer(400)), requests=(2, 4)),
    _lasting("hanging", HANGS),
    _lasting("closing before the answer", Service(then=Answer(close="before", stored=False)), requests=(2, 8)),
    _lasting("closing before the answer, batch stored", Service(then=Answer(close="before")), delivered=20,
             repeated=(20, 140)),
    _lasting("redirecting", Service(then=Answer(307)), requests=1),
    # The answer's head says that the batch was taken: what is missing of it says how many of its spans.
    Row("service closing in the middle of its answer", ENDS, 20, Service(then=Answer(close="middle")),
        spooled=(0, 20), repeated=(0, 140), says=(FAILS,)),
    Row("service dripping 1 byte/s", ENDS, 20, DRIPS, spooled=20, says=(FAILS,)),
    Row("service answering garbage with 200", ENDS, 20, Service(then=Answer(body="\x00<html>")),
        says=("without counts",)),
    Row("service answering 200 with an empty body", ENDS, 20, Service(then=Answer(body="")),
        says=("without counts",)),
    Row("service answering 400 to the first dialect", ENDS, 20, Service(dialect="text")),
    Row("service answering 413 to more than 5 spans", ENDS, 20, Service(max_spans=5)),
    Row("service slow: 1 s per answer", ENDS, 20, Service(then=Answer(delay=1.0))),
    _then_back("refusing connections", Service("refusing")),
    _then_back("answering 500", Service(then=Answer(500))),
    _then_back("hanging", HANGS),
    _then_back("answering 401", Service(then=Answer(401))),
    _then_back("answering 429, Retry-After 30", Service(then=Answer(429, retry_after="30"))),
    _then_back("answering 422 to both dialects", Service(then=Answer(422))),
    _then_back("closing in the middle of its answer", Service(then=Answer(500, close="middle"))),
    # It has stored what it never got to say.
    _then_back("dripping 1 byte/s", DRIPS, repeated=20),
    Row("service answers 500 once, then well", NUMBERED, 60, Service(answers=(ONCE_500,)), in_order=True,
        requests=(2, 40)),
    Row("service answers 503 for a while, then well", NUMBERED, 60, Service(answers=(ONCE_503,) * 4), in_order=True,
        says=(FAILS, BACK), requests=(5, 40)),
    Row("service answers 429, Retry-After 2, then well", NUMBERED, 60, Service(answers=(
        Answer(429, retry_after="2"),)), in_order=True, requests=(2, 40)),
    Row("service closes connections for a while, then well", NUMBERED, 60, Service(answers=(
        Answer(close="before", stored=False),) * 3), in_order=True, requests=(4, 40)),
    Row("service hangs for the first batch, then well", IMPORTS + "work(60, pause=0.25); leaving()", 60, Service(
        answers=(Answer(hang=True, stored=False),)), in_order=True, requests=(2, 40)),
    Row("service answers 500 for long: no retry storm", IMPORTS + "work(100, pause=0.1); leaving()", 100, Service(
        then=Answer(500)), delivered=0, spooled=100, says=(FAILS,), requests=(3, 15)),
    # How many the bound of the exit is long enough for is the machine's affair; none is lost.
    Row("burst of 100,000 spans, healthy", IMPORTS + "settle(0.1); work(100_000); leaving()", 100_000,
        delivered=(10_000, 100_000), spooled=(0, 90_000), repeated=(0, 1_000), memory_mb=100),
    Row("burst of 100,000 spans, refusing", IMPORTS + "settle(0.1); work(100_000); leaving()", 100_000,
        Service("refusing"), delivered=0, spooled=100_000, memory_mb=100, says=(FAILS,)),
    Row("burst of 100,000 spans, hanging", IMPORTS + "settle(0.1); work(100_000); leaving()", 100_000, HANGS,
        delivered=0, spooled=100_000, memory_mb=100, says=(FAILS,)),
    Row("300 spans of 500 KB, hanging", IMPORTS + """
from mutagent import tracing
settle(0.1)
for number in range(300):
    tracing.end_span(opened(f"big {number}"), tracing.SpanEndOptions(output=tracing.SpanIO(text=str(number) * 250_000)))
leaving()
""", 300, HANGS, delivered=0, spooled=300, memory_mb=150, says=(FAILS,)),
)  # fmt: skip
