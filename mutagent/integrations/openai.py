"""Drop-in OpenAI clients: trace these clients and no others, without auto mode.

``from mutagent.integrations.openai import MutagentOpenAI`` in place of ``from openai import OpenAI``.
"""

from __future__ import annotations

from typing import Any

import openai

from mutagent.auto import hooks


class MutagentOpenAI(openai.OpenAI):
    """``openai.OpenAI``, traced: the same arguments, methods and results."""

    _mutagent_traced = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        hooks.install_for_marked_clients("openai")
        super().__init__(*args, **kwargs)


class AsyncMutagentOpenAI(openai.AsyncOpenAI):
    """``openai.AsyncOpenAI``, traced: the same arguments, methods and results."""

    _mutagent_traced = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        hooks.install_for_marked_clients("openai")
        super().__init__(*args, **kwargs)
