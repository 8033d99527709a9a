"""Which exporters the settings ask for, at which pace, and what every trace of this process says about it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from mutagent import __version__
from mutagent.config import Settings
from mutagent.export.delivery import Delivery, Pace
from mutagent.export.result import Exporter
from mutagent.export.spool import Spool

# A request costs half a millisecond of CPU: no more than four a second of them.
_REMOTE_GAP = 0.25
# A reader of the local store sees a span within two tenths of a second.
_AT_ONCE = Pace(1, 0.0, 0.1, 0.05)


def deliveries(settings: Settings, exporters: Sequence[Exporter] | None = None) -> list[Delivery]:
    """One delivery for each exporter given, else for each that the settings ask for."""
    if exporters is not None:
        return [Delivery(exporter, _AT_ONCE, settings.max_queue_bytes) for exporter in exporters]
    made = []
    if settings.local:
        made.append(_local(settings))
    if settings.remote:
        made.append(_remote(settings))
    return made


def _local(settings: Settings) -> Delivery:
    from mutagent.export.local import LocalExporter

    exporter = LocalExporter(settings.home, settings.store_max_bytes, settings.store_max_age_days)
    return Delivery(exporter, _AT_ONCE, settings.max_queue_bytes, _spool(settings, "local", None))


def _remote(settings: Settings) -> Delivery:
    from mutagent.export.http import HttpExporter

    interval = settings.batch_interval_ms / 1000
    # Each time that the encoder wakes, the program's own thread has to win the interpreter and its caches back: that
    # cost a model call 50 µs when it woke twenty times a second.
    pace = Pace(settings.batch_size, interval, _REMOTE_GAP, min(_REMOTE_GAP, interval))
    spool = _spool(settings, settings.endpoint, settings.api_key)
    return Delivery(HttpExporter(settings.endpoint, settings.api_key), pace, settings.max_queue_bytes, spool)


def _spool(settings: Settings, target: str, api_key: str | None) -> Spool | None:
    if settings.spool_max_bytes <= 0:
        return None
    return Spool(settings.home, target, api_key, settings.spool_max_bytes)


def resource(settings: Settings) -> dict[str, Any]:
    """What is true of this process, as trace metadata by name."""
    known = {
        "service.name": settings.service,
        "mutagent.run_id": settings.run_id,
        "process.pid": os.getpid(),
        "telemetry.sdk.name": "mutagent",
        "telemetry.sdk.version": __version__,
        "telemetry.sdk.language": "python",
    }
    return {name: value for name, value in known.items() if value is not None}
