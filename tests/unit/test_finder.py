"""The trigger: fires once, before the first watched library is loaded, and is not noticed otherwise."""

import importlib
import importlib.util
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mutagent.auto import finder as finder_module
from mutagent.auto.finder import TriggerFinder, TriggerLoader

ROOT = Path(__file__).parents[2]
DEADLINE = 60


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Makes modules that can be imported during one test: ``library("name", "text")``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def make(name, text=""):
        path = tmp_path.joinpath(*name.split("."))
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".py").write_text(text)
        importlib.invalidate_caches()

    yield make
    for name in set(sys.modules) - before:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


@pytest.fixture
def watch(monkeypatch):
    """Puts a trigger in place: ``watch("name", install=...)`` gives the finder and the roots it has fired for."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))

    def place(*roots, install=lambda: None):
        calls = []
        finder = TriggerFinder(frozenset(roots), lambda root: (calls.append(root), install()))
        sys.meta_path.insert(0, finder)
        return finder, calls

    return place


def test_the_first_import_of_each_watched_library_fires_once(library, watch):
    library("firstlib", "value = 1")
    library("secondlib")
    finder, calls = watch("firstlib", "secondlib")
    import json  # noqa: F401

    assert calls == []
    module = importlib.import_module("firstlib")
    assert (calls, finder.roots) == (["firstlib"], {"secondlib"})
    importlib.import_module("secondlib")
    importlib.reload(module)
    assert (calls, finder.roots, module.value) == (["firstlib", "secondlib"], frozenset(), 1)


def test_the_module_looks_as_if_nobody_had_watched(library, watch):
    library("lib", "import sys; depth = len(sys._getframe().f_locals)")
    plain = importlib.import_module("lib")
    del sys.modules["lib"]
    watch("lib")
    watched = importlib.import_module("lib")
    assert type(watched.__loader__) is type(plain.__loader__)
    assert watched.__spec__.loader is watched.__loader__
    assert watched.__spec__ == plain.__spec__ or watched.__spec__.origin == plain.__spec__.origin
    assert sorted(vars(watched)) == sorted(vars(plain))


def test_an_error_in_the_library_has_no_frame_of_ours(library, watch):
    library("lib", "raise LookupError('of the library')")
    watch("lib")
    with pytest.raises(LookupError, match="of the library") as caught:
        importlib.import_module("lib")
    assert not [entry for entry in caught.traceback if str(entry.path) == finder_module.__file__]
    assert "lib" not in sys.modules


def test_a_library_that_is_not_there_is_missing_as_ever(watch):
    finder, calls = watch("no_such_library")
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_library'"):
        importlib.import_module("no_such_library")
    assert (calls, finder.roots) == ([], {"no_such_library"})


def test_a_probe_gets_the_spec_and_fires_nothing(library, watch):
    library("lib", "value = 1")
    plain = importlib.util.find_spec("lib")
    _, calls = watch("lib")
    probed = importlib.util.find_spec("lib")
    seen = (probed.origin, probed.loader.path, probed.loader.is_package("lib"), probed.loader.get_source("lib"))
    assert seen == (plain.origin, plain.loader.path, False, "value = 1")
    assert calls == []
    assert importlib.import_module("lib").value == 1
    assert len(calls) == 1


def test_a_module_made_from_a_probed_spec_fires_before_its_code_runs(library, watch):
    order = []
    sys.modules["order_of_events"] = order
    library("lib", "import order_of_events; order_of_events.append('loaded')")
    watch("lib", install=lambda: order.append("installed"))
    spec = importlib.util.find_spec("lib")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    del sys.modules["order_of_events"]
    assert order == ["installed", "loaded"]


def test_a_lazily_loaded_library_fires_before_its_code_runs(library, watch):
    library("lib", "import sys; installed = sys.modules['events_so_far'][:]")
    events = sys.modules["events_so_far"] = []
    watch("lib", install=lambda: events.append("installed"))
    spec = importlib.util.find_spec("lib")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules["lib"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.installed == ["installed"]
    del sys.modules["events_so_far"]


def test_a_module_inside_a_package_can_be_watched(library, watch):
    library("outer.inner", "value = 1")
    _, calls = watch("outer.inner")
    importlib.import_module("outer")
    assert calls == []
    assert importlib.import_module("outer.inner").value == 1
    assert len(calls) == 1


def test_a_namespace_package_is_imported_and_stays_watched(library, watch):
    library("space.inner")
    finder, calls = watch("space")
    importlib.import_module("space.inner")
    assert (calls, finder.roots) == ([], {"space"})


def test_finders_that_install_adds_see_the_import_that_fired(library, watch):
    library("lib")
    seen = []

    class Spy:
        def find_spec(self, name, path=None, target=None):
            seen.append(name)

    watch("lib", install=lambda: sys.meta_path.insert(0, Spy()))
    importlib.import_module("lib")
    assert seen == ["lib"]


def test_install_may_import_watched_libraries_itself(library, watch):
    library("lib")
    library("other", "value = 2")
    finder, calls = watch("lib", "other", install=lambda: importlib.import_module("other"))
    importlib.import_module("lib")
    assert (calls, sys.modules["other"].value, finder.roots) == (["lib", "other"], 2, frozenset())


def test_ctrl_c_during_install_leaves_the_trigger_armed(library, watch):
    library("lib")
    interruptions = [KeyboardInterrupt]

    def install():
        if interruptions:
            raise interruptions.pop()

    finder, calls = watch("lib", install=install)
    with pytest.raises(KeyboardInterrupt):
        importlib.import_module("lib")
    assert finder.roots == {"lib"}
    importlib.import_module("lib")
    assert (len(calls), finder.roots) == (2, frozenset())


def in_threads(work, arguments):
    threads = [threading.Thread(target=work, args=(argument,), daemon=True) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert not [thread for thread in threads if thread.is_alive()]


@pytest.mark.parametrize("names", [["lib0"] * 8, [f"lib{number}" for number in range(8)]], ids=["same", "different"])
def test_threads_that_import_at_once_fire_once_and_none_is_loaded_before(library, watch, names):
    installed = []
    for name in set(names):
        library(name, "import installed_so_far; early = not installed_so_far.done")
    sys.modules["installed_so_far"] = type(sys)("installed_so_far")
    sys.modules["installed_so_far"].done = installed
    gate = threading.Barrier(len(names))
    _, calls = watch(*names, install=lambda: installed.append(True))

    def work(name):
        gate.wait(DEADLINE)
        importlib.import_module(name)

    in_threads(work, names)
    del sys.modules["installed_so_far"]
    assert (sorted(calls), [name for name in names if sys.modules[name].early]) == (sorted(set(names)), [])


# Thread B is in the middle of importing `shared` when install, in thread A, imports it too: A waits for B, and B
# goes on to import `shared_part`, for which importlib takes the global lock that is held around every find_spec.
DEADLOCK = """
import sys, threading, types
from mutagent.auto import finder as finder_module
from mutagent.auto.finder import TriggerFinder

sys.path.insert(0, sys.argv[1])
events = sys.modules["events"] = types.ModuleType("events")
events.shared_begun, events.installing = threading.Event(), threading.Event()


def install(root):
    events.installing.set()
    import shared


sys.meta_path.insert(0, TriggerFinder(frozenset({"lib"}), install))
other = threading.Thread(target=__import__, args=("shared",), daemon=True)
other.start()
assert events.shared_begun.wait(30)
import lib
other.join(30)
print("both imported", not other.is_alive())
"""


def test_install_does_not_deadlock_with_an_import_in_another_thread(tmp_path):
    (tmp_path / "lib.py").write_text("")
    (tmp_path / "shared.py").write_text(
        "import events, time\nevents.shared_begun.set()\nevents.installing.wait(30)\n"
        "time.sleep(0.2)  # lets the other thread reach its import of this module\nimport shared_part\n"
    )
    (tmp_path / "shared_part.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", DEADLOCK, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE
    )
    assert (done.stdout, done.stderr) == ("both imported True\n", "")


def test_an_import_waits_only_so_long_for_the_install_of_another_thread(library, watch, monkeypatch):
    monkeypatch.setattr(finder_module, "_WAIT_SECONDS", 0.05)
    library("lib")
    library("other")
    begun, release = threading.Event(), threading.Event()
    finder, _ = watch("lib", "other", install=lambda: (begun.set(), release.wait(DEADLINE)))
    first = threading.Thread(target=importlib.import_module, args=("lib",), daemon=True)
    first.start()
    assert begun.wait(DEADLINE)
    importlib.import_module("other")
    assert finder.roots == {"lib", "other"}
    release.set()
    first.join(DEADLINE)
    assert (first.is_alive(), finder.roots) == (False, {"other"})


def test_two_triggers_for_one_library_both_fire(library, watch):
    library("lib", "value = 1")
    _, first = watch("lib")
    _, second = watch("lib")
    module = importlib.import_module("lib")
    assert (len(first), len(second), module.value) == (1, 1, 1)
    assert not isinstance(module.__loader__, TriggerLoader)
