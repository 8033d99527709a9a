"""What is put where for each word of the vocabulary: the pieces of an integration as attributes that are to be patched.

This brings the engine and the tracer with it, and so it is loaded with the first piece and not with the hooks.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from mutagent.auto import clients, patches
from mutagent.auto.site import Site
from mutagent.integrations import answers, managers, sessions, streams
from mutagent.integrations.engine import Traced
from mutagent.integrations.spec import (
    Alias,
    Close,
    Dispatch,
    Integration,
    Iteration,
    Manager,
    Piece,
    Raw,
    Rebind,
    Session,
    Target,
)
from mutagent.integrations.wrappers import dispatching_wrapper, wrapper_for


def sites_of(integration: Integration, pieces: Iterable[Piece], all_clients: bool) -> list[Site]:
    """The attributes to be patched for these pieces of an integration.

    Args:
        integration: the pieces'.
        pieces: all of them, or some.
        all_clients: whether all clients are traced, or those alone that are marked.
    """
    placing = _Placing(integration, all_clients)
    return [site for piece in pieces for site in placing.sites(piece)]


class _Placing:
    """The pieces of one integration, one after the other."""

    __slots__ = ("all_clients", "integration")

    def __init__(self, integration: Integration, all_clients: bool) -> None:
        self.integration = integration
        self.all_clients = all_clients

    def sites(self, piece: Piece) -> list[Site]:
        if isinstance(piece, Target):
            return [self._target(piece, piece.modules, piece.path)]
        if isinstance(piece, Alias):
            return [self._target(piece.of, piece.modules, piece.path)]
        if isinstance(piece, Dispatch):
            return [self._dispatch(piece)]
        if isinstance(piece, Rebind):
            return [Site(piece.modules, piece.path, _bound_anew)]
        if isinstance(piece, Manager):
            return self._manager(piece, () if piece.enter is None else (piece.enter,))
        if isinstance(piece, Session):
            return self._session(piece)
        if isinstance(piece, Close):
            return [Site(piece.modules, piece.path, partial(_closing_wrapper, piece, self.integration.iterator))]
        if isinstance(piece, Iteration):
            return [Site(piece.modules, piece.path, partial(streams.iterating_wrapper, self.integration.iterator))]
        if isinstance(piece, Raw):
            sites = [Site(piece.modules, piece.parse, lambda original: patches.after(original, answers.parsed))]
            if piece.close is not None:
                closing = partial(patches.before, act=answers.closed)
                sites.append(Site(piece.modules, piece.close, closing))
            return sites
        return []

    def _target(self, target: Target, modules: tuple[str, ...], path: str) -> Site:
        traced = self._traced(target)
        return Site(modules, path, partial(wrapper_for, traced), traced)

    def _dispatch(self, piece: Dispatch) -> Site:
        traced = [self._traced(target) for target in piece.targets]
        like = piece.targets[0]
        return Site(like.modules, like.path, partial(dispatching_wrapper, traced, piece.choose), *traced)

    def _manager(self, piece: Manager | Session, enters: tuple[str, ...]) -> list[Site]:
        traced = self._traced(piece.call)
        return [
            Site(piece.call.modules, piece.call.path, partial(managers.making_wrapper, piece, traced), traced),
            *(Site(piece.modules, enter, partial(managers.entering_wrapper, piece)) for enter in enters),
        ]

    def _session(self, piece: Session) -> list[Site]:
        connection = piece.connection
        return [
            *self._manager(piece, piece.enters),
            *(
                Site(piece.modules, f"{connection}.{send}", partial(patches.before_call, act=sessions.sending))
                for send in piece.sends
            ),
            Site(piece.modules, f"{connection}.{piece.parse}", partial(patches.after, act=sessions.receiving)),
            Site(piece.modules, f"{connection}.{piece.close}", partial(patches.before, act=sessions.closing)),
        ]

    def _traced(self, target: Target) -> Traced:
        marked = None if self.all_clients else partial(clients.is_marked, attribute=self.integration.client)
        return Traced(self.integration, target, marked)


def _closing_wrapper(piece: Close, iterator: str, original: Any) -> Any:
    def closed(instance: Any) -> None:
        streams.closed_early(instance if piece.stream is None else getattr(instance, piece.stream, None), iterator)

    return patches.before(original, closed)


def _bound_anew(method: Any) -> Any:
    return getattr(method.__self__, method.__name__)
