"""Tallies: each thread's own counts, added up, and no more of them than there are threads."""

import threading

from mutagent.export.tally import Tallies
from mutagent.tracing.types import SpanMetrics
from tests.unit.spans import ended_span


def count_one(tallies):
    tally = tallies.mine()
    tally.handled += 1
    tally.totals.add(ended_span(1, metrics=SpanMetrics(input_tokens=2)), 0.5)


def test_the_counts_of_threads_that_are_gone_are_kept_and_their_tallies_are_not():
    tallies = Tallies()
    leave = threading.Event()

    def work(counted):
        count_one(tallies)
        counted.release()
        leave.wait(30)

    counted = threading.Semaphore(0)
    threads = [threading.Thread(target=work, args=(counted,)) for _ in range(300)]  # all at once: no id is used again
    for thread in threads:
        thread.start()
    for _ in threads:
        assert counted.acquire(timeout=30)
    assert len(tallies._by_thread) == 300  # running threads count on
    leave.set()
    for thread in threads:
        thread.join()
    count_one(tallies)
    assert len(tallies._by_thread) == 1
    handled, totals = tallies.sum()
    assert (handled, totals.spans, totals.input_tokens, totals.cost_usd) == (301, 301, 602, 150.5)
