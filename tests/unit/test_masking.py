"""Secrets are masked wherever they stand; what only looks a little like one is left alone."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutagent.capture.masking import SUSPICIOUS, masked, may_hold_secret, shapes, without_secrets
from mutagent.export.encoding import json_bytes

LETTERS = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7nP9rS"
SECRETS = {
    "openai": f"sk-proj-{LETTERS}",
    "openai old": f"sk-{LETTERS}",
    "anthropic": f"sk-ant-api03-{LETTERS}-{LETTERS}AA",
    "google": f"AIza{LETTERS[:35]}",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "aws session": "ASIAIOSFODNN7EXAMPLE",
    "github": f"ghp_{LETTERS}",
    "github fine-grained": f"github_pat_{LETTERS}",
    "gitlab": f"glpat-{LETTERS}",
    "slack": "xoxb-1234567890-abcdefghij",
    "hugging face": f"hf_{LETTERS}",
    "groq": f"gsk_{LETTERS}",
    "xai": f"xai-{LETTERS}",
    "stripe": f"sk_live_{LETTERS}",
    "mutagent": "mt_4f9a8b7c6d5e",
    "jwt": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{LETTERS}",
}
KEPT = [
    "a task-force-of-very-long-hyphenated-words-2024", "sk-learn", "sk-circle-fade-dot-animation-container",
    "550e8400-e29b-41d4-a716-446655440000", "chatcmpl-AbCdEf1234567890AbCdEf1234567890", "call_AbC123dEf456GhI789",
    "req_0123456789abcdef0123456789abcdef", "mt_bench", "the secret of the key is in the token", "https://example.com:443/a",
    "https://user@example.com/", "bearer of bad news", "xoxo", "cache_key = build(model)", "4111 1111 1111 1111",
]  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("frame", ["{}", "use {} please", "line\n{}\nline", "key: '{}'", '{{"note": "{}"}}', "é{}é"])
def test_a_known_shape_is_masked_wherever_it_stands(secret, frame):
    text = frame.format(secret)
    value, clean = [text, {"a": {"b": [text]}}], frame.format("[masked]")
    assert json.loads(without_secrets(json_bytes(value))) == [clean, {"a": {"b": [clean]}}]
    assert secret.encode() not in without_secrets(json_bytes({text: 1}))


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_secret_stays(text):
    for value in (text, {"content": text}, [f"before {text} after"]):
        assert json.loads(without_secrets(json_bytes(value))) == value


def test_a_private_key_is_masked_up_to_its_end_or_the_end_of_the_text():
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{LETTERS}\n{LETTERS}\n-----END RSA PRIVATE KEY-----"
    assert masked(f"before {key} after") == "before [masked] after"
    assert masked(f"before {key[:60]}") == "before [masked]"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"Authorization: Bearer {LETTERS}", "Authorization: Bearer [masked]"),
        ("postgres://me:hunter2@db:5432/x", "postgres://me:[masked]@db:5432/x"),
        ("OPENAI_API_KEY=abcdef123 python app.py", "OPENAI_API_KEY=[masked] python app.py"),
        (f"aws_secret_access_key = {LETTERS[:40]}", "aws_secret_access_key = [masked]"),
        ('{"password": "hunter2", "user": "me"}', '{"password": "[masked]", "user": "me"}'),
        (r"{\"apiKey\": \"hunter2\", \"n\": 1}", r"{\"apiKey\": \"[masked]\", \"n\": 1}"),
    ],
)
def test_what_gives_a_secret_away_stays_readable(text, clean):
    assert json.loads(without_secrets(json_bytes({"t": text}))) == {"t": clean}


@pytest.mark.parametrize(
    "name",
    ["api_key", "apiKey", "X-API-Key", "OPENAI_API_KEY", "authorization", "Proxy-Authorization", "password", "PASSWORD",
     "db_password", "client_secret", "clientSecret", "secret", "token", "access_token", "refreshToken", "private_key",
     "Cookie", "Set-Cookie", "credentials", "aws_secret_access_key"],
)  # fmt: skip
def test_values_under_secret_names_are_masked(name):
    value = {"a": [{name: "hunter2", "list": 1}], name: ["hunter2", {"inner": "kept"}]}
    clean = {"a": [{name: "[masked]", "list": 1}], name: ["[masked]", {"inner": "kept"}]}
    assert json.loads(without_secrets(json_bytes(value))) == clean


@pytest.mark.parametrize(
    "entry",
    [{"max_tokens": 5}, {"input_tokens": "5"}, {"token_count": "5"}, {"tokens": ["a"]}, {"key": "name"},
     {"password": ""}, {"password": None}, {"password": True}, {"keys": ["a"]}, {"author": "me"},
     {"monkey": "x"}, {"secretary": "x"},
     {"properties": {"password": {"type": "string", "description": "the user's"}}}],
)  # fmt: skip
def test_counts_flags_and_descriptions_of_secrets_stay(entry):
    assert json.loads(without_secrets(json_bytes({"attributes": entry}))) == {"attributes": entry}


def test_ids_are_never_touched():
    ids = {"spanId": SECRETS["github"], "traceId": SECRETS["jwt"], "sessionId": SECRETS["slack"],
           "attributes": {"session.id": SECRETS["openai"], "gen_ai.response.id": SECRETS["openai"]}}  # fmt: skip
    assert json.loads(without_secrets(json_bytes({**ids, "password": "x"}))) == {**ids, "password": "[masked]"}


def test_a_text_without_secrets_comes_back_as_the_same_object():
    text = json_bytes({"messages": [{"role": "user", "content": "tokens, keys and secrets"}], "max_tokens": 5})
    assert without_secrets(text) is text


def test_the_search_means_the_same_to_the_standard_engine():
    for secret in [*SECRETS.values(), *KEPT]:
        assert may_hold_secret(secret) == bool(re.search(SUSPICIOUS, secret))


@pytest.mark.parametrize("shape", [shape for _, shape in shapes()], ids=[mark or "aws" for mark, _ in shapes()])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_quick_search_misses_nothing_that_a_shape_finds(shape, data):
    secret = data.draw(st.from_regex(shape, fullmatch=False), label="text")
    if shape.search(secret):
        assert may_hold_secret(json_bytes({"text": secret}))
