"""The migrations run as they are on what a hosted project holds, and open no more than they need."""

import re
from typing import LiteralString

import psycopg
import pytest

from tests.supabase.database import MIGRATIONS, MIGRATOR, running_supabase
from tests.supabase.migrations.rls_world import World

pytestmark = pytest.mark.supabase

TABLES = (
    "banks", "corpora", "corpus_samples", "events", "project_members", "projects", "reviews", "revocations",
    "runs", "sample_states", "samples",
)  # fmt: skip

INVOKED = ("advance_bank", "put_corpus", "put_run", "put_sample")
"""What the API offers to call."""


def rows(world: World, query: LiteralString, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(world.server.dsn) as connection:
        return connection.execute(query, values).fetchall()


def test_files_are_named_as_the_supabase_tool_wants_them() -> None:
    names = [file.name for file in sorted(MIGRATIONS.iterdir())]
    assert names and all(re.fullmatch(r"\d{14}_[a-z_]+\.sql", name) for name in names)
    assert len({name[:14] for name in names}) == len(names)


def test_whoever_runs_them_is_no_superuser_and_owns_what_they_make(world: World) -> None:
    assert rows(world, "select rolsuper from pg_roles where rolname = %s", MIGRATOR) == [(False,)]
    owners = rows(world, "select distinct tableowner from pg_tables where schemaname = 'public'")
    assert owners == [(MIGRATOR,)]


def test_they_do_to_the_tables_of_storage_only_what_a_hosted_project_allows() -> None:
    script = "".join(re.sub(r"--.*", "", file.read_text()) for file in sorted(MIGRATIONS.glob("*.sql")))
    on_storage = [
        one.split() for one in re.split(r";\s*\n", script) if re.search(r"storage\.(objects|buckets)", one)
    ]
    assert {tuple(words[:2]) for words in on_storage} == {("insert", "into"), ("create", "policy")}
    assert "extension" not in script and "superuser" not in script and "storage.objects enable" not in script


def test_a_publication_that_publishes_everything_or_is_not_there_is_no_obstacle() -> None:
    for before in ("drop publication supabase_realtime", "drop publication supabase_realtime; create "
                   "publication supabase_realtime for all tables"):  # fmt: skip
        with running_supabase() as server:
            server.execute(before)
            server.apply_migrations()
            with psycopg.connect(server.dsn) as connection:
                query = "select count(*) from pg_publication_tables where tablename = 'events'"
                assert connection.execute(query).fetchone() == (1,)


def test_every_table_has_row_level_security_and_no_more_rights_than_it_needs(world: World) -> None:
    found = rows(world, """select relname, relrowsecurity from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname""")  # fmt: skip
    assert found == [(name, True) for name in TABLES]
    granted = rows(world, """select grantee, table_name, privilege_type
        from information_schema.role_table_grants where table_schema = 'public'
        and grantee in ('anon', 'authenticated', 'service_role')""")  # fmt: skip
    assert {kind for _, _, kind in granted} == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert {(table, kind) for who, table, kind in granted if who == "anon"} == {
        (table, "SELECT") for table in ("projects", "samples", "corpora", "corpus_samples")
    }


def test_functions_that_see_everything_cannot_be_led_astray(world: World) -> None:
    found = rows(world, """select proname, proconfig from pg_proc where pronamespace in
        ('medsynth'::regnamespace, 'public'::regnamespace)""")  # fmt: skip
    assert found
    assert [name for name, settings in found if settings != ['search_path=""']] == []


def test_nobody_who_is_not_signed_in_may_call_a_function_of_the_api_or_one_that_writes(world: World) -> None:
    query: LiteralString = """select proname, provolatile, has_function_privilege(%s, oid, 'execute')
        from pg_proc where pronamespace in ('medsynth'::regnamespace, 'public'::regnamespace)"""
    for role in ("anon", "authenticated", "service_role"):
        allowed = {(name, kind) for name, kind, may in rows(world, query, role) if may}
        writing = {name for name, kind in allowed if kind == "v"}
        assert writing == (set() if role == "anon" else set(INVOKED)), role


def test_tables_and_columns_that_need_words_have_them(world: World) -> None:
    found = rows(world, """select relname from pg_class where relnamespace = 'public'::regnamespace
        and relkind = 'r' and obj_description(oid, 'pg_class') is null""")  # fmt: skip
    assert found == []


def test_realtime_publishes_what_a_dashboard_follows(world: World) -> None:
    found = rows(world, "select tablename from pg_publication_tables where pubname = 'supabase_realtime'")
    assert {name for (name,) in found} == {"samples", "reviews", "revocations", "runs", "corpora", "events"}


def test_the_bucket_is_private_and_takes_png_only(world: World) -> None:
    found = rows(world, "select public, file_size_limit, allowed_mime_types from storage.buckets")
    assert found == [(False, 50 * 2**20, ["image/png"])]


def test_a_status_is_never_what_somebody_writes(world: World) -> None:
    with world.acting("service_role") as connection:
        connection.execute("update public.samples set status = 'approved'")
        found = connection.execute("select name, status from public.samples").fetchall()
    assert {world.labels[name]: status for name, status in found} == {
        label: {"real": "approved"}.get(label[2:], label[2:])
        for label in world.labels.values()
        if label[1:2] == "." and "/" not in label and label != "P.run"
    }


def test_a_project_that_is_deleted_takes_its_rows_along(world: World) -> None:
    with psycopg.connect(world.server.dsn) as connection:
        connection.execute("delete from public.projects where id = %s", [world.ids["A"]])
        for table in sorted({*TABLES} - {"projects"}):
            query = f"select count(*) from public.{table} where project = %s".encode()
            assert connection.execute(query, [world.ids["A"]]).fetchone() == (0,), table
        connection.rollback()
