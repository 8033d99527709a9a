"""What the programs of several rows begin with."""

from __future__ import annotations

IMPORTS = "from tests.faults.program import leaving, opened, settle, signal_soon, work\n"
