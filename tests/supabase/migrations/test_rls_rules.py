"""What never happens, whoever asks: lists that change, real rows without consent, rows that are missed."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.supabase.database import MIGRATOR
from tests.supabase.migrations.rls_world import World

pytestmark = pytest.mark.supabase


@pytest.mark.parametrize("table", ["reviews", "revocations", "corpora", "corpus_samples"])
@pytest.mark.parametrize("verb", ["update public.{} set project = project", "delete from public.{}"])
def test_not_even_the_owner_of_a_table_changes_what_was_said(world: World, table: str, verb: str) -> None:
    with (
        psycopg.connect(world.server.dsn_of(MIGRATOR)) as connection,
        pytest.raises(psycopg.Error, match="never changed or removed") as caught,
    ):
        connection.execute(verb.format(table).encode())
    assert caught.value.sqlstate == "MS405"


@pytest.mark.parametrize("role", ["publisher", "service_role"])
@pytest.mark.parametrize(
    "change", ["event = event - 1", "origin = gen_random_uuid()", "name = repeat('0', 64)"]
)
def test_what_a_bank_said_never_goes_back(world: World, role: str, change: str) -> None:
    with (
        world.acting(role) as connection,
        pytest.raises(psycopg.Error, match="stays known, and its event never goes back") as caught,
    ):
        connection.execute(f"update public.sample_states set {change}".encode())
    assert caught.value.sqlstate == "MS405"


def test_a_word_that_is_taken_away_would_let_late_requests_count_so_it_cannot_be(world: World) -> None:
    with (
        psycopg.connect(world.server.dsn_of(MIGRATOR)) as connection,
        pytest.raises(psycopg.Error, match="stays known"),
    ):
        connection.execute("delete from public.sample_states")


def test_a_sample_keeps_its_project_and_name(world: World) -> None:
    with (
        world.acting("service_role") as connection,
        pytest.raises(psycopg.Error, match="keeps its project and its name"),
    ):
        connection.execute("update public.samples set project = %s where name = %s",
                           [world.ids["B"], world.name("A.approved")])  # fmt: skip


@pytest.mark.parametrize("role", ["publisher", "service_role"])
def test_a_revision_of_a_corpus_never_grows(world: World, role: str) -> None:
    with world.acting(role) as connection:
        world.put(connection, "A.another", "approved")
        with pytest.raises(psycopg.Error, match="a revision lists what its row says") as caught:
            connection.execute("insert into public.corpus_samples values (%s, %s, %s)",
                               [world.ids["corpus"], world.ids["A"], world.name("A.another")])  # fmt: skip
    assert caught.value.sqlstate == "MS409"


def test_a_revision_without_its_list_is_gone_at_the_end_of_the_transaction(world: World) -> None:
    with psycopg.connect(world.server.dsn) as connection:
        connection.execute(
            "insert into public.corpora (project, name, revision, samples, manifest_sha256) "
            "values (%s, 'hollow', 1, 1, %s)",
            [world.ids["A"], "1" * 64],
        )
        with pytest.raises(psycopg.Error, match="a revision lists what its row says"):
            connection.commit()
    with psycopg.connect(world.server.dsn) as connection:
        query = "select count(*) from public.corpora where name = 'hollow'"
        assert connection.execute(query).fetchone() == (0,)


def test_the_same_list_is_the_same_revision_however_it_is_ordered(world: World) -> None:
    with world.acting("publisher") as connection:
        world.put(connection, "A.another", "approved")
        one, two = world.name("A.approved"), world.name("A.another")
        revisions = [
            connection.execute("select public.put_corpus(%s, 'kept', %s, %s)", [world.ids["A"], names, place])
            .fetchone()
            for names, place in (
                ([one, two], None), ([two, one, two], None), ([one], None), ([one], "org/kept"),
                ([one], None), ([one, two], None),
            )
        ]  # fmt: skip
        connection.execute("set constraints all immediate")
        told = connection.execute(
            "select count(*) from public.events where status like 'revision %%'"
        ).fetchone()
    assert [row[0] for row in revisions if row] == [1, 1, 2, 3, 3, 4]
    assert told == (1 + 4,)  # one of the project's own


@pytest.mark.parametrize("taken", ["records", "pixels"])
def test_what_derives_from_a_real_patient_goes_with_the_consent(world: World, taken: str) -> None:
    gone = "real_records_consent_at = null, real_pixels_consent_at = null"
    change = gone if taken == "records" else "real_pixels_consent_at = null"
    with psycopg.connect(world.server.dsn) as connection:
        connection.execute(f"update public.projects set {change} where name = 'A'".encode())
        rows = connection.execute("select object, object_sha256, findings -> 0 ->> 'mask' "
                                  "from public.samples where not virtual").fetchall()  # fmt: skip
        told = connection.execute("select status from public.events where subject = %s order by seq",
                                  [world.name("A.real")]).fetchall()  # fmt: skip
        kept = connection.execute("select count(object) from public.samples where project = %s and virtual",
                                  [world.ids["A"]]).fetchone()  # fmt: skip
        reader = world.ids["reader"]
        connection.execute("select set_config('request.jwt.claim.sub', %s, true)", [reader])
        connection.execute("set local role authenticated")
        seen = connection.execute("select name from storage.objects where name like '%%/real/%%'").fetchall()
        connection.rollback()
    assert rows == ([] if taken == "records" else [(None, None, None)])
    assert [status for (status,) in told] == ["approved", "forgotten"][: 2 if taken == "records" else 1]
    assert kept == (2,) and seen == []


def test_a_consent_cannot_go_while_a_sample_that_needs_it_comes(world: World) -> None:
    label = "A.late.real"
    with (
        psycopg.connect(world.server.dsn) as coming, psycopg.connect(world.server.dsn) as going,
        ThreadPoolExecutor(1) as thread,
    ):  # fmt: skip
        world.put(coming, label, "approved")
        taken = thread.submit(
            going.execute, "update public.projects set real_pixels_consent_at = null where name = 'A'"
        )
        time.sleep(0.2)
        assert not taken.done()
        coming.commit()
        taken.result(10)
        query = "select count(object) from public.samples where project = %s and not virtual"
        assert going.execute(query, [world.ids["A"]]).fetchone() == (0,)
        going.rollback()


@pytest.mark.parametrize("table", ["reviews", "events"])
def test_who_reads_on_from_a_number_misses_no_row_of_a_slower_writer(world: World, table: str) -> None:
    numbers = f"select seq from public.{table} where project = %s order by seq".encode()
    with (
        psycopg.connect(world.server.dsn) as slow, psycopg.connect(world.server.dsn) as quick,
        psycopg.connect(world.server.dsn, autocommit=True) as reader, ThreadPoolExecutor(1) as thread,
    ):  # fmt: skip
        before = reader.execute(numbers, [world.ids["A"]]).fetchall()
        _review(world, slow)
        second = thread.submit(_review, world, quick)
        time.sleep(0.2)
        assert not second.done()
        assert reader.execute(numbers, [world.ids["A"]]).fetchall() == before
        slow.commit()
        second.result(10)
        first = reader.execute(numbers, [world.ids["A"]]).fetchall()
        quick.commit()
        after = reader.execute(numbers, [world.ids["A"]]).fetchall()
    assert after[: len(first)] == first and len(after) == len(first) + 1 == len(before) + 2


def _review(
    world: World, connection: psycopg.Connection, sample: str = "A.approved"  # type: ignore[type-arg]
) -> None:  # fmt: skip
    connection.execute(
        "insert into public.reviews (id, project, sample, pixels, reviewer, outcome) "
        "values (%s, %s, %s, %s, %s, 'approve')",
        [
            uuid.uuid4(), world.ids["A"], world.name(sample), world.name(f"pixels of {sample}"), uuid.uuid4(),
        ],
    )  # fmt: skip


def test_an_older_version_of_a_run_changes_nothing_and_a_finished_one_does_not_go_on(world: World) -> None:
    put = "update public.runs set version = %s, state = %s, finished_at = %s, done = 3 where id = %s"
    with world.acting("service_role") as connection:
        for version in (1, 2):
            done = connection.execute(put, [version, "running", None, world.ids["run"]])
            assert done.rowcount == 0
        assert connection.execute(put, [3, "done", "2026-12-01", world.ids["run"]]).rowcount == 1
        assert connection.execute(put, [4, "done", "2026-12-02", world.ids["run"]]).rowcount == 1
        with pytest.raises(psycopg.Error, match="is done; it does not go on"):
            connection.execute(put, [5, "running", None, world.ids["run"]])


@pytest.mark.parametrize("column", ["project", "origin", "id"])
def test_a_run_stays_its_banks_and_its_projects(world: World, column: str) -> None:
    put = f"update public.runs set version = 3, {column} = %s where id = %s"
    with world.acting("service_role") as connection, pytest.raises(psycopg.Error, match="is another bank's"):
        connection.execute(put.encode(), [world.ids["B"], world.ids["run"]])


def test_a_review_is_of_a_sample_that_was_here_and_taken_back_in_its_project(world: World) -> None:
    unknown = "no bank ever said anything of sample"
    with world.acting("service_role") as connection, pytest.raises(psycopg.Error, match=unknown):
        _review(world, connection, "A.unknown")
    with world.acting("service_role") as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        take_back = "insert into public.revocations (review, project, reason) values (%s, %s, 'a slip')"
        connection.execute(take_back, [world.ids["review"], world.ids["B"]])


def test_readers_hear_that_a_sample_is_approved_and_that_it_is_no_more(world: World) -> None:
    heard = "select status from public.events where subject = %s order by seq"
    with world.acting("service_role") as connection:
        for event, state in enumerate(("pending", "approved", "rejected", "pending", "withdrawn"), 1):
            world.put(connection, "A.heard", state, event=event)
        world.put(connection, "A.unheard", "pending")
        world.put(connection, "A.unheard", "rejected", event=2)
        for role, expected in (
            ("reader", ["approved", "rejected"]),
            ("member", ["pending", "approved", "rejected", "pending", "withdrawn"]),
            ("other_reader", []),
        ):
            claims = json.dumps({"role": "authenticated", "sub": world.ids[role]})
            connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
            connection.execute("set local role authenticated")
            assert [row[0] for row in connection.execute(heard, [world.name("A.heard")])] == expected
            if role == "reader":
                assert not connection.execute(heard, [world.name("A.unheard")]).fetchall()
            connection.execute("set local role service_role")
