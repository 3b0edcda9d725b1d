"""What a dashboard asks is answered from an index, as the role that asks, on thousands of rows."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.supabase.database import running_supabase
from tests.supabase.migrations.rls_world import World, made_on

pytestmark = pytest.mark.supabase

NEWEST = (
    "select name from samples where project = %(a)s and status = 'approved' "
    "order by updated_at desc, name limit 50"
)
QUESTIONS = {
    "newest approved": NEWEST,
    "newest of a lesion": "select name from samples where project = %(a)s and lesion = 'mass' "
    "and status = 'approved' order by updated_at desc limit 50",
    "images of a patient": "select name from samples where project = %(a)s and patient = 'vp-7'",
    "corpora": "select id from corpora where project = %(a)s order by created_at desc limit 5",
    "events after": "select seq from events where project = %(a)s and seq > 5900 order by seq limit 100",
    "reviews after": "select seq from reviews where project = %(a)s and seq > 1900 order by seq limit 100",
    "reviews of a sample": "select id from reviews where project = %(a)s and sample = %(name)s order by at",
    "running": "select id from runs where project = %(a)s and state = 'running' order by updated_at desc",
}
ASKED = {
    "anon": ("newest approved", "newest of a lesion", "images of a patient", "corpora"),
    "reader": ("newest approved", "newest of a lesion", "images of a patient", "corpora", "events after"),
    "reviewer": tuple(QUESTIONS),
    "publisher": tuple(QUESTIONS),
    "service_role": tuple(QUESTIONS),
}

MEMBERS = ("reader", "reviewer", "publisher")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with running_supabase() as server:
        server.apply_migrations()
        made = made_on(server)
        with psycopg.connect(server.dsn) as connection:
            for project in ("A", "P"):
                values = {"project": made.ids[project], "bank": made.ids["bank"]}
                for crowd in (_STATES, _SAMPLES, _REVIEWS, _RUNS, _CORPORA):
                    connection.execute(crowd, values)
            connection.commit()
            connection.autocommit = True
            connection.execute("analyze")
        yield made


def plan(world: World, role: str, query: str, *, run: bool = False) -> dict[str, Any]:
    values = {"a": world.ids["P" if role == "anon" else "A"], "name": world.name("A.approved")}
    with world.acting(role) as connection:
        connection.execute("set local search_path = public")
        told = connection.execute(
            f"explain ({'analyze, ' * run}format json) {query}".encode(), values
        ).fetchone()
    assert told is not None
    found: dict[str, Any] = told[0][0]["Plan"]
    return found


def nodes(of: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield of
    for one in of.get("Plans", ()):
        yield from nodes(one)


@pytest.mark.parametrize(
    ("role", "question"), [(role, one) for role, asked in ASKED.items() for one in asked]
)
def test_what_a_dashboard_asks_is_answered_from_an_index_and_sorts_little(
    world: World, role: str, question: str
) -> None:
    found = plan(world, role, QUESTIONS[question])
    kinds = {one["Node Type"] for one in nodes(found)}
    assert "Seq Scan" not in kinds and any("Index" in kind for kind in kinds), kinds
    assert all(one["Plan Rows"] <= 100 for one in nodes(found) if one["Node Type"] == "Sort")


@pytest.mark.parametrize("role", MEMBERS)
def test_who_asks_is_looked_up_once_a_query_and_not_once_a_row(world: World, role: str) -> None:
    found = plan(
        world, role, "select count(*) from samples where project = %(a)s and status = 'approved'", run=True
    )
    lookups = [one for one in nodes(found) if one.get("Subplan Name")]
    read = sum(one["Actual Rows"] for one in nodes(found) if one.get("Relation Name") == "samples")
    assert read > 1000 and lookups
    assert max(one["Actual Loops"] for one in lookups) == 1


_NAME = "md5(n::text) || md5((n + 1)::text)"
_STATES = f"""insert into public.sample_states (project, name, origin, state, event)
  select %(project)s, {_NAME}, %(bank)s, case when n %% 3 = 0 then 'pending' else 'approved' end, n
  from generate_series(1, 3000) n""".encode()
_SAMPLES = f"""insert into public.samples (project, name, virtual, purpose, lesion, patient, width, height,
    bits, pixels, object, object_sha256, provenance, status)
  select %(project)s::uuid, {_NAME}, true, 'patient', (array['mass', 'nodule', 'effusion'])[n %% 3 + 1],
    'vp-' || n / 2, 64, 64, 8, {_NAME}, %(project)s::text || '/' || {_NAME} || '/image.png', {_NAME}, '{{}}',
    'approved'
  from generate_series(1, 3000) n""".encode()
_REVIEWS = f"""insert into public.reviews (id, project, sample, pixels, reviewer, outcome)
  select gen_random_uuid(), %(project)s, {_NAME}, {_NAME}, %(bank)s, 'approve'
  from generate_series(1, 2000) n""".encode()
_RUNS = b"""insert into public.runs
    (id, project, origin, kind, state, version, started_at, updated_at, finished_at)
  select gen_random_uuid(), %(project)s, %(bank)s, 'generate',
    case when n %% 50 = 0 then 'running' else 'done' end, 1, now(), now(),
    case when n %% 50 = 0 then null else now() end
  from generate_series(1, 2000) n"""
_CORPORA = b"""select count(public.put_corpus(%(project)s, 'corpus ' || n, array(
    select name from public.samples where project = %(project)s and status = 'approved' limit 1), null))
  from generate_series(1, 1000) n"""
