"""What `mutagent.auto.status()` returns, and whether an installed version is supported."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mutagent.integrations.spec import Integration


@dataclass(slots=True)
class TargetStatus:
    """One attribute that we patch.

    ``state`` is ``patched``, ``missing`` (this version has no such thing), ``failed`` or ``pending`` (its module is not
    imported yet); ``late`` marks a function that may have been imported by name before it was patched.
    """

    module: str
    path: str
    state: str
    late: bool = False


@dataclass(slots=True)
class IntegrationStatus:
    """One integration: what is installed of its library, and what is patched.

    ``package`` brings it, where it is not ours; ``problem`` says why it can't be loaded.
    """

    name: str
    distribution: str
    supported: str
    version: str | None
    active: bool
    every_client: bool = True
    targets: list[TargetStatus] = field(default_factory=list)
    package: str | None = None
    problem: str | None = None


def version_of(distribution: str) -> str | None:
    """The installed version, None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def check_version(integration: Integration) -> None:
    """Raise ModuleNotFoundError or RuntimeError where the library is absent or outside the supported range."""
    installed = version_of(integration.distribution)
    if installed is None:
        wanted = f"{integration.distribution}{integration.versions}"
        raise ModuleNotFoundError(f"{integration.distribution} is not installed; pip install '{wanted}'.")
    if not supports(integration.versions, installed):
        raise RuntimeError(
            f"{integration.distribution} {installed} is not supported; mutagent traces {integration.versions}."
        )


def supports(specifier: str, version: str) -> bool:
    """Whether a version lies in a range of ``>=`` and ``<`` bounds, by its release numbers."""
    release = _release(version)
    for bound in specifier.split(","):
        operator, limit = ("<", bound[1:]) if bound.startswith("<") else (">=", bound.removeprefix(">="))
        if (operator == ">=" and release < _release(limit)) or (operator == "<" and release >= _release(limit)):
            return False
    return True


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])
