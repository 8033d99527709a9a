"""``mutagent view`` as people start and stop it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mutagent.viewer import serve
from tests.viewer.process import ROOT, environment, running
from tests.viewer.wire import span, trace


def get(address: str, **headers: str) -> int:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
        status: int = answer.status
    return status


def test_it_prints_its_address_serves_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    with running(tmp_path) as viewer:
        assert viewer.said == f"mutagent view: {viewer.address}/  (Ctrl-C stops it)\n"
        assert viewer.post(trace(1, span(1))) == {"accepted": 1, "rejected": 0}
        assert viewer.stop() == 0
        assert viewer.process.communicate() == ("", "")


def test_open_event_streams_do_not_keep_it_running(tmp_path: Path) -> None:
    with running(tmp_path) as viewer:
        streams = [urllib.request.urlopen(f"{viewer.address}/events", timeout=30) for _ in range(3)]
        assert [stream.readline() for stream in streams] == [b"retry: 1000\n"] * 3
        assert viewer.stop() == 0
        for stream in streams:
            stream.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_sigterm_ends_it_as_any_program(tmp_path: Path) -> None:
    with running(tmp_path) as viewer:
        assert viewer.stop(signal.SIGTERM) == -signal.SIGTERM


def test_a_taken_port_gives_way_to_the_next_free_one() -> None:
    first = serve.bind("127.0.0.1", 0)
    port = first.getsockname()[1]
    second = serve.bind("127.0.0.1", port)
    assert port < second.getsockname()[1] < port + 50
    first.close()
    second.close()


def test_a_host_that_is_not_here_is_said(tmp_path: Path) -> None:
    with pytest.raises(serve.Unservable, match="no port from 8321"):
        serve.bind("192.0.2.7", 8321)
    with pytest.raises(serve.Unservable, match="no address of this machine"):
        serve.bind("no.such.host.invalid", 8321)


def test_beyond_loopback_the_address_carries_a_token(tmp_path: Path) -> None:
    with running(tmp_path, "--host", "0.0.0.0", MUTAGENT_VIEW_TOKEN="sixteen characters") as viewer:
        port = viewer.address.rpartition(":")[2]
        assert viewer.said.split()[2] == f"http://{socket.gethostname()}:{port}/?token=sixteen%20characters"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(f"http://127.0.0.1:{port}/")
        assert get(f"http://127.0.0.1:{port}/static/js/list.js", **{"x-api-key": "sixteen characters"}) == 200


def test_a_missing_extra_is_one_line_that_says_what_to_install() -> None:
    code = "import sys; sys.modules['starlette'] = None; from mutagent.cli import main; sys.exit(main(['view']))"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "mutagent: `mutagent view` needs a few packages more: pip install 'mutagent-sdk[view]'\n"
