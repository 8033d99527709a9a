"""What a span costs the code around it: by hand, by decorator, nested, exported, switched off.

``python -m tests.benchmarks.span``
"""

from __future__ import annotations

from contextlib import ExitStack

from tests.benchmarks import _measure, _peers
from tests.benchmarks._measure import NOTHING, TIMES, Subject, median, ratio, table, us
from tests.benchmarks._server import serving

CASES = {
    "manual": "`start_span`/`end_span`, five attributes, option objects included",
    "bare": "the same without attributes",
    "full": "the same with messages in and out, and tokens",
    "decorated": "call of a function under `@trace`",
    "async": "`await` of a coroutine under `@trace`",
    "nested": "each of five nested calls under `@trace`",
    "generator": "generator of ten items under `@trace`",
}


def main() -> str:
    """The tables."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(serving())
        bare = stack.enter_context(_peers.ours("bare.py"))
        here = [stack.enter_context(peer()) for peer in (_peers.ours, _peers.opentelemetry, _peers.published)]
        there = [stack.enter_context(peer(BENCH_ENDPOINT=endpoint)) for peer in (_peers.ours, _peers.opentelemetry)]
        off = stack.enter_context(_peers.ours(BENCH_ENDPOINT="off"))
        return "\n".join((_costs(bare, here), _exported(bare, there), _off(bare, off)))


def _costs(bare: Subject, peers: list[Subject]) -> str:
    rows = []
    for case, meaning in CASES.items():
        able = [peer for peer in peers if case in peer.cases]
        floor, *taken = _measure.rounds([(bare, "floor"), *((peer, case) for peer in able)])
        cells = [us(median(floor)), us(median(taken[0])), f"**{ratio(taken[0], floor):.1f} {TIMES}**"]
        for each in taken[1:]:
            cells.append(f"{us(median(each))} ({ratio(each, floor):.0f} {TIMES})")
        rows.append([meaning, *cells, *[NOTHING] * (len(peers) - len(able))])
    heads = [
        "on the calling thread, without an exporter",
        "floor",
        "mutagent",
        f"{TIMES} floor",
        "OpenTelemetry",
        "0.1.2",
    ]
    return table("A span", heads, rows)


def _exported(bare: Subject, peers: list[Subject]) -> str:
    rows = []
    for case in ("manual", "decorated"):
        floor, *taken = _measure.rounds([(bare, "floor"), *((peer, case) for peer in peers)], calls=1000)
        for what, meaning in (("wall", "for the caller"), ("cpu", "CPU of the process, until delivered")):
            cells = [f"{us(median(each, what))} ({ratio(each, floor, what):.0f} {TIMES})" for each in taken]
            rows.append([f"{CASES[case]}: {meaning}", *cells])
    return table("A span, exported", ["bursts of 1,000, to a service on loopback", "mutagent", "OpenTelemetry"], rows)


def _off(bare: Subject, off: Subject) -> str:
    wrapped, traced = _measure.rounds([(bare, "wrapped"), (off, "decorated")])
    more = _measure.more(traced, wrapped, "wall") * 1000
    cells = [f"{median(each) * 1000:.0f} ns" for each in (wrapped, traced)]
    row = ["call of a function that does nothing", *cells, f"**{more:.0f} ns**"]
    return table("Tracing off", ["", "`functools.wraps`", "`@trace`", "more"], [row])


if __name__ == "__main__":
    _measure.run_alone(main)
