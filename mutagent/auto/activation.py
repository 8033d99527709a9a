"""Whether auto mode is on in this process, and how it gets there.

Start-up hooks of every Python process below a traced one run this, so it imports pure data, and no modules but those
that the interpreter has built in.
"""

from __future__ import annotations

import atexit
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mutagent.auto.finder import TriggerFinder

_ON = ("1", "true", "yes", "on")
_OFF = ("0", "false", "no", "off")

_active = False
_finder: TriggerFinder | None = None


def switch(environ: Mapping[str, str]) -> bool | None:
    """What ``MUTAGENT_AUTO`` says: True for on, False for an explicit off, None where it says nothing."""
    word = environ.get("MUTAGENT_AUTO", "").strip().lower()
    if word in _ON:
        return True
    return False if word in _OFF else None


def activate_from_environment() -> None:
    """Turn auto mode on in this process if ``MUTAGENT_AUTO`` asks for it. Calling it again does nothing."""
    if switch(os.environ):
        activate()


def activate() -> bool:
    """Turn auto mode on: libraries are traced from their import on, those that are loaded already at once.

    Nothing of a third party is imported before a library that we trace is. A library that is loaded for other reasons
    too counts as used where it is loaded already: whether clients were made of it before is not known.

    Returns:
        Whether auto mode is on now: ``MUTAGENT_AUTO=0`` wins over any call.
    """
    global _finder
    if _active or not mark_active():
        return _active
    from mutagent.auto.finder import TriggerFinder
    from mutagent.integrations import registry

    roots = watched_roots(os.environ)
    _finder = TriggerFinder(roots, _install_hooks, registry.GATES)
    sys.meta_path.insert(0, _finder)
    for root in sorted(roots):
        if root in sys.modules:
            _finder.fire(root)
    return True


def mark_active() -> bool:
    """Say that auto mode is on in this process, without watching any import.

    Returns:
        False where ``MUTAGENT_AUTO=0`` forbids it.
    """
    global _active
    if switch(os.environ) is False:
        return False
    if not _active:
        atexit.register(_leave_last)
    _active = True
    # Children inherit it: one run of a program is one process tree.
    if not os.environ.get("MUTAGENT_RUN_ID"):
        os.environ["MUTAGENT_RUN_ID"] = new_run_id()
    # Where the runner could not know this process's id (Windows starts a child), the first Python below it takes it.
    if os.environ.get("MUTAGENT_SUMMARY_PID") == "next":
        os.environ["MUTAGENT_SUMMARY_PID"] = str(os.getpid())
    return True


def _leave_last() -> None:
    process = sys.modules.get("mutagent.process")
    if process is not None:
        process.leave_last()


def deactivate() -> None:
    """Turn auto mode off in this process; hooks that are installed stay."""
    global _active, _finder
    _active = False
    if _finder is not None:
        _finder.disarm()
        _finder = None


def is_awaited(roots: Iterable[str]) -> bool:
    """Whether one of these modules is watched: its import, yet to come, installs hooks."""
    return _finder is not None and not _finder.roots.isdisjoint(roots)


def pass_gate(root: str) -> None:
    """Trace what stands behind the gate of a root, as if it were used."""
    if _finder is not None:
        _finder.fire(root)


def is_active() -> bool:
    """Whether auto mode is on in this process."""
    return _active


def new_run_id() -> str:
    """32 random lower-case hex digits."""
    return os.urandom(16).hex()


def watched_roots(environ: Mapping[str, str]) -> frozenset[str]:
    """The modules whose import installs the hooks, narrowed by MUTAGENT_INSTRUMENT and MUTAGENT_DISABLE.

    A name that is none of our integrations is another package's: its description says what to watch.
    """
    from mutagent.integrations import registry

    wanted = names_in(environ, "MUTAGENT_INSTRUMENT")
    unwanted = names_in(environ, "MUTAGENT_DISABLE")
    if not wanted and not unwanted:
        return frozenset(registry.ROOTS)
    chosen = (wanted or frozenset(registry.INTEGRATIONS)) - unwanted
    return frozenset(root for name in chosen for root in _roots_of(name))


def is_chosen(integration: str, environ: Mapping[str, str]) -> bool:
    """Whether MUTAGENT_INSTRUMENT and MUTAGENT_DISABLE leave this integration on."""
    wanted = names_in(environ, "MUTAGENT_INSTRUMENT")
    return (not wanted or integration in wanted) and integration not in names_in(environ, "MUTAGENT_DISABLE")


def names_in(environ: Mapping[str, str], variable: str) -> frozenset[str]:
    """The integrations that a variable names."""
    return frozenset(name.strip().lower() for name in environ.get(variable, "").split(",")) - {""}


def _roots_of(integration: str) -> Iterable[str]:
    from mutagent.integrations import registry

    row = registry.INTEGRATIONS.get(integration)
    if row is not None:
        return row.roots
    from mutagent.auto import catalogue

    return catalogue.roots(integration)


def _install_hooks(root: str) -> None:
    from mutagent.guard import guarded
    from mutagent.process import settle_sigterm

    guarded("auto: install hooks", _import_and_install, root)
    guarded("SIGTERM", settle_sigterm)


def _import_and_install(root: str) -> None:
    from mutagent.auto import hooks

    hooks.install_root(root)
