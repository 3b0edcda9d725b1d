"""Rows that others wrote are read strictly: they make a verdict, or one sentence on what is wrong."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.errors import SettingError
from medsynth_supabase.pulling.reviews import read_review, read_revocation

REVIEW = {
    "seq": 7, "id": "0f4d5b0e-1111-4222-8333-444455556666", "sample": "a" * 64, "pixels": "b" * 64,
    "reviewer": "1f4d5b0e-1111-4222-8333-444455556666", "outcome": "reject", "reasons": ["wrong_class"],
    "comment": "too dark", "plausibility": 2, "seconds": 4.5, "adjudicates": False, "supersedes": None,
    "recorded_by": None, "at": "2026-11-25T10:00:00.5+00:00",
    "created_at": "2026-11-25T10:00:01.123456+00:00",
}  # fmt: skip
REVOCATION = {
    "seq": 1, "review": REVIEW["id"], "reason": "wrong patient", "recorded_by": None,
    "at": "2026-11-25T11:00:00Z", "created_at": "2026-11-25T11:00:00Z",
}  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def test_a_row_as_the_server_gives_it_becomes_a_verdict() -> None:
    review = read_review(json.loads(json.dumps(REVIEW)))
    verdict = review.verdict("c" * 64, "d" * 64)
    assert (verdict.sample, verdict.file_digest) == ("c" * 64, "d" * 64)
    assert [str(one) for one in verdict.reasons] == ["wrong_class"]
    assert (verdict.comment, verdict.plausibility, verdict.seconds) == ("too dark", 2, 4.5)
    assert verdict.at == datetime(2026, 11, 25, 10, 0, 0, 500_000, tzinfo=UTC)


def test_what_a_reader_wrote_is_dated_by_the_server_and_what_a_machine_handed_on_by_the_machine() -> None:
    own = read_review(REVIEW | {"recorded_by": REVIEW["reviewer"], "at": "2020-01-01T00:00:00Z"})
    handed_on = read_review(REVIEW | {"at": "2020-01-01T00:00:00Z"})
    assert own.stated_at.year == 2026
    assert handed_on.stated_at.year == 2020


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outcome": "approve"}, "gives no reasons"),
        ({"outcome": "maybe"}, "outcome is 'maybe'"),
        ({"reasons": []}, "needs a reason"),
        ({"reasons": ["ugly"]}, "ugly"),
        ({"reasons": ["other"], "comment": " "}, "needs a comment"),
        ({"reasons": "wrong_class"}, "no list of texts"),
        ({"comment": 3}, "comment is 3"),
        ({"plausibility": 9}, "plausibility is 9"),
        ({"seconds": "Infinity"}, "seconds is 'Infinity'"),
        ({"at": "infinity"}, "which is no time"),
        ({"at": "2026-11-25T10:00:00"}, "without a zone"),
        ({"at": "2027-11-25T10:00:00Z"}, "after the server got it"),
        ({"created_at": "0001-01-01T00:00:00+23:00"}, "which is no time"),
        ({"id": "x"}, "which is no id"),
        ({"reviewer": None}, "reviewer is None"),
    ],
)
def test_a_malformed_review_says_what_is_wrong(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        read_review(REVIEW | change)


def test_a_revocation_without_a_reason_is_malformed() -> None:
    assert read_revocation(REVOCATION).reason == "wrong patient"
    with pytest.raises(SettingError, match="gives no reason"):
        read_revocation(REVOCATION | {"reason": "  "})


@given(st.sampled_from(sorted(REVIEW)), JSON)
def test_whatever_stands_in_a_column_a_row_is_read_or_refused_in_words(column: str, value: Any) -> None:
    for read, row in ((read_review, REVIEW), (read_revocation, REVOCATION)):
        try:
            read(row | {column: value})
        except SettingError as problem:
            assert str(problem)
