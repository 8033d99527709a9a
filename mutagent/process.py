"""The process around the spans: its end, its forks, its signals, its host."""

from __future__ import annotations

import os
import sys
from typing import Any


def watch(runtime: Any) -> None:
    """Flush what ``runtime`` has when this process ends."""


def first_span() -> bool:
    """Called as spans start, until it returns True: nothing is left to set up."""
    return True


def is_serverless() -> bool:
    """Whether the host freezes this process between requests."""
    return any(name in os.environ for name in ("AWS_LAMBDA_FUNCTION_NAME", "FUNCTIONS_WORKER_RUNTIME"))


def on_running_loop() -> bool:
    """Whether an event loop runs on this thread."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None
