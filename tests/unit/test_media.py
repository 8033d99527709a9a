"""Images, audio and files become placeholders; text that only looks a little like them stays."""

import base64
import json

import pytest

from mutagent.capture.media import bytes_placeholder, digest, text_placeholder
from mutagent.capture.snapshot import snapshot

PNG = bytes(range(256)) * 8
ENCODED = base64.b64encode(PNG).decode()


def test_bytes_are_their_size_and_digest():
    assert bytes_placeholder(PNG) == {"type": "bytes", "size": 2048, "digest": digest(PNG)}
    assert bytes_placeholder(bytearray(PNG)) == bytes_placeholder(memoryview(PNG)) == bytes_placeholder(PNG)


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_equal_bytes_have_equal_digests_whatever_holds_them(size):
    data = bytes(size)
    assert bytes_placeholder(bytearray(data)) == bytes_placeholder(data)
    assert bytes_placeholder(memoryview(data)) == bytes_placeholder(data)


def test_big_data_is_told_apart_by_its_ends_and_its_length():
    big = bytearray(5 << 20)
    digests = {digest(bytes(big))}
    for position in (0, len(big) - 1):
        changed = bytearray(big)
        changed[position] = 1
        digests.add(digest(bytes(changed)))
    digests.add(digest(bytes(big) + b"\0"))
    assert len(digests) == 4


def test_a_memoryview_of_other_items_and_shapes_is_its_bytes():
    view = memoryview(PNG).cast("I")
    assert bytes_placeholder(view)["size"] == 2048
    assert bytes_placeholder(memoryview(PNG)[::2])["size"] == 1024
    assert bytes_placeholder(memoryview(bytes(4 << 20)).cast("B", (2048, 2048)))["size"] == 4 << 20


def test_a_released_memoryview_is_no_failure():
    view = memoryview(PNG)
    view.release()
    assert snapshot({"view": view, "other": 1}) == {"view": "<builtins.memoryview>", "other": 1}


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        ("data:image/png;base64,", "image/png"),
        ("data:image/svg+xml;charset=utf-8;base64,", "image/svg+xml"),
        ("data:;base64,", "application/octet-stream"),
    ],
)
def test_a_data_url_is_recognised_in_any_field(head, media_type):
    assert text_placeholder(head + ENCODED, None) == {
        "type": "media",
        "media_type": media_type,
        "size": 2048,
        "digest": digest(ENCODED.encode()),
    }


@pytest.mark.parametrize("field", ["data", "b64_json", "file_data", "image_url"])
def test_bare_base64_is_media_where_providers_put_media(field):
    assert text_placeholder(ENCODED, field) == {"type": "media", "size": 2048, "digest": digest(ENCODED.encode())}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (ENCODED, "content"),
        (ENCODED, None),
        (ENCODED[:511], "data"),
        ("data:image/png;base64," + "A" * 100, "url"),
        ("A sentence, " * 100, "data"),
        ("https://example.com/" + "a" * 600, "url"),
        ("data:text/plain," + "a" * 600, "url"),
    ],
)
def test_text_stays_text(text, field):
    assert text_placeholder(text, field) is None


@pytest.mark.parametrize("length", [600, 601, 602, 603])
def test_the_size_is_that_of_the_decoded_data(length):
    data = b"x" * length
    assert text_placeholder(base64.b64encode(data).decode(), "data")["size"] == length


def test_messages_with_images_keep_their_words():
    message = {"role": "user", "content": [
        {"type": "text", "text": "what is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{ENCODED}"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ENCODED}},
        {"type": "input_audio", "input_audio": {"data": ENCODED, "format": "wav"}},
    ]}  # fmt: skip
    taken = snapshot([message])
    assert len(json.dumps(taken)) < 800
    assert taken[0]["content"][0] == {"type": "text", "text": "what is this?"}
    assert taken[0]["content"][1]["image_url"]["url"]["media_type"] == "image/png"
    assert taken[0]["content"][2]["source"]["data"]["size"] == 2048


def test_a_50_mb_upload_is_not_copied():
    # Of an upload only the ends are read: at most 1 MiB of it.
    taken = snapshot({"data": "A" * 50_000_000, "file": bytes(50_000_000)})
    assert (taken["data"]["size"], taken["file"]["size"]) == (37_500_000, 50_000_000)
