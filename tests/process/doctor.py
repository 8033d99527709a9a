"""Run `mutagent doctor` in an environment of the test's own, and put libraries into that environment."""

import json
from pathlib import Path
from textwrap import dedent

from tests.process.startup import ROOT, Environment

DEADLINE = 60
# Longer than any check here takes on a busy machine: what is tested is what is found.
PATIENTLY = ("--timeout", "50")


class Report:
    """What one `mutagent doctor --json` said."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.json = json.loads(out)

    def group(self, name):
        """The findings of one group: (level, about, what, why, do)."""
        texts = ("level", "about", "what", "why", "do")
        return [tuple(found[text] for text in texts) for found in self.json["findings"] if found["group"] == name]

    def about(self, subject):
        """The only finding about a subject, as it stands in the JSON."""
        (found,) = [found for found in self.json["findings"] if found["about"] == subject]
        return found

    def levels(self):
        """Each subject with its level, in order."""
        return [(found["about"], found["level"]) for found in self.json["findings"]]


class Patient(Environment):
    """An environment to be examined."""

    def doctor(self, *words, flags=(), **changes):
        """Run it with --json and read what it says."""
        return Report(*self.run(*flags, "-m", "mutagent", "doctor", "--json", *PATIENTLY, *words, **changes))

    def put_library(self, name, version, **modules):
        """Install a library whose modules have the given text; `init` is its `__init__`."""
        directory = self.site / name
        directory.mkdir(exist_ok=True)
        for module, text in modules.items():
            path = directory / f"{'__init__' if module == 'init' else module}.py"
            path.write_text(dedent(text))
        self.put_metadata(name, version)

    def put_metadata(self, name, version):
        """Say that a distribution is installed."""
        directory = self.site / f"{name}-{version}.dist-info"
        directory.mkdir()
        (directory / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    def put_start_code(self, text):
        """Have every Python of this environment run this at its start, as tracers' packages do."""
        (self.site / "zz_start_code.py").write_text(dedent(text))
        (self.site / "zz_start_code.pth").write_text("import zz_start_code\n")


def only_mutagent(directory: Path) -> Patient:
    """An environment in which nothing but mutagent is installed."""
    patient = Patient(directory, with_mutagent=False)
    (patient.site / "mutagent.pth").write_text(f"{ROOT}\n")
    return patient
