"""Reading foreign objects: fields of dicts and models alike, and nothing of theirs is run."""

import gc
import sys
import weakref
from dataclasses import dataclass
from typing import Any

import pydantic
import pytest

from mutagent.capture import plain
from tests.unit.hostile import HostileMeta, Level, Point, SlottedPoint, hostile


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    name: str = "n"


class NotGiven:
    pass


class Opaque:
    def __init__(self):
        self.seen = 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"name": "n"}, "n"),
        (Model(), "n"),
        (Model(name="m", other=1), "m"),
        (Point(1), None),
        (SlottedPoint(1), None),
        (hostile(dict)(name="n"), "n"),
        ({}, None),
        (None, None),
        ("name", None),
        (7, None),
        ([1], None),
        (object(), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_field_of_anything(value, expected):
    assert plain.read(value, "name") == expected


def test_fields_of_every_kind_of_storage():
    assert plain.read(Model(other=1), "other") == 1
    assert plain.read(Point(3), "x") == 3
    assert plain.read(SlottedPoint(4), "x") == 4
    assert plain.read(Opaque(), "seen") == 1


def test_a_path_ends_at_the_first_missing_field():
    value = {"a": Model(inner={"b": [1]})}
    assert plain.read_path(value, "a", "inner", "b") == [1]
    assert plain.read_path(value, "a", "nothing", "b") is None
    assert plain.read_path(None, "a") is None


class Items(list):
    __iter__ = None


@pytest.mark.parametrize(
    ("value", "expected"),
    [([1, 2], [1, 2]), ((1, 2), [1, 2]), (Items([1]), [1]), (None, []), ("ab", []), (iter([1]), []), ({"a": 1}, [])],
)
def test_lists_are_lists_and_nothing_else_is(value, expected):
    assert plain.as_list(value) == expected
    assert plain.read_list({"items": value}, "items") == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("a", "a"), (Level.HIGH, "high"), (1, None), (None, None), (b"a", None)]
)
def test_strings_are_strings(value, expected):
    found = plain.read_str({"field": value}, "field")
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1), (2.0, 2), (2.5, None), (True, None), ("one", None), (None, None), (float("nan"), None)],
)
def test_whole_numbers_are_whole_numbers(value, expected):
    assert plain.read_int({"field": value}, "field") == expected
    assert plain.whole(value) == expected


@pytest.mark.parametrize(
    ("text", "count"), [("12", 12), ("", None), ("-1", None), ("1.5", None), ("²", None), ("9" * 20, None)]
)
def test_a_count_may_come_as_digits(text, count):
    assert plain.whole(text) == count


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinity_is_no_whole_number(value):
    assert plain.read_int({"field": value}, "field") is None
    assert plain.whole(value) is None


def test_what_was_not_given_is_told_from_what_was():
    assert plain.given({"a": 1, "b": None, "c": NotGiven(), "d": False, "e": ""}) == {"a": 1, "d": False, "e": ""}


def test_kinds_are_told_without_asking_the_class():
    value = type.__call__(hostile(dict, meta=HostileMeta))
    assert (plain.is_kind(value, dict), plain.is_kind(value, list)) == (True, False)
    assert plain.type_label(type(value)) == "<hostile.Hostile>"


def test_a_label_without_a_module_is_the_name():
    assert plain.type_label(type("Loose", (), {"__module__": None})) == "<Loose>"


def test_a_class_is_looked_up_only_where_its_module_is_loaded():
    assert plain.loaded("pydantic", "BaseModel") is pydantic.BaseModel
    assert plain.loaded("pydantic", "NoSuchName") is None
    assert plain.loaded("module_that_is_not_there", "Name") is None
    assert "module_that_is_not_there" not in sys.modules


def test_responses_of_clients_are_read_the_short_way():
    answer = Model(name="m", usage=Model(name="u"))
    assert plain.get(answer, "name") == "m"
    assert plain.get(answer, "nothing") is None
    assert plain.get({"a": 1}, "a") == 1
    assert plain.get(7, "a") is None
    assert plain.get_path(answer, "usage", "name") == "u"
    assert plain.get_path(answer, "nothing", "name") is None
    assert plain.get_list(Model(items=[1]), "items") == [1]
    assert plain.get_list(answer, "items") == []


@dataclass
class WithDefault:
    field: Any = 7


def test_a_class_default_is_no_field_of_an_instance_that_lost_it():
    value = WithDefault()
    del value.field
    assert plain.model_fields(value) == {}
    assert plain.read(value, "field") is None


class Told(dict[str, Any]):
    """A dict whose methods tell that they were called."""

    def told(self, *args):
        raise AssertionError("code of the program's was run")

    keys = values = items = copy = __iter__ = __getitem__ = __len__ = told  # type: ignore[assignment]


def test_attributes_in_a_dict_of_the_programs_own_class_are_not_asked_for():
    value = Model(other=1)
    object.__setattr__(value, "__dict__", Told(name="n"))
    assert plain.fields_of(value) == {"other": 1}
    assert plain.read(value, "other") == 1


@pytest.mark.parametrize("made", [dict, list, pydantic.BaseModel, object], ids=lambda base: base.__name__)
def test_a_class_that_was_read_may_go(made):
    kind = type("Passing", (made,), {})
    assert plain.read(kind(), "name") is None
    gone = weakref.ref(kind)
    del kind
    gc.collect()
    assert gone() is None


def test_classes_at_one_address_are_told_apart():
    for number in range(3000):
        kind = type("Passing", (dict if number % 2 else list,), {})
        assert plain.is_kind(kind(), dict) is bool(number % 2)
        del kind
