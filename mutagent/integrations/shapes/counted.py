"""What was counted already: usage that a provider tells as often as it is asked stands on one span only."""

from __future__ import annotations

from collections import OrderedDict

_MAX_REMEMBERED = 1_000


class Counted:
    """The ids of what was counted, the latest thousand of them."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def first(self, identity: str) -> bool:
        """Whether this id is new; it is not, from then on."""
        if identity in self._ids:
            return False
        self._ids[identity] = None
        while len(self._ids) > _MAX_REMEMBERED:
            self._ids.popitem(last=False)
        return True
