"""Turns tracing on in a Python process that has this directory on PYTHONPATH and MUTAGENT_AUTO=1.

PYTHONPATH reaches every Python below it: other versions, other environments, pip, Python 2. So this file is written
for all of them, imports nothing but os and sys unless it is asked for, and stays silent where mutagent is missing.
"""

# mypy: ignore-errors
# ruff: noqa: UP036

import os
import sys

_HERE = os.path.normpath(os.path.dirname(__file__))
# Held here too: Python 2 empties a module that nothing holds, while it still runs.
_OURS = sys.modules.get("sitecustomize")


def _run_the_other_sitecustomize():
    """Import the sitecustomize that this file hides, as if this directory were not on sys.path.

    Python imports one only, and operating systems and package managers ship theirs. What it raises is not caught
    here: site prints its usual message then.
    """
    sys.modules.pop("sitecustomize", None)
    here = [entry for entry in sys.path if isinstance(entry, str) and os.path.normpath(entry) == _HERE]
    position = sys.path.index(here[0]) if here else 0
    sys.path[:] = [entry for entry in sys.path if entry not in here]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        # Python 2 has no name on the error; its message ends with the module's.
        if not (getattr(error, "name", None) or str(error)).endswith("sitecustomize"):
            raise
    finally:
        # In place: the other one may have changed sys.path, and that has to last.
        sys.path[position:position] = here
        if _OURS is not None:
            sys.modules.setdefault("sitecustomize", _OURS)


def _activate():
    """Start watching for imports of LLM libraries. Raises nothing, whatever state the environment is in."""
    if os.environ.get("MUTAGENT_AUTO", "").strip().lower() not in ("1", "true", "yes", "on"):
        return
    if sys.version_info < (3, 10):
        return
    try:
        from mutagent.auto import activation

        activation.activate_from_environment()
    except Exception:  # noqa: BLE001 - half an installation must not add a line to a program's output
        pass


# Theirs first: Homebrew's puts site-packages, where mutagent lives, on sys.path. Ours whatever theirs raises.
try:
    _run_the_other_sitecustomize()
finally:
    _activate()
