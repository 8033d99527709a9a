"""What is known of a class, found out once: a walk along its bases costs more than reading a value.

Everything is read from the C slots of ``type`` and from the dicts of the bases, so nothing that a class or its
metaclass overrides is run.
"""

from __future__ import annotations

from functools import partial
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any
from weakref import ref

# A metaclass may override attribute access on a class; the slots of `type` itself can't be.
_mro_of = type.__dict__["__mro__"].__get__
_name_of = type.__dict__["__name__"].__get__
_qualname_of = type.__dict__["__qualname__"].__get__
_dict_of_class = type.__dict__["__dict__"].__get__

# Programs make classes as they run (a model for each answer's schema): what is known of so many is kept.
_MOST = 1024
# Classes that everybody knows; what descends from one is read by the methods of that one.
PLAIN = (str, bytes, bytearray, memoryview, int, float, dict, list, tuple, set, frozenset)
_PLAIN_IDS = frozenset(map(id, PLAIN))
_UNSET_NAMES = frozenset({"NotGiven", "Omit", "Unset", "UNSET", "_Unset"})


class Kind:
    """One class.

    Args:
        cls: the class. Nothing here keeps it: a program that makes classes as it runs gets rid of them, too.

    ``bases`` are the ids of its bases, itself among them; ``names`` is what they are called; ``plain`` is the id of the
    nearest that is one of :data:`PLAIN`, else 0. ``has_dict``: its instances keep attributes in a dict, in whose way no
    class stands; ``extra`` reads what a pydantic model (``is_model``) keeps beside its fields, where they stand in such
    a dict; ``declared`` are a dataclass's fields. ``hashes``: its instances have a hash. ``is_unset``: a client
    library's own "not given". ``iterates``: its instances are iterators; ``iterable``: they make some.
    """

    __slots__ = ("bases", "declared", "extra", "has_dict", "hashes", "is_model", "is_unset", "iterable", "iterates",
                 "names", "plain", "watch")  # fmt: skip

    def __init__(self, cls: type) -> None:
        mro = _mro_of(cls)
        dicts = [_dict_of_class(base) for base in mro]
        # Its id is another's, once it is gone.
        self.watch = ref(cls, partial(kinds.pop, id(cls)))
        self.bases = frozenset(map(id, mro))
        self.plain = next((id(base) for base in mro if id(base) in _PLAIN_IDS), 0)
        self.names = frozenset(map(_name_of, mro))
        dict_slot: Any = next((own["__dict__"] for own in dicts if "__dict__" in own), None)
        found = type(dict_slot)
        # A member is what SimpleNamespace has.
        self.has_dict = found is GetSetDescriptorType or found is MemberDescriptorType
        self.is_model, self.declared = _declared(dicts)
        plain_model = self.is_model and self.has_dict and not self.plain
        self.extra: Any = slot_of(cls, "__pydantic_extra__") if plain_model else None
        self.hashes = next((own["__hash__"] for own in dicts if "__hash__" in own), None) is not None
        self.is_unset = _qualname_of(cls) in _UNSET_NAMES
        self.iterates = any("__next__" in own or "__anext__" in own for own in dicts)
        self.iterable = any("__iter__" in own or "__aiter__" in own for own in dicts)


def _declared(dicts: list[Any]) -> tuple[bool, dict[str, Any] | None]:
    """Whether it is a pydantic model, and else a dataclass's fields."""
    for own in dicts:
        if "__pydantic_fields_set__" in own or "__pydantic_core_schema__" in own:
            return True, None
        if type(own.get("__dataclass_fields__")) is dict:
            return False, own["__dataclass_fields__"]
    return False, None


# By the id of the class. Those who ask for every part of an answer look here first, and save a call each.
kinds: dict[int, Kind] = {}


def kind_of(cls: type) -> Kind:
    """What is known of a class."""
    known = kinds.get(id(cls))
    if known is None:
        if len(kinds) >= _MOST:
            kinds.clear()
        known = kinds[id(cls)] = Kind(cls)
    return known


def slot_of(cls: type, name: str) -> Any:
    """Reads a slot of the instances of a class, raising AttributeError where it is empty; None where there is none."""
    for base in _mro_of(cls):
        descriptor = _dict_of_class(base).get(name)
        if type(descriptor) is MemberDescriptorType:
            return descriptor.__get__
    return None
