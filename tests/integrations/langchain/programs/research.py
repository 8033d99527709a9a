"""A program that knows nothing of tracing: a graph with tools, a retriever, streams, a person in the loop."""

import asyncio
import operator
import os
from typing import Annotated, TypedDict

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import MemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send, interrupt

model = ChatOpenAI(model="gpt-4o-mini", api_key="sk-none", base_url=os.environ["PROVIDER"])


class Letters(Embeddings):
    def embed_documents(self, texts):
        return [[float(text.count(letter)) for letter in "aeiou"] for text in texts]

    def embed_query(self, text):
        return self.embed_documents([text])[0]


class Nearest(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        wanted = Letters().embed_query(query)
        return [Document("cats purr", metadata={"distance": sum(wanted)})]


@tool
def measure(text: str) -> int:
    """Length of a text."""
    return len(text)


class State(TypedDict):
    notes: Annotated[list[str], operator.add]


chain = ChatPromptTemplate.from_template("About {topic}: {known}") | model | StrOutputParser()


def read(state):
    known = Nearest().invoke("cats")[0].page_content
    return {"notes": [chain.invoke({"topic": "cats", "known": known}), str(measure.invoke({"text": known}))]}


def spread(state):
    return [Send("check", {"word": word}) for word in ("one", "two")]


def check(state):
    return {"notes": ["".join(chunk.content for chunk in model.stream(state["word"]))]}


def sign(state):
    return {"notes": [interrupt("sign?")]}


graph = StateGraph(State)
graph.add_node("read", read)
graph.add_node("check", check)
graph.add_node("sign", sign)
graph.add_edge(START, "read")
graph.add_conditional_edges("read", spread, ["check"])
graph.add_edge("check", "sign")
research = graph.compile(name="research", checkpointer=MemorySaver())

config = {"configurable": {"thread_id": "t-1"}}
for part in research.stream({"notes": []}, config, stream_mode="updates"):
    print(sorted(part))
print(research.invoke(Command(resume="signed"), config)["notes"])
print(type(model.invoke("hi")).__name__, measure.name, Letters.embed_query.__qualname__)
for chunk in chain.stream({"topic": "dogs", "known": "nothing"}):
    print(repr(chunk))
    if chunk:
        break
try:
    graph.compile().invoke({"notes": []}, {"recursion_limit": 1})
except GraphRecursionError as error:
    print(type(error).__name__, error.args)


async def together():
    print(await asyncio.gather(*(chain.ainvoke({"topic": topic, "known": "-"}) for topic in "ab")))


asyncio.run(together())
