"""Ids: OpenTelemetry's sizes, unique across forks, and no business of the program's own random numbers."""

import os
import random
import subprocess
import sys
import uuid

import pytest

from mutagent.tracing import ids

HEX32 = "0af7651916cd43dd8448eb211c80319c"
HEX16 = "b7ad6b7169203331"


def test_ids_have_the_sizes_of_opentelemetry():
    assert {len(ids.trace_hex(ids.bits(128))) for _ in range(100)} == {32}
    assert {len(ids.span_hex(ids.bits(64))) for _ in range(100)} == {16}
    assert ids.trace_hex(1) == "0" * 31 + "1"


def test_ids_do_not_repeat():
    drawn = {ids.bits(64) for _ in range(10_000)}
    assert len(drawn) == 10_000
    assert 0 not in drawn


def test_the_programs_seeded_random_numbers_are_not_disturbed():
    random.seed(7)
    expected = [random.random() for _ in range(3)]
    random.seed(7)
    found = []
    for _ in range(3):
        ids.bits(128)
        found.append(random.random())
    assert found == expected


def test_seeding_random_does_not_repeat_ids():
    random.seed(7)
    first = ids.bits(128)
    random.seed(7)
    assert ids.bits(128) != first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_children_draw_ids_of_their_own():
    program = """
import os, sys
from mutagent.tracing.ids import bits
bits(64)
for _ in range(3):
    if not os.fork():
        break
    os.wait()
sys.stdout.write("".join(f"{bits(64)}\\n" for _ in range(5)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    drawn = done.stdout.split()
    assert len(drawn) == 20
    assert len(set(drawn)) == 20


@pytest.mark.parametrize(
    ("text", "digits"),
    [(HEX32, HEX32), (HEX32.upper(), HEX32), (str(uuid.UUID(HEX32)), HEX32)],
    ids=["hex", "upper case", "uuid"],
)
def test_a_trace_id_is_taken_as_hex_digits_or_uuid(text, digits):
    number, is_id = ids.trace_number_of(text)
    assert (ids.trace_hex(number), is_id) == (digits, True)


def test_a_span_id_is_taken_as_hex_digits():
    number, is_id = ids.span_number_of(HEX16)
    assert (ids.span_hex(number), is_id) == (HEX16, True)


@pytest.mark.parametrize(
    "text", ["request-17", "", "0" * 32, "z" * 32, "0x" + "1" * 30, "+" + "1" * 31, "1_" * 16, "\ud800"]
)
def test_any_other_string_is_hashed_to_an_id_that_is_always_the_same(text):
    number, is_id = ids.trace_number_of(text)
    assert (number, is_id) == (ids.trace_number_of(text)[0], False)
    assert 0 < number < 1 << 128


@pytest.mark.skipif(sys.platform != "linux", reason="forks by way of the C library")
@pytest.mark.parametrize("without", ["", "ids._wiped_in_children = lambda: None"])
def test_a_fork_that_python_does_not_know_of_draws_ids_of_its_own(without):
    program = f"""
import ctypes, os, sys
from mutagent.tracing import ids
{without}
ids.bits(64)
if ctypes.PyDLL(None).fork():
    os.wait()
os.write(1, f"{{ids.bits(64)}}\\n".encode())
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert len(set(done.stdout.split())) == 2
