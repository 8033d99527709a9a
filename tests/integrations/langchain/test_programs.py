"""A whole program in a process of its own: it prints the same with us as without, and is two trees and more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mutagent.demo.provider import Reply, Rule
from mutagent.store.reader import StoreReader
from mutagent.testing import CapturedSpans
from tests.integrations.langchain.drawing import drawn, tree

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).parent / "programs" / "research.py"
DEADLINE = 120


class Stored:
    """What the local store has of a run, as captured spans."""

    children = CapturedSpans.children

    def __init__(self, home: Path) -> None:
        # An open span is written too; the last row is the whole one.
        rows = {row.span_id: json.loads(row.body) for row in StoreReader(home).rows_after(0, 10_000)}
        self.spans = [{"attributes": {}, **span} for span in rows.values()]


FIRST_RUN = """
import mutagent.auto
mutagent.auto.instrument()
from langchain_core.runnables import RunnableLambda
print(RunnableLambda(str).invoke(1))
from mutagent import guard
print(guard.failures)
"""


def run_program(provider, home: Path, *words: str) -> str:
    return run_python(home, *words, str(PROGRAM), PROVIDER=provider.openai_url)


def run_python(home: Path, *words: str, **variables: str) -> str:
    ours = ("PYTHON", "MUTAGENT", "COV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, *words],
        env={**kept, "PYTHONPATH": str(ROOT), "MUTAGENT_HOME": str(home), **variables},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def provider(serve_counted):
    return serve_counted(Rule(Reply("Cats purr a lot."), contains="cats"))


def test_a_program_prints_the_same_and_is_recorded_whole(provider, tmp_path):
    plain = run_program(provider, tmp_path)
    calls = len(provider.sent)
    traced = run_program(provider, tmp_path, "-m", "mutagent.auto", "--quiet")
    assert traced == plain
    assert len(provider.sent) == 2 * calls
    stored = Stored(tmp_path)
    assert {span["status"] for span in stored.spans if span["name"] != "LangGraph"} == {"ok"}
    assert drawn(stored) == tree("""
        research [graph]
          read [node]
            Nearest [retrieval]
              embeddings Letters [llm.embedding]
            ChatPromptTemplate [chain]
            chat gpt-4o-mini [llm.chat]
            StrOutputParser [chain]
            measure [tool]
            spread [chain]
          check [node]
            chat gpt-4o-mini [llm.chat]
          check [node]
            chat gpt-4o-mini [llm.chat]
          sign [node]
        research [graph]
          sign [node]
        chat gpt-4o-mini [llm.chat]
        RunnableSequence [chain]
          ChatPromptTemplate [chain]
          chat gpt-4o-mini [llm.chat]
          StrOutputParser [chain]
        LangGraph [graph] error
          read [node]
            Nearest [retrieval]
              embeddings Letters [llm.embedding]
            ChatPromptTemplate [chain]
            chat gpt-4o-mini [llm.chat]
            StrOutputParser [chain]
            measure [tool]
            spread [chain]
        RunnableSequence [chain]
          ChatPromptTemplate [chain]
          chat gpt-4o-mini [llm.chat]
          StrOutputParser [chain]
        RunnableSequence [chain]
          ChatPromptTemplate [chain]
          chat gpt-4o-mini [llm.chat]
          StrOutputParser [chain]
    """)


def test_the_handler_is_installed_in_the_midst_of_langchains_own_imports(tmp_path):
    assert run_python(tmp_path, "-c", FIRST_RUN, MUTAGENT_LOCAL="1") == "1\n{}\n"
