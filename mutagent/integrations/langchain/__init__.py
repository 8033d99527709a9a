"""Trace LangChain: ``chain.invoke(..., config={"callbacks": [MutagentCallbackHandler()]})``.

Under auto mode nothing is to be passed: a handler is installed for every run.
"""

from __future__ import annotations

from mutagent.integrations.langchain.handler import MutagentCallbackHandler

__all__ = ["MutagentCallbackHandler"]
