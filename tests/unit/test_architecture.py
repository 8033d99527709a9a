"""What may import what, who may catch everything, how long a file may be: read from the source, without importing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "mutagent"
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in FILES.items()}

# Lower layers first: a module at the top of a file imports from its own layer and from those above it in this list.
LAYERS = [
    ("mutagent",),
    ("mutagent.guard", "mutagent.loading", "mutagent.integrations.frames"),
    ("mutagent.hosts",),
    ("mutagent.process",),
    ("mutagent.capture", "mutagent.config"),
    ("mutagent.tracing.types", "mutagent.tracing.ids"),
    ("mutagent.tracing.span",),
    ("mutagent.tracing.context",),
    ("mutagent.tracing.failure",),
    ("mutagent.tracing.tracer",),
    ("mutagent.tracing",),
    ("mutagent.integrations.description", "mutagent.integrations.exchange", "mutagent.integrations.registry"),
    ("mutagent.integrations.spec",),
    ("mutagent.integrations.shapes", "mutagent.integrations.facts", "mutagent.integrations.claims"),
    ("mutagent.integrations.specs",),
    ("mutagent.integrations.pickled",),
    ("mutagent.integrations.frozen",),
    ("mutagent.integrations.engine",),
    ("mutagent.integrations.wrappers",),
]

# What a library's description may know: the vocabulary, shared shapes, and how to read values.
SPEC_MAY_IMPORT = (
    "mutagent.capture",
    "mutagent.integrations.spec",
    "mutagent.integrations.specs",
    "mutagent.integrations.shapes",
    # A framework that reports its runs by callback adds to the span that the bridge has for one.
    "mutagent.integrations.facts",
    "mutagent.tracing.span",
)
THIRD_PARTY = (
    "openai",
    "anthropic",
    "google",
    "langchain_core",
    "langgraph",
    "mistralai",
    "cohere",
    "ollama",
    "huggingface_hub",
    "botocore",
    "aiobotocore",
    "boto3",
    "instructor",
    "litellm",
    "chromadb",
    "qdrant_client",
    "lancedb",
    "pymilvus",
    "voyageai",
    "sentence_transformers",
    "torch",
    "numpy",
    "pinecone",
    "weaviate",
    "pgvector",
    "psycopg",
    "sqlalchemy",
    "together",
    "azure",
    "wrapt",
    "httpx",
    "httpx2",
    "pydantic",
    "genai_prices",
)
BROAD = ("Exception", "BaseException")


def is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def statements(body: list[ast.stmt], nested: bool):
    """The statements that run at import, and with ``nested`` also those within functions; none for type checkers."""
    for node in body:
        if is_type_checking(node):
            continue
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not nested:
            continue
        for field in ("body", "orelse", "finalbody", "handlers"):
            yield from statements(
                [item for item in getattr(node, field, []) if isinstance(item, (ast.stmt, ast.ExceptHandler))], nested
            )


def imports(module: str, nested: bool = False) -> set[str]:
    """The modules and names that a module imports, in full."""
    found: set[str] = set()
    for node in statements(TREES[module].body, nested):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            found.update(module_of(node.module, alias.name) for alias in node.names)
    return found


def module_of(package: str | None, name: str) -> str:
    full = f"{package}.{name}"
    return full if full in FILES else str(package)


def below(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


def layer_of(module: str) -> int | None:
    """The index of the narrowest layer that a module is in."""
    fits = [
        (len(prefix), index)
        for index, prefixes in enumerate(LAYERS)
        for prefix in prefixes
        if module == prefix or (prefix != "mutagent" and module.startswith(prefix + "."))
    ]
    return max(fits)[1] if fits else None


def test_the_core_depends_downwards_only():
    upwards = {
        module: sorted(name for name in imports(module) if name.startswith("mutagent") and stands_above(name, module))
        for module in FILES
        if layer_of(module) is not None
    }
    # Under MUTAGENT_AUTO=1 a program that imports us has given us the chance to act.
    assert {module: names for module, names in upwards.items() if names} == {"mutagent": ["mutagent.auto.activation"]}


def stands_above(name: str, module: str) -> bool:
    theirs, mine = layer_of(name), layer_of(module)
    return theirs is None or (mine is not None and theirs > mine)


def test_the_tracer_knows_where_spans_go_only_as_a_sink():
    for module in FILES:
        if below(module, ("mutagent.tracing",)) and module not in ("mutagent.tracing.runtime",):
            assert not [
                name for name in imports(module, nested=True) if below(name, ("mutagent.export", "mutagent.store"))
            ]


def test_the_engine_and_the_specs_do_not_know_how_patches_get_in():
    for module in FILES:
        if below(
            module, ("mutagent.integrations.engine", "mutagent.integrations.specs", "mutagent.integrations.shapes")
        ):
            assert not [name for name in imports(module, nested=True) if below(name, ("mutagent.auto",))], module


SPECS = [module for module in FILES if below(module, ("mutagent.integrations.specs", "mutagent.integrations.shapes"))]


def test_a_spec_never_imports_what_it_describes():
    found = {module: [name for name in imports(module, nested=True) if below(name, THIRD_PARTY)] for module in SPECS}
    assert {module: names for module, names in found.items() if names} == {}


def test_a_spec_is_data_and_pure_functions():
    found = {
        module: [name for name in imports(module) if name.startswith("mutagent") and not below(name, SPEC_MAY_IMPORT)]
        for module in SPECS
    }
    assert {module: names for module, names in found.items() if names} == {}


def test_the_store_knows_neither_the_viewer_nor_the_tracer():
    for module in FILES:
        if below(module, ("mutagent.store",)):
            names = imports(module, nested=True)
            assert not [
                name for name in names if below(name, ("mutagent.viewer", "mutagent.tracing", "mutagent.integrations"))
            ]


def test_nothing_below_the_viewer_imports_it():
    for module in FILES:
        if not below(
            module, ("mutagent.viewer", "mutagent.cli", "mutagent.doctor", "mutagent.demo", "mutagent.terminal")
        ):
            assert not [name for name in imports(module, nested=True) if below(name, ("mutagent.viewer",))], module


@pytest.mark.parametrize(
    ("library", "only"),
    [
        ("httpx", {"mutagent.export.http"}),
        ("httpx2", {"mutagent.export.http"}),
        ("openai", {"mutagent.integrations.openai"}),
        ("anthropic", set()),
    ],
)
def test_one_file_knows_a_library(library, only):
    users = {
        module for module in FILES if below(library, tuple(name.partition(".")[0] for name in imports(module, True)))
    }
    assert {module for module in users if not below(module, ("mutagent.demo", "mutagent.doctor"))} <= only


def test_wrapt_is_loaded_by_what_patches_only():
    users = {module for module in FILES if "wrapt" in {name.partition(".")[0] for name in imports(module, True)}}
    assert users <= {"mutagent.auto.hooks", "mutagent.auto.threads"}


EVERY_PROCESS = (
    "mutagent.tracing",
    "mutagent.capture",
    "mutagent.config",
    "mutagent.guard",
    "mutagent.process",
    "mutagent.auto.finder",
    "mutagent.auto.activation",
    "mutagent.integrations.registry",
)


def test_what_every_process_loads_imports_nothing_from_elsewhere_at_its_top():
    found = {module: imports(module) for module in FILES if below(module, EVERY_PROCESS)}
    assert {module for module, names in found.items() if any(below(name, THIRD_PARTY) for name in names)} == set()


def reraises(handler: ast.ExceptHandler) -> bool:
    """Whether what was caught goes on, unchanged, at the handler's end, unless the guard has counted it as ours."""
    last = handler.body[-1]
    if isinstance(last, ast.If) and ast.unparse(last.test).startswith(("not counted(", "not counted_by(")):
        last = last.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def broad_handlers(module: str):
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.ExceptHandler) and not reraises(node):
            kinds = ast.unparse(node.type) if node.type else "BaseException"
            if any(kind in BROAD for kind in kinds.strip("()").replace(" ", "").split(",")):
                yield f"{module}:{node.lineno}"


# What a consumer throws into a traced generator goes on into the generator, which decides.
THROWN_ON = {"mutagent.tracing.generators": 2}
# Run by foreign interpreters, where the guard can't be imported.
START_UP = ("mutagent.auto.bootstrap", "mutagent.auto.startfiles")


def test_only_the_guard_and_the_process_catch_everything():
    free = ("mutagent.guard", "mutagent.process", *START_UP)
    found = {module: list(broad_handlers(module)) for module in FILES if not below(module, free)}
    assert {module: len(places) for module, places in found.items() if places} == THROWN_ON, found


def test_no_file_is_longer_than_350_lines():
    lengths = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in FILES.items()}
    assert {module: length for module, length in lengths.items() if length > 350} == {}


def test_file_names_are_nouns_of_the_field():
    vague = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}
    assert [module for module in FILES if vague & set(module.split("."))] == []


WORK = {
    "Thread", "Lock", "RLock", "Client", "AsyncClient", "Timer", "StreamHandler", "start_new_thread", "register",
    "register_at_fork", "signal", "getLogger", "ThreadPoolExecutor",
}  # fmt: skip


def starts_work(node: ast.stmt) -> str | None:
    """A call at module level that makes a thread, a lock, a client or a handler."""
    calls = (ast.unparse(call.func).rpartition(".")[2] for call in ast.walk(node) if isinstance(call, ast.Call))
    return next((name for name in calls if name in WORK), None)


def test_no_module_starts_work_at_import():
    found = {
        module: name
        for module, tree in TREES.items()
        for node in tree.body
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not is_type_checking(node)
        if (name := starts_work(node))
    }
    assert {module: name for module, name in found.items() if not module.endswith("__main__")} == {}


def test_private_names_stay_within_their_package():
    crossings = []
    for module, tree in TREES.items():
        package = module if FILES[module].name == "__init__.py" else module.rpartition(".")[0]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("mutagent"):
                private = [
                    alias.name for alias in node.names if alias.name.startswith("_") and not alias.name.startswith("__")
                ]
                if private and node.module.rpartition(".")[0] != package and node.module != package:
                    crossings.append(f"{module}: {node.module} {private}")
    assert crossings == []
