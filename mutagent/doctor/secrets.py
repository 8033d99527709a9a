"""Keep keys out of what the doctor prints, wherever they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mutagent.capture.masking import MASK, shapes
from mutagent.config import KEY_PREFIX
from mutagent.doctor.findings import Finding, Section

_LAST = 4
# A shorter key would be told almost whole by its last four characters.
_LEAST_LENGTH = 12
# Before the general shapes: of ours the last characters may be seen. Also those without a digit, for placeholders.
_OURS = re.compile(rf"\b{KEY_PREFIX}[A-Za-z0-9_\-]{{8,}}")
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|AUTH", re.IGNORECASE)


def shown_key(key: str) -> str:
    """A MutagenT key as people recognise it, ``mt_…a1b2``; of any other text no more than its length."""
    if key.startswith(KEY_PREFIX):
        return f"{KEY_PREFIX}…{key[-_LAST:]}" if len(key) >= _LEAST_LENGTH else f"{KEY_PREFIX}…"
    return f"set ({len(key)} characters, not shown)"


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """The values in an environment that must not be printed, the longest first."""
    found = {value.strip() for name, value in environ.items() if _SECRET_NAMES.search(name)}
    # Short words ("1", "none", "auto") are no secrets, and replacing them would garble every line.
    return sorted((value for value in found if len(value) >= _LEAST_LENGTH), key=len, reverse=True)


def without_secrets(section: Section, secrets: list[str]) -> Section:
    """The same findings, in which no text holds one of these secrets or anything that looks like a key."""
    return section._replace(findings=[_clean_finding(finding, secrets) for finding in section.findings])


def _clean_finding(finding: Finding, secrets: list[str]) -> Finding:
    texts = {name: _clean(getattr(finding, name), secrets) for name in ("about", "what", "why", "do", "facts")}
    return replace(finding, **texts)


def _clean(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        return _clean_text(value, secrets)
    if isinstance(value, Mapping):
        return {name: _clean(inner, secrets) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(inner, secrets) for inner in value]
    return value


def _clean_text(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, shown_key(secret))
    text = _USER_INFO.sub("…", _OURS.sub(lambda found: shown_key(found[0]), text))
    for mark, shape in shapes():
        text = shape.sub(MASK, text) if mark in text else text
    return text
