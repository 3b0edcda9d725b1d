"""A reviewer reviews as themselves what they see, and takes back only their own."""

import uuid

import psycopg
import pytest

from tests.supabase.migrations.rls_world import World

pytestmark = pytest.mark.supabase

REVIEW = """insert into public.reviews (id, project, sample, pixels, reviewer, outcome, adjudicates)
  values (%(id)s, %(project)s, %(sample)s, %(pixels)s, %(reviewer)s, 'approve', %(adjudicates)s)"""
FORGED = """insert into public.reviews
  (id, project, sample, pixels, reviewer, outcome, recorded_by, created_at)
  values (%(id)s, %(project)s, %(sample)s, %(pixels)s, %(reviewer)s, 'approve', %(by)s, '2020-01-01')"""
SPOKEN = """insert into public.reviews
  (id, project, sample, pixels, reviewer, outcome, reasons, comment, plausibility, seconds, supersedes)
  values (%(id)s, %(project)s, %(sample)s, %(pixels)s, %(reviewer)s, %(outcome)s, %(reasons)s, %(comment)s,
    %(plausibility)s, %(seconds)s, %(supersedes)s)"""


def review(world: World, **change: object) -> dict[str, object]:
    sample, pixels = str(change.get("sample", "A.pending")), str(change.get("pixels", "A.pending"))
    return {
        "id": str(uuid.uuid4()), "project": world.ids[str(change.get("project", "A"))],
        "sample": world.name(sample),
        "pixels": pixels if len(pixels) == 64 else world.name(f"pixels of {pixels}"),
        "reviewer": world.ids[str(change.get("reviewer", "reviewer"))],
        "adjudicates": change.get("adjudicates", False),
    }  # fmt: skip


@pytest.mark.parametrize("sample", ["A.pending", "A.approved"])
def test_a_reviewer_reviews_what_waits_and_what_is_approved(world: World, sample: str) -> None:
    with world.acting("reviewer") as connection:
        assert connection.execute(REVIEW, review(world, sample=sample, pixels=sample)).rowcount == 1


@pytest.mark.parametrize(
    "change",
    [
        {"reviewer": "member"},
        {"adjudicates": True},
        {"pixels": "e" * 64},
        {"sample": "A.rejected", "pixels": "A.rejected"},
        {"sample": "A.withdrawn", "pixels": "A.withdrawn"},
        {"sample": "A.unknown", "pixels": "A.unknown"},
        {"sample": "B.pending", "pixels": "B.pending"},
        {"sample": "B.pending", "pixels": "B.pending", "project": "B"},
        {"sample": "P.approved", "pixels": "P.approved", "project": "P"},
        {"sample": "A.real", "pixels": "A.real"},
        {"project": "P"},
    ],
)
def test_a_reviewer_reviews_as_themselves_what_they_see_and_no_more(
    world: World, change: dict[str, object]
) -> None:
    with world.acting("reviewer") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(REVIEW, review(world, **change))


@pytest.mark.parametrize(("role", "signed"), [("reviewer", "reviewer"), ("service_role", None)])
def test_nobody_signs_for_another_or_dates_back(world: World, role: str, signed: str | None) -> None:
    query = (
        "select recorded_by::text, created_at > now() - interval '1 minute' from public.reviews where id = %s"
    )
    with world.acting(role) as connection:
        forged = review(world) | {"by": world.ids["member"]}
        connection.execute(FORGED, forged)
        found = connection.execute(query, [forged["id"]]).fetchone()
    assert found == (signed and world.ids[signed], True)


def test_a_reviewer_takes_back_only_their_own(world: World) -> None:
    take = "insert into public.revocations (review, project, reason) values (%s, %s, 'a slip')"
    foreign = str(uuid.uuid4())
    with psycopg.connect(world.server.dsn) as owner:
        owner.execute(REVIEW, review(world, reviewer="member") | {"id": foreign})
    with world.acting("reviewer") as connection:
        assert connection.execute(take, [world.ids["review"], world.ids["A"]]).rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(take, [foreign, world.ids["A"]])


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "maybe"},
        {"outcome": "approve", "reasons": ["other"], "comment": "no"},
        {"reasons": []},
        {"reasons": ["ugly"]},
        {"reasons": ["duplicate", None]},
        {"reasons": ["duplicate", "duplicate"]},
        {"reasons": [["duplicate"], ["other"]], "comment": "twice"},
        {"reasons": ["other"], "comment": " \n"},
        {"plausibility": 0},
        {"plausibility": 6},
        {"seconds": -1.0},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
    ],
)
def test_what_no_reader_can_have_said_is_refused(world: World, change: dict[str, object]) -> None:
    said = {
        "outcome": "reject", "reasons": ["duplicate"], "comment": "", "plausibility": 3, "seconds": 1.5,
        "supersedes": None,
    }  # fmt: skip
    with world.acting("service_role") as connection:
        connection.execute(SPOKEN, review(world) | said)
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(SPOKEN, review(world) | said | change)
