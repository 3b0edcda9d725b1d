"""Who may see and do what: every role on every table with every verb, as those roles on a real PostgreSQL."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.supabase.migrations.rls_expected import DONE, GROUPS, KEYS, SEEN
from tests.supabase.migrations.rls_world import ROLES, World

pytestmark = pytest.mark.supabase

REFUSED = ("42501", "MS400", "MS405", "MS409")
"""Not granted or against a policy; no bank's word; append-only; a list that is not what its revision says."""

FUNCTIONS = ("advance_bank", "put_corpus", "put_run", "put_sample")


def lines(table: str) -> Iterator[list[str]]:
    for line in table.strip().splitlines():
        if line:
            yield line.split(maxsplit=2)


def seen() -> dict[tuple[str, str], set[str]]:
    """Table and role -> labels."""
    found = {}
    for table, who, said in lines(SEEN):
        labels = {one.strip() for one in (said.split(",") if "," in said else _labels(said))}
        found.update({(table, role): labels - {"-"} for role in GROUPS.get(who, (who,))})
    everything = {f"{label}/{file}" for label in _SAMPLES for file in ("image", "mask")}
    return found | {("storage.objects", "service_role"): everything}


def _labels(said: str) -> list[str]:
    return ["local review"] if said == "local review" else said.split()


_SAMPLES = next(
    said for table, who, said in lines(SEEN) if (table, who) == ("samples", "service_role")
).split()

VISIBLE = seen()
ALLOWED = {(table, verb): set(said.split()) - {"-"} for table, verb, said in lines(DONE)}


def test_every_cell_of_the_matrix_is_stated() -> None:
    assert set(VISIBLE) == {(table, role) for table in KEYS for role in ROLES}
    verbs = {(table, verb) for table in KEYS for verb in ("insert", "update", "delete")}
    assert set(ALLOWED) == verbs | {(one, "execute") for one in FUNCTIONS}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", KEYS)
def test_a_role_sees_what_it_may_and_nothing_else(world: World, table: str, role: str) -> None:
    full = table if "." in table else f"public.{table}"
    with world.acting(role) as connection:
        try:
            rows = connection.execute(f"select {KEYS[table]} from {full}".encode()).fetchall()
        except psycopg.errors.InsufficientPrivilege:
            rows = []
    assert {world.labels[str(row[0])] for row in rows} == VISIBLE[table, role]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("table", "verb"), ALLOWED)
def test_a_role_does_what_it_may_and_nothing_else(world: World, table: str, verb: str, role: str) -> None:
    statement, values = attempt(world, table, verb, role)
    with world.acting(role) as connection:
        try:
            done = connection.execute(statement.encode(), values).rowcount > 0
            connection.execute("set constraints all immediate")
        except psycopg.Error as problem:
            assert problem.sqlstate in REFUSED, problem
            done = False
    assert done == (role in ALLOWED[table, verb])


def attempt(world: World, table: str, verb: str, role: str) -> tuple[str, dict[str, Any]]:
    """A statement of the verb that only the policies stand against, and its values."""
    own = world.ids.get(role, str(uuid.uuid4()))
    values = {
        "a": world.ids["A"], "user": world.ids["stranger"], "bank": world.ids["bank"], "own": own,
        "approved": world.name("A.approved"), "waiting": world.name("A.pending"),
        "pixels": world.name("pixels of A.approved"),
        "review": world.ids["review"], "new": str(uuid.uuid4()), "check": "1" * 64,
        "image": world.object("A.approved"), "new_image": world.object("A.new"), "run": world.ids["run"],
        "sample": json.dumps(world.sample("A.new")), "corpus": world.ids["corpus"],
        "columns": json.dumps(_columns(world, "A.new")), "name": world.name("A.new"),
        "p": json.dumps(_run(world)),
    }  # fmt: skip
    return STATEMENTS[table, verb], values


def _columns(world: World, label: str) -> dict[str, Any]:
    return world.sample(label) | {
        "project": world.ids["A"], "status": "approved",
        "created_at": "2026-01-01", "updated_at": "2026-01-01",
    }  # fmt: skip


def _run(world: World) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()), "project": world.ids["A"], "origin": world.ids["bank"], "kind": "generate",
        "name": "n", "state": "running", "done": 0, "message": "", "version": 1,
        "started_at": "2026-01-01", "updated_at": "2026-01-01",
    }  # fmt: skip


STATEMENTS = {
    ("projects", "insert"): "insert into public.projects (name, key_check) values (%(new)s, %(check)s)",
    ("projects", "update"): "update public.projects set is_public = true",
    ("projects", "delete"): "delete from public.projects",
    ("project_members", "insert"): (
        "insert into public.project_members (project, user_id, role) values (%(a)s, %(user)s, 'reader')"
    ),
    ("project_members", "update"): "update public.project_members set added_at = now()",
    ("project_members", "delete"): "delete from public.project_members",
    ("samples", "insert"): (
        "insert into public.samples select * from jsonb_populate_record(null::public.samples, %(columns)s)"
    ),
    ("samples", "update"): "update public.samples set lesion = 'mass' where project = %(a)s",
    ("samples", "delete"): "delete from public.samples",
    ("sample_states", "insert"): (
        "insert into public.sample_states (project, name, origin, state, event) "
        "values (%(a)s, %(name)s, %(new)s, 'withdrawn', 1)"
    ),
    ("sample_states", "update"): "update public.sample_states set event = 9 where project = %(a)s",
    ("sample_states", "delete"): "delete from public.sample_states",
    ("banks", "insert"): (
        "insert into public.banks (project, origin, event, fingerprint) values (%(a)s, %(new)s, 1, %(check)s)"
    ),
    ("banks", "update"): "update public.banks set event = 9 where project = %(a)s",
    ("banks", "delete"): "delete from public.banks",
    ("storage.objects", "insert"): (
        "insert into storage.objects (bucket_id, name) values ('medsynth', %(new_image)s)"
    ),
    ("storage.objects", "update"): "update storage.objects set version = 'x' where name = %(image)s",
    ("storage.objects", "delete"): "delete from storage.objects where name = %(image)s",
    ("reviews", "insert"): (
        "insert into public.reviews (id, project, sample, pixels, reviewer, outcome) "
        "values (%(new)s, %(a)s, %(approved)s, %(pixels)s, %(own)s, 'approve')"
    ),
    ("reviews", "update"): "update public.reviews set comment = 'x'",
    ("reviews", "delete"): "delete from public.reviews",
    ("revocations", "insert"): (
        "insert into public.revocations (review, project, reason) values (%(review)s, %(a)s, 'a slip')"
    ),
    ("revocations", "update"): "update public.revocations set reason = 'x'",
    ("revocations", "delete"): "delete from public.revocations",
    (
        "runs",
        "insert",
    ): "insert into public.runs select * from jsonb_populate_record(null::public.runs, %(p)s)",
    ("runs", "update"): "update public.runs set version = version + 1, done = 4 where id = %(run)s",
    ("runs", "delete"): "delete from public.runs",
    ("corpora", "insert"): (
        "insert into public.corpora (project, name, revision, samples, manifest_sha256) "
        "values (%(a)s, 'second', 1, 1, %(check)s)"
    ),
    ("corpora", "update"): "update public.corpora set published_as = 'x'",
    ("corpora", "delete"): "delete from public.corpora",
    ("corpus_samples", "insert"): (
        "insert into public.corpus_samples (corpus, project, sample) values (%(corpus)s, %(a)s, %(waiting)s)"
    ),
    ("corpus_samples", "update"): "update public.corpus_samples set sample = %(name)s",
    ("corpus_samples", "delete"): "delete from public.corpus_samples",
    ("events", "insert"): (
        "insert into public.events (project, kind, subject, status) values (%(a)s, 'run', 'x', 'done')"
    ),
    ("events", "update"): "update public.events set status = 'x'",
    ("events", "delete"): "delete from public.events",
    ("advance_bank", "execute"): "select public.advance_bank(%(a)s, %(new)s, null, 1, %(check)s)",
    ("put_sample", "execute"): "select public.put_sample(%(a)s, %(bank)s, 1, 'approved', %(sample)s)",
    ("put_run", "execute"): "select public.put_run(%(p)s)",
    ("put_corpus", "execute"): "select public.put_corpus(%(a)s, 'other', array[%(approved)s], null)",
}
