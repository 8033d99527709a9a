"""Keep a library's log records about our own requests out of the program's log."""

from __future__ import annotations

from typing import Any

from mutagent.export.worker import is_ours


class QuietLoggers:
    """Holds back what the named loggers say within our workers; what the program causes passes.

    Args:
        names: loggers; each by its own name, since filters are not inherited.
    """

    def __init__(self, *names: str) -> None:
        self._names = names

    def impose(self) -> None:
        """Put the filter on."""
        for logger in self._loggers():
            logger.addFilter(_not_ours)

    def lift(self) -> None:
        """Take it off again."""
        for logger in self._loggers():
            logger.removeFilter(_not_ours)

    def _loggers(self) -> list[Any]:
        import logging  # loaded with the HTTP library, not before

        return [logging.getLogger(name) for name in self._names]


def _not_ours(record: Any) -> bool:
    return not is_ours()
