"""Read foreign objects without running their code.

Attribute access, ``len``, iteration and ``str`` may all call methods that users wrote. What stands here goes to the
storage beneath instead: the C slots of builtin types (which a subclass can't override from outside) and instance dicts.
"""

from __future__ import annotations

import sys
from typing import Any

from mutagent.capture.kinds import Kind, kind_of, kinds, slot_of

# A metaclass may override attribute access on a class; the slots of `type` itself can't be.
_mro_of = type.__dict__["__mro__"].__get__
_module_of = type.__dict__["__module__"].__get__
_qualname_of = type.__dict__["__qualname__"].__get__
_dict_of_class = type.__dict__["__dict__"].__get__
# Of a slot, which goes before all else: nothing that a class overrides is run.
_attribute_of = object.__getattribute__


def type_label(kind: type) -> str:
    """``<module.Class>``: what stands for a value of which no plain form is known."""
    module = _module_of(kind)
    return f"<{module}.{_qualname_of(kind)}>" if isinstance(module, str) else f"<{_qualname_of(kind)}>"


def is_kind(value: Any, kind: type) -> bool:
    """Whether the value's class descends from ``kind``; unlike isinstance it asks neither the object nor the class."""
    # By id: `in` compares, and a metaclass of the user's may have its own comparison.
    return id(kind) in kind_of(type(value)).bases


def is_exactly(value: Any, *kinds: type) -> bool:
    """Whether the value's class is one of these, and none below; `in` would ask a metaclass of the user's."""
    kind = type(value)
    for each in kinds:  # noqa: SIM110 - a generator costs three times as much
        if kind is each:
            return True
    return False


def class_attribute(kind: type, name: str) -> Any:
    """An attribute as a class or its nearest base stores it, unbound; None where there is none."""
    for base in _mro_of(kind):
        own = _dict_of_class(base)
        if name in own:
            return own[name]
    return None


def instance_dict(value: Any) -> dict[str, Any] | None:
    """The dict that holds an instance's attributes, or None where there is none or a class stands in its way."""
    if not kind_of(type(value)).has_dict:
        return None
    found = _attribute_of(value, "__dict__")
    return found if type(found) is dict else None


def model_fields(value: Any) -> dict[str, Any] | None:
    """The fields of a pydantic model or a dataclass instance by name, extras included; None for anything else."""
    kind = kind_of(type(value))
    if kind.is_model:
        return fields_of(value) if kind.extra is not None else instance_dict(value) or {}
    return None if kind.declared is None else _dataclass_fields(value, kind.declared)


def _dataclass_fields(value: Any, declared: dict[str, Any]) -> dict[str, Any]:
    stored = instance_dict(value) or {}
    found: dict[str, Any] = {}
    for name in declared:
        if name in stored:
            found[name] = stored[name]
            continue
        slot = slot_of(type(value), name)
        held = _MISSING if slot is None else _held(slot, value)
        if held is not _MISSING:
            found[name] = held
    return found


_MISSING: Any = object()
# By id: a class of the user's may have a comparison of its own, which `in` would run.
_UNNAMED_KINDS = frozenset(map(id, (str, int, float, bool, list, tuple)))
PLAIN_KINDS = _UNNAMED_KINDS | {id(dict), id(bytes)}
_NO_FIELDS: dict[str, Any] = {}


def _held(slot: Any, value: Any) -> Any:
    try:
        return slot(value)
    except AttributeError:
        return _MISSING


def read(value: Any, name: str) -> Any:
    """One field of a dict, a pydantic model or a dataclass, and None where there is none of that name.

    Client libraries take and give the same shapes as dicts and as models; reading both alike is what lets one
    extractor serve requests, responses and raw JSON.
    """
    if type(value) is dict:
        return value.get(name)
    if value is None or id(type(value)) in _UNNAMED_KINDS:
        return None
    fields = instance_dict(value)
    if fields is not None and name in fields:
        return fields[name]
    if is_kind(value, dict):
        return dict.get(value, name)
    fields = model_fields(value)
    return None if fields is None else fields.get(name)


def fields_of(value: Any, kind: Kind | None = None) -> dict[str, Any]:
    """All that :func:`read` finds in a value, by name, for who reads many: what is missing costs :func:`read` most.

    ``kind`` is what is known of its class, where that is at hand.
    """
    if kind is None:
        if type(value) is dict:
            return value
        kind = kinds.get(id(type(value))) or kind_of(type(value))
    if kind.extra is not None:
        # Here, and not by a call: the parts of an answer are such models, half a dozen of them.
        fields: Any = _attribute_of(value, "__dict__")
        try:
            extra = kind.extra(value)
        except AttributeError:  # the slot is empty
            extra = None
        if type(fields) is not dict:
            fields = {}
        return {**fields, **extra} if extra and type(extra) is dict else fields
    if value is None or id(type(value)) in _UNNAMED_KINDS:
        return {}
    stored = instance_dict(value) or {}
    found = dict(dict.items(value)) if is_kind(value, dict) else model_fields(value)
    return stored if found is None or found is stored else {**found, **stored}


def read_path(value: Any, *names: str) -> Any:
    """The field at the end of a path of names; None as soon as one is missing."""
    for name in names:
        value = read(value, name)
        if value is None:
            return None
    return value


def read_list(value: Any, name: str) -> list[Any]:
    """A field that holds a list or a tuple, as a list; empty where it is missing or something else."""
    return as_list(read(value, name))


def as_list(value: Any) -> list[Any]:
    """The items of a list or a tuple (or a subclass of one), and nothing for any other value: iterators stay whole."""
    if type(value) is list or type(value) is tuple:
        return list(value)
    if is_kind(value, list):
        return list(list.__iter__(value))
    if is_kind(value, tuple):
        return list(tuple.__iter__(value))
    return []


def read_str(value: Any, name: str) -> str | None:
    """A field that holds a string (an enum member of strings counts), else None."""
    return as_str(read(value, name))


def as_str(value: Any) -> str | None:
    """A string, also one of a class below (an enum member of strings), else None."""
    if type(value) is str:
        return value
    return str.__str__(value) if value is not None and is_kind(value, str) else None


def read_filled(value: Any, *names: str) -> Any:
    """The first of several fields that is there and not blank, else None."""
    for name in names:
        found = read(value, name)
        if not is_blank(found):
            return found
    return None


def is_blank(value: Any) -> bool:
    """None, False, 0, an empty text or container, or "not given"; objects of the program's own are not asked."""
    if value is None:
        return True
    return not value if id(type(value)) in PLAIN_KINDS else is_unset(value)


def read_int(value: Any, name: str) -> int | None:
    """A field that holds a whole number, else None; True and False are no numbers here."""
    found = read(value, name)
    if type(found) is int:
        return found
    return int(found) if type(found) is float and found == found // 1 else None


def is_unset(value: Any) -> bool:
    """Whether a client library's own "not given" sentinel stands here (openai and anthropic send them as arguments)."""
    return kind_of(type(value)).is_unset


def given(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that were really given: neither None nor a library's "not given" sentinel."""
    return {name: value for name, value in arguments.items() if value is not None and not is_unset(value)}


def loaded(module: str, name: str) -> Any:
    """A class of a module that the program has already imported, else None; imports nothing."""
    found = sys.modules.get(module)
    return None if found is None else found.__dict__.get(name)


def get(value: Any, name: str) -> Any:
    """One field of an object that a client library made (a response, a chunk): faster than :func:`read`.

    Not for what users pass in: it reads ``__dict__`` as the object gives it.
    """
    if type(value) is dict:
        return value.get(name)
    # Not by an exception: most of what is asked for is missing, and raising takes five times as long.
    found = getattr(value, "__dict__", _NO_FIELDS).get(name, _MISSING)
    if found is not _MISSING:
        return found
    extra = getattr(value, "__pydantic_extra__", None)
    return extra.get(name) if type(extra) is dict else None


def get_path(value: Any, *names: str) -> Any:
    """The field at the end of a path of names in an object that a client library made; None where one is missing."""
    for name in names:
        value = get(value, name)
        if value is None:
            return None
    return value


def get_list(value: Any, name: str) -> list[Any]:
    """A list field of an object that a client library made; empty where it is missing."""
    found = get(value, name)
    return found if type(found) is list else as_list(found)


def whole(value: Any) -> int | None:
    """A token count as an int; None for what is no number.

    Some hosts send digits as text, of which their clients make numbers.
    """
    kind = type(value)
    if kind is int:
        return value  # type: ignore[no-any-return]
    if kind is str:
        return int(value) if len(value) < 19 and value.isascii() and value.isdigit() else None
    return int(value) if kind is float and value == value // 1 else None
