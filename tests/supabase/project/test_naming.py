"""Names tell nothing without the key, and secrets show in no text."""

import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.errors import SettingError
from medsynth_supabase import Names, SyncSettings, new_key

KEY = "0123456789abcdef" * 4
OTHER = "f" * 64
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


def settings(**changed: object) -> SyncSettings:
    given = {"url": "https://abc.supabase.co", "key": "service-key", "project_key": KEY} | changed
    return SyncSettings(**given)  # type: ignore[arg-type]


@given(digests)
def test_a_name_is_the_hmac_of_what_it_names(digest: str) -> None:
    names, key = Names(KEY), bytes.fromhex(KEY)
    assert names.sample(digest) == hmac.digest(key, f"sample:{digest}".encode(), "sha256").hex()
    assert names.pixels(digest) == hmac.digest(key, f"pixels:{digest}".encode(), "sha256").hex()
    assert names.check(digest) == hmac.digest(key, f"project:{digest}".encode(), "sha256").hex()


@given(digests)
def test_names_of_other_kinds_and_other_keys_differ(digest: str) -> None:
    first, second = Names(KEY), Names(OTHER)
    found = {one.sample(digest) for one in (first, second)} | {first.pixels(digest), first.check(digest)}
    assert len(found) == 4 and digest not in found
    assert hashlib.sha256(digest.encode()).hexdigest() not in found


@pytest.mark.parametrize("key", ["", "abc", "0" * 63, "0" * 66, "g" * 64])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(
        SettingError, match=r"not 64 hexadecimal digits; make one with `medsynth sync --new-key`"
    ) as told:
        Names(key)
    assert key == "" or key not in str(told.value)


def test_a_new_key_is_a_key_and_never_the_same() -> None:
    keys = {new_key() for _ in range(20)}
    assert len(keys) == 20 and all(re.fullmatch("[0-9a-f]{64}", key) and Names(key) for key in keys)


def test_no_text_of_names_or_settings_shows_a_secret() -> None:
    given = settings(email="a@example.com", password="pass-word")
    shown = f"{given!r} {given} {Names(KEY)!r} {Names(KEY)}"
    assert "abc.supabase.co" in shown and "a@example.com" in shown
    assert not [secret for secret in (KEY, "service-key", "pass-word") if secret in shown]
    assert set(given.secrets) == {KEY, "service-key", "pass-word"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"url": "abc.supabase.co"}, "is no address of a project"),
        ({"url": "http://abc.supabase.co"}, "would send the key unencrypted; use https"),
        ({"key": "schl\u00fcssel"}, "a letter that no key has; copy SUPABASE_KEY anew"),
        ({"key": " leading"}, "holds a space, a line break"),
        ({"key": "two\nlines"}, "holds a space, a line break"),
        ({"url": "https://user:word@abc.supabase.co"}, "holds more than a host"),
        ({"key": ""}, "set SUPABASE_KEY"),
        ({"email": "a@example.com"}, "both SUPABASE_EMAIL and SUPABASE_PASSWORD"),
        ({"password": "word"}, "both SUPABASE_EMAIL and SUPABASE_PASSWORD"),
        ({"attempts": 0}, "attempts is 0"),
        ({"timeout_s": 0.0}, "timeout_s is 0.0"),
        ({"project_key": "12"}, "not 64 hexadecimal digits"),
    ],
)
def test_settings_that_cannot_be_are_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        settings(**changed)


def test_plain_http_may_go_to_this_machine_only() -> None:
    for host in ("127.0.0.1:54321", "localhost", "[::1]:80"):
        assert settings(url=f"http://{host}").host == host


def test_the_environment_is_read_and_what_is_missing_named() -> None:
    held = {"SUPABASE_URL": "https://abc.supabase.co/", "SUPABASE_KEY": "k", "MEDSYNTH_PROJECT_KEY": KEY}
    found = SyncSettings.from_environment(held, project="lab")
    assert (found.url, found.key, found.project, found.email) == ("https://abc.supabase.co", "k", "lab", None)
    signed = SyncSettings.from_environment(held | {"SUPABASE_EMAIL": "a@b.c", "SUPABASE_PASSWORD": "p"})
    assert (signed.email, signed.password) == ("a@b.c", "p")
    with pytest.raises(SettingError, match=r"SUPABASE_URL, MEDSYNTH_PROJECT_KEY must be set"):
        SyncSettings.from_environment({"SUPABASE_KEY": "k"})
