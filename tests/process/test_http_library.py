"""Which HTTP library delivers: never one that a client in the program would find half imported."""

import pytest

from tests.process.programs import Program, names
from tests.servers.collector import Collector

pytest.importorskip("httpx2")

ASKED = """
    import {library}
    work("a")
    flush()
    print("httpx" in sys.modules, "httpx2" in sys.modules)
"""


@pytest.mark.parametrize(("library", "loaded"), [("httpx2", "False True"), ("httpx", "True False")])
def test_what_the_program_has_loaded_delivers_and_nothing_else_is_loaded(tmp_path, library, loaded):
    with Collector() as collector:
        ended = Program(tmp_path, ASKED.format(library=library), collector.url).run()
        assert (ended.code, ended.out.strip(), ended.err) == (0, loaded, "")
        assert names(collector) == ["work"]
