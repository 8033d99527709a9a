"""A virtual environment with this checkout in it, and programs run by its Python."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOOTSTRAP = ROOT / "mutagent" / "auto" / "bootstrap"
# Generous: it only ends a test that hangs.
DEADLINE = 60

# Expressions for programs under test: which roots the trigger still watches; None where there is no trigger.
WATCHED = "next((sorted(f.roots) for f in __import__('sys').meta_path if type(f).__name__ == 'TriggerFinder'), None)"


class Environment:
    """A virtual environment, quick to make as it has no pip; it borrows the packages of the Python under test."""

    def __init__(self, directory: Path, with_mutagent: bool = True) -> None:
        # Two warnings of the interpreter's own, where its files are in unusual places, must not fail a test.
        venv.create(directory / "env", with_pip=False, symlinks=os.name != "nt")
        self.home = directory / "home"
        self.home.mkdir()
        self.python = str(directory / "env" / "bin" / "python")
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self.site = directory / "env" / "lib" / version / "site-packages"
        if with_mutagent:
            (self.site / "borrowed.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")

    def variables(self, **changes: str) -> dict[str, str]:
        """An environment without what the test run's own has for Python and mutagent."""
        ours = ("PYTHON", "MUTAGENT", "LC_", "LANG", "COV", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return {**kept, "HOME": str(self.home), "MUTAGENT_HOME": str(self.home / "mutagent"), **changes}

    def run(self, *words, cwd=None, stdin="", executable=None, **changes):
        """Run the environment's Python to its end: (exit code, stdout, stderr)."""
        done = subprocess.run(
            [executable or self.python, *map(str, words)],
            env=self.variables(**changes),
            cwd=cwd or self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        return done.returncode, done.stdout, done.stderr

    def started(self, *words, cwd=None, **changes):
        """Start the environment's Python and leave it running, with pipes for its output."""
        return subprocess.Popen(
            [self.python, *map(str, words)],
            env=self.variables(**changes),
            cwd=cwd or self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
