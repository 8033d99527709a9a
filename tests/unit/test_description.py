"""``@description``: the ``__init__`` of a dataclass, and its errors."""

import pytest

from mutagent.integrations.description import description


@description(eq=False)
class Place:
    module: str
    path: str
    late: bool = False


def test_values_come_by_position_by_name_and_by_default():
    places = [Place("m", "p"), Place("m", path="p", late=True), Place(path="p", module="m")]
    assert [(place.module, place.path, place.late) for place in places] == [
        ("m", "p", False), ("m", "p", True), ("m", "p", False),
    ]  # fmt: skip
    assert places[0] != places[2]


@pytest.mark.parametrize(
    ("args", "named", "said"),
    [
        (("m",), {}, r"missing: \['path'\]"),
        (("m", "p"), {"module": "n"}, r"twice: \['module'\]"),
        (("m", "p"), {"lat": True}, r"unknown: \['lat'\]"),
        (("m", "p", True, 1), {}, "4 values by position"),
    ],
)
def test_what_does_not_fit_is_an_error_that_says_what(args, named, said):
    with pytest.raises(TypeError, match=rf"Place\(module, path, late\).*{said}"):
        Place(*args, **named)


def test_a_description_that_is_to_be_compared_is_refused():
    with pytest.raises(ValueError, match="use a dataclass"):
        description(eq=True)


def test_a_function_that_is_a_default_is_no_method():
    @description(eq=False)
    class Reader:
        read: object = len

    @description(eq=False)
    class Counter:
        count: object = lambda value: len(value)

    assert (Reader().read("ab"), Counter().count("ab"), Counter(count=min).count("ab")) == (2, 2, "a")
