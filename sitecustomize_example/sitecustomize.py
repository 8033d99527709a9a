"""A sitecustomize of your own that turns mutagent on where MUTAGENT_AUTO=1. See the README beside it.

Python imports one sitecustomize only, so this one runs the next one on sys.path itself. It is written so that every
Python that comes across it can read it, Python 2 too, and does nothing there.
"""

# ruff: noqa: UP036

import os
import sys

this = sys.modules["sitecustomize"]  # Python 2 empties a module that nothing holds, even while it runs


def run_the_next_sitecustomize():
    here, path = os.path.normpath(os.path.dirname(__file__)), list(sys.path)
    del sys.modules["sitecustomize"]
    sys.path[:] = [entry for entry in path if os.path.normpath(entry) != here]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if not (getattr(error, "name", None) or str(error)).endswith("sitecustomize"):
            raise  # the next one exists and is broken: site says so
    finally:
        sys.path[:] = path + [entry for entry in sys.path if entry not in path]
        sys.modules.setdefault("sitecustomize", this)


def turn_mutagent_on():
    if os.environ.get("MUTAGENT_AUTO", "").strip().lower() not in ("1", "true", "yes", "on"):
        return
    if sys.version_info < (3, 10):
        return
    try:
        import mutagent.auto.activation

        mutagent.auto.activation.activate_from_environment()
    except Exception:  # noqa: BLE001 - a start-up file must not get in a program's way
        pass


# Your own start-up code goes here.

try:
    run_the_next_sitecustomize()
finally:
    turn_mutagent_on()
