"""Snapshots: what a value was at that moment, as JSON, bounded, and without running any code of the user's."""

import asyncio
import collections
import datetime
import decimal
import fractions
import io
import json
import pathlib
import re
import sys
import types
import uuid
import zoneinfo

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutagent.capture.snapshot import MAX_DEPTH, MAX_NODES, Snapshot, flat_copy, own_copies, snapshot
from tests.unit.hostile import Colour, Frame, HostileMeta, Level, Point, SlottedPoint, hostile


def as_json(value):
    """The snapshot of a value, after it has proved to be strict JSON."""
    taken = snapshot(value)
    json.dumps(taken, allow_nan=False)
    return taken


def nodes_of(value):
    below = value.values() if type(value) is dict else value if type(value) is list else ()
    return 1 + sum(map(nodes_of, below))


def text_of(value):
    below = value.values() if type(value) is dict else value if type(value) is list else ()
    return len(value) if type(value) is str else sum(map(text_of, below))


# -- plain values and their kin


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    name: str
    inner: "Model | None" = None


UTC = datetime.timezone.utc
WHEN = datetime.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), (True, True), (0, 0), (1.5, 1.5), ("text", "text"), ("", ""),
        (float("nan"), None), (float("inf"), None), (float("-inf"), None),
        (2**64 - 1, 2**64 - 1), (2**64, str(2**64)), (-(2**63) - 1, str(-(2**63) - 1)),
        (10**5000, "<int of 16610 bits>"),
        ((1, (2,)), [1, [2]]), ([], []), ({}, {}), ({1}, [1]), (frozenset({"a"}), ["a"]),
        ({1: "a", None: "b", False: "c", 2.5: "d", (1, 2): "e"},
         {"1": "a", "None": "b", "False": "c", "2.5": "d", "<builtins.tuple>": "e"}),
        (WHEN, "2024-01-02T03:04:05.000006+00:00"), (WHEN.replace(tzinfo=None), "2024-01-02T03:04:05.000006"),
        (WHEN.astimezone(zoneinfo.ZoneInfo("Asia/Tokyo")), "2024-01-02T12:04:05.000006+09:00"),
        (WHEN.date(), "2024-01-02"), (WHEN.timetz(), "03:04:05.000006+00:00"),
        (datetime.timedelta(days=1, seconds=2), "1 day, 0:00:02"),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (decimal.Decimal("1.10"), "1.10"), (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (Colour.RED, {"r": 255}), (Level.HIGH, "high"),
        (Point(1, ["t"]), {"x": 1, "tags": ["t"]}), (SlottedPoint(1), {"x": 1, "y": 0}),
        (Model(name="a", inner=Model(name="b"), more=[1]),
         {"name": "a", "inner": {"name": "b", "inner": None}, "more": [1]}),
        (collections.OrderedDict(a=1), {"a": 1}), (collections.defaultdict(list, a=[1]), {"a": [1]}),
        (collections.Counter("aab"), {"a": 2, "b": 1}), (collections.namedtuple("P", "x y")(1, 2), [1, 2]),
        (b"abc", {"type": "bytes", "size": 3, "digest": "cf4ab791c62b8d2b2109c90275287816"}),
        (bytearray(b"abc"), {"type": "bytes", "size": 3, "digest": "cf4ab791c62b8d2b2109c90275287816"}),
        (memoryview(b"abc"), {"type": "bytes", "size": 3, "digest": "cf4ab791c62b8d2b2109c90275287816"}),
        (int, "<class builtins.int>"), (Model, f"<class {__name__}.Model>"),
        (object(), "<builtins.object>"), (1j, "<builtins.complex>"), (len, "<builtins.builtin_function_or_method>"),
        (fractions.Fraction(1, 2), "<fractions.Fraction>"), (re.compile("a"), "<re.Pattern>"),
        (sys, "<builtins.module>"),
        (types.SimpleNamespace(a=1), "<types.SimpleNamespace>"), (collections.deque([1]), "<collections.deque>"),
        (range(3), "<builtins.range>"), (Ellipsis, "<builtins.ellipsis>"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_every_known_kind_has_its_nearest_json_form(value, expected):
    assert as_json(value) == expected


def test_lone_surrogates_stay_in_the_text_and_pass_json():
    assert as_json({"\ud800": "a\udfffb"}) == {"\ud800": "a\udfffb"}


def test_a_zone_of_the_users_own_is_left_out():
    class Zone(datetime.tzinfo):
        def utcoffset(self, when):
            pytest.fail("ran")

    assert as_json(WHEN.replace(tzinfo=Zone())) == "2024-01-02T03:04:05.000006"


class NotGiven:
    """What openai and anthropic send for an argument that was not given."""


def test_a_library_sentinel_for_not_given_is_left_out():
    assert as_json({"a": 1, "b": NotGiven()}) == {"a": 1}


def test_a_snapshot_is_a_copy():
    value = {"messages": [{"role": "user", "content": ["a"]}]}
    taken = snapshot(value)
    value["messages"][0]["content"].append("b")
    value["messages"].append("c")
    assert taken == {"messages": [{"role": "user", "content": ["a"]}]}


@pytest.mark.parametrize("value", ["x" * 512, [], {}, 1.5, float("nan"), 2**64, b""])
def test_what_can_be_kept_as_it_is_is_told_from_what_can_not(value):
    assert own_copies([value]) == (type(value) is float and value == value)


def test_a_flat_dict_is_copied_and_a_deep_one_snapshot():
    flat, deep = {"a": 1}, {"a": [1]}
    assert (flat_copy(flat), flat_copy(flat) is flat) == (flat, False)
    copied = flat_copy(deep)
    deep["a"].append(2)
    assert copied == {"a": [1]}


# -- hostile values


PLAIN_BASES = {
    "object": ((), "<hostile.Hostile>"),
    "str": ((str,), ""),
    "int": ((int,), 0),
    "float": ((float,), 0.0),
    "bytes": ((bytes,), {"type": "bytes", "size": 0, "digest": "cae66941d9efbd404e4d88758ea67670"}),
    "dict": ((dict,), {}),
    "list": ((list,), []),
    "tuple": ((tuple,), []),
    "set": ((set,), []),
    "frozenset": ((frozenset,), []),
}


@pytest.mark.parametrize("metaclass", [type, HostileMeta])
@pytest.mark.parametrize("base", list(PLAIN_BASES))
def test_no_method_of_a_class_is_run(base, metaclass):
    bases, expected = PLAIN_BASES[base]
    kind = hostile(*bases, meta=metaclass)
    value = type.__call__(kind)
    # Compared outside, where the hostile classes have no say any more.
    assert (as_json([value]), as_json({"key": value})) == ([expected], {"key": expected})


def test_a_hostile_class_itself_is_its_name():
    assert as_json(hostile(meta=HostileMeta)) == "<class hostile.Hostile>"


def test_hostile_subclasses_show_what_they_hold():
    text = hostile(str)("hello")
    mapping = hostile(dict)(a=1, b=[text])
    sequence = hostile(list)([mapping, hostile(int)(7), hostile(float)(0.5)])
    assert as_json(sequence) == [{"a": 1, "b": ["hello"]}, 7, 0.5]


def test_a_hostile_string_as_key_is_its_text():
    key = type("Key", (str,), {"__str__": None, "__repr__": None})("name")
    assert as_json({key: 1}) == {"name": 1}


def test_a_hostile_key_is_its_class():
    key = hostile(__hash__=object.__hash__, __eq__=object.__eq__)()
    assert as_json({key: 1}) == {"<hostile.Hostile>": 1}


def test_a_property_that_never_ends_is_not_asked():
    class Endless:
        @property
        def value(self):
            while True:
                pass

        def __len__(self):
            while True:
                pass

        __iter__ = __repr__ = __len__

    assert as_json({"endless": Endless()}) == {
        "endless": f"<{__name__}.test_a_property_that_never_ends_is_not_asked.<locals>.Endless>"
    }


def test_dataframe_like_objects_are_their_class():
    assert as_json([Frame()]) == ["<tests.unit.hostile.Frame>"]


def test_a_model_with_forbidden_access_is_read_from_its_storage():
    class Closed(Model):
        def __getattribute__(self, name):
            if name in ("__dict__", "__pydantic_extra__", "model_dump", "name"):
                pytest.fail(f"ran {name}")
            return super().__getattribute__(name)

        def __iter__(self):
            pytest.fail("ran __iter__")

        def __repr__(self):
            pytest.fail("ran __repr__")

        @pydantic.computed_field
        @property
        def size(self) -> int:
            pytest.fail("ran the computed field")

        @pydantic.field_serializer("name")
        def hidden(self, value):
            pytest.fail("ran the serializer")

    assert as_json(Closed(name="n", more=1)) == {"name": "n", "inner": None, "more": 1}


def test_a_dataclass_whose_fields_are_gone_or_lying_is_read_as_far_as_it_goes():
    point = Point(1)
    del point.x
    slotted = SlottedPoint(1)
    del slotted.y
    assert as_json([point, slotted]) == [{"tags": []}, {"x": 1}]


def test_a_dict_property_in_the_way_hides_the_storage():
    class Hidden:
        @property
        def __dict__(self):
            pytest.fail("ran")

        __dataclass_fields__ = {"a": None}

    assert as_json(Hidden()) == {}


def test_iterators_and_files_are_not_consumed(tmp_path):
    path = tmp_path / "file"
    path.write_text("content")

    async def events():
        yield 1

    async def later():
        return 1

    coroutine, stream = later(), events()
    with path.open() as file:
        values = [iter([1, 2]), (n for n in range(3)), map(str, [1]), zip([1], [2], strict=True), io.StringIO("abc")]
        assert as_json([*values, file, stream, coroutine]) == [
            "<builtins.list_iterator>", "<builtins.generator>", "<builtins.map>", "<builtins.zip>", "<_io.StringIO>",
            "<_io.TextIOWrapper>", "<builtins.async_generator>", "<builtins.coroutine>",
        ]  # fmt: skip
        assert [list(value) for value in values] == [[1, 2], [0, 1, 2], ["1"], [(1, 2)], ["abc"]]
        assert file.read() == "content"
    assert asyncio.run(coroutine) == 1


# -- bounds


def test_a_value_that_holds_itself_ends():
    knot = {"name": "knot", "self": None}
    knot["self"] = [knot]
    ring = []
    ring.append((ring,))
    assert as_json([knot, ring]) == [
        {"name": "knot", "self": ["<builtins.dict, circular>"]},
        [["<builtins.list, circular>"]],
    ]


def test_the_same_value_twice_is_no_circle():
    shared = ["a"]
    assert as_json([shared, shared]) == [["a"], ["a"]]


def test_depth_is_bounded():
    deep = current = []
    for _ in range(100_000):
        current.append([])
        current = current[0]
    taken = as_json(deep)
    for _ in range(MAX_DEPTH - 1):
        taken = taken[0]
    assert taken == ["<builtins.list, not recorded: too much>"]
    while deep:  # or its destruction recurses
        deep = deep.pop()


def test_a_long_text_keeps_head_and_tail():
    taken = snapshot("head" + "x" * 50_000_000 + "tail", max_bytes=1000)
    assert len(taken) < 1100
    assert taken.startswith("head")
    assert taken.endswith("tail")
    assert "…[49999008 characters cut]…" in taken


def test_one_budget_of_bytes_is_shared():
    value = {f"k{number}": "x" * 10_000 for number in range(100)}
    assert text_of(as_json(value)) < 131_072 + 100 * 40


def test_one_budget_of_nodes_is_shared():
    value = [{"a": [1, 2, 3]} for _ in range(100_000)]
    assert nodes_of(as_json(value)) < MAX_NODES + 100
    assert nodes_of(as_json({str(number): {} for number in range(100_000)})) < MAX_NODES + 100


def test_a_long_history_keeps_its_system_prompt_and_its_end():
    history = [{"role": "system", "content": "be kind"}]
    history += [{"role": "user", "content": f"message {number} " + "x" * 100} for number in range(10_000)]
    taken = as_json(history)
    assert taken[0] == {"role": "system", "content": "be kind"}
    assert taken[-1] == history[-1]
    cut = [item for item in taken if type(item) is str]
    assert re.fullmatch(r"…\[\d+ items cut\]…", *cut)
    assert len(taken) + int(re.sub(r"\D", "", cut[0])) == len(history) + 1


def test_what_a_dict_had_more_is_said():
    taken = Snapshot(max_nodes=10).take({str(number): number for number in range(100)})
    assert len(taken) < 12
    assert re.fullmatch(r"\d+ more", taken["…"])


def test_the_same_value_always_gives_the_same_snapshot():
    value = [{"n": number, "text": "x" * (number % 977)} for number in range(20_000)]
    assert snapshot(value) == snapshot(value)


def test_a_dict_that_changes_size_meanwhile_is_copied_at_one_moment():
    # In one C call; the loop over a live dict would raise.
    live = {"a": 1}

    class Growing(dict):
        pass

    growing = Growing(a=live)
    live["self"] = growing
    assert as_json(growing)["a"]["a"] == 1


# -- anything at all


class Opaque:
    pass


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20) | st.datetimes()
    | st.decimals() | st.uuids() | st.sampled_from([Opaque(), Opaque, Level.HIGH, Colour.RED, iter(()), len])
    | st.text(alphabet=st.characters(categories=["Cs"]), max_size=3)
)  # fmt: skip
keys = st.text() | st.integers() | st.none() | st.floats() | st.booleans() | st.tuples(st.integers())
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(keys, inner)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers())
        | st.builds(Point, inner, st.just([]))
        | st.builds(lambda extra: Model(name="m", extra_field=extra), inner)
    ),
    max_leaves=40,
)


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(anything)
def test_any_value_gives_strict_json_within_its_budget(value):
    taken = as_json(value)
    assert nodes_of(taken) <= MAX_NODES
    assert as_json(taken) == taken


@settings(derandomize=True, max_examples=100, deadline=None, database=None)
@given(anything, st.integers(1, 200), st.integers(1, 50))
def test_small_budgets_hold_for_any_value(value, max_bytes, max_nodes):
    taken = Snapshot(max_bytes, max_nodes).take(value)
    json.dumps(taken, allow_nan=False)
    assert nodes_of(taken) <= 2 * max_nodes + 20
