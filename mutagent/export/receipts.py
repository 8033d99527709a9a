"""The receipts that processes leave behind, for `mutagent doctor` and the summary of a run."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from time import time_ns
from typing import Any

from mutagent.config import Settings
from mutagent.export.receipt import Receipt

_KEEP = 200


def leave(receipt: Receipt, settings: Settings) -> Path | None:
    """Write a process's last receipt.

    Returns:
        Where it lies; None where nothing was recorded, nothing of ours is kept on this machine, or the disk is not ours
        to write.
    """
    in_use = settings.local or (settings.remote and settings.spool_max_bytes > 0)
    if not in_use or not (receipt.ended or receipt.open or receipt.unsampled):
        return None
    record = {
        "run_id": settings.run_id,
        "pid": os.getpid(),
        "service": settings.service,
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "error": next((sink.error for sink in receipt.sinks if sink.error), None),
        **receipt.to_dict(),
    }
    directory = settings.home / "receipts"
    try:
        for made in (settings.home, directory):  # with `parents` the mode would be the last one's alone
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _write(directory, f"{time_ns():020d}-{os.getpid()}.json", json.dumps(record).encode())
    except OSError:
        return None


def _write(directory: Path, name: str, text: bytes) -> Path:
    temporary = directory / f".{name}.tmp"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
    os.replace(temporary, directory / name)
    for old in sorted(directory.glob("[0-9]*.json"))[:-_KEEP]:
        old.unlink(missing_ok=True)
    return directory / name


def read(home: Path) -> list[dict[str, Any]]:
    """All receipts that lie in ``home``, the oldest first; what can't be read is left out."""
    found = []
    for path in sorted((home / "receipts").glob("[0-9]*.json")):
        try:
            found.append(json.loads(path.read_bytes()))
        except (OSError, ValueError):
            continue
    return found
