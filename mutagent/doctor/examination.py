"""Look at everything at once, each group on its own: what hangs or breaks in one leaves the others and ends in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic

from mutagent import guard
from mutagent.doctor import delivery, disk, host, interpreter, libraries, live, settings, startup
from mutagent.doctor.findings import PROBLEM, WARNING, Finding, Section
from mutagent.doctor.surroundings import Surroundings

Look = Callable[[Surroundings], Iterator[Finding]]

# Name, title, what looks.
GROUPS: tuple[tuple[str, str, Look], ...] = (
    ("python", "Python", interpreter.look),
    ("startup", "Start-up", startup.look),
    ("libraries", "Libraries", libraries.look),
    ("settings", "Settings", settings.look),
    ("live", "Endpoint", live.look),
    ("delivery", "Delivery", delivery.look),
    ("disk", "On this machine", disk.look),
    ("host", "Good to know", host.look),
)
# Over the time that the checks keep to by themselves.
_GRACE_SECONDS = 1.5


class Task(threading.Thread):
    """One group under way; what it has found so far is kept whatever becomes of it."""

    def __init__(self, name: str, title: str, look: Look, here: Surroundings) -> None:
        # Daemon: one that hangs on a dead disk does not keep the command.
        super().__init__(name=f"mutagent-doctor-{name}", daemon=True)
        self.section = Section(name, title, [])
        self._look = look
        self._here = here

    def run(self) -> None:
        """Collect the findings."""
        guard.attempt(self, self.section.name, self._collect)

    def failed(self, step: str, error: Exception) -> None:
        """The check itself broke; the others go on."""
        what = f"this could not be looked at: {type(error).__name__}: {error}"
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        do = f"pip install {missing.partition('.')[0]}" if missing else "report this as a bug of mutagent"
        self._found(Finding(PROBLEM, step, what, do=do))

    def result(self, until: float) -> Section:
        """What was found by then (``time.monotonic()`` seconds)."""
        self.join(max(0.0, until - monotonic()))
        if not self.is_alive():
            return self.section
        late = Finding(WARNING, self.section.name, "there was no time to look at all of this", do=_MORE_TIME)
        return self.section._replace(findings=[*self.section.findings, late])

    def _collect(self) -> None:
        for finding in self._look(self._here):
            self._found(finding)

    def _found(self, finding: Finding) -> None:
        self.section.findings.append(finding)


_MORE_TIME = "mutagent doctor --timeout 60"


def examine(here: Surroundings) -> list[Section]:
    """All groups, in the order of the table, those without a finding left out; ends soon after ``here.until``."""
    tasks = [Task(name, title, look, here) for name, title, look in GROUPS]
    for task in tasks:
        task.start()
    found = [task.result(here.until + _GRACE_SECONDS) for task in tasks]
    return [section for section in found if section.findings]
