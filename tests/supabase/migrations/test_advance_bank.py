"""A bank is moved on only from where it stands, once, and never back."""

import uuid
from typing import Any

import psycopg
import pytest

from tests.supabase.migrations.rls_world import World

pytestmark = pytest.mark.supabase


def print_of(letter: str) -> str:
    """A fingerprint."""
    return letter * 64


def test_a_bank_moves_on_only_from_where_it_stands(world: World) -> None:
    origin = str(uuid.uuid4())
    with world.acting("publisher") as connection:

        def advanced(known: str | None, event: int, letter: str) -> tuple[int, str]:
            asked = world.ids["A"], origin, known and print_of(known), event, print_of(letter)
            row = connection.execute("select public.advance_bank(%s, %s, %s, %s, %s)", asked).fetchone()
            assert row is not None
            head: dict[str, Any] = row[0]
            return head["event"], head["fingerprint"][0]

        assert advanced(None, 3, "a") == (3, "a")
        assert advanced("a", 5, "b") == (5, "b")
        assert advanced("a", 5, "b") == (5, "b")  # the same again, because its answer was lost
        assert advanced("a", 6, "c") == (5, "b")  # whoever comes second is told where it stands
        assert advanced(None, 9, "d") == (5, "b")
        assert advanced("b", 4, "e") == (5, "b")


@pytest.mark.parametrize(
    "statement", ["update public.banks set event = 1", "delete from public.banks", "update public.banks set "
                  "event = 9, origin = gen_random_uuid()"],
)  # fmt: skip
def test_where_a_bank_stands_is_never_forgotten(world: World, statement: str) -> None:
    with psycopg.connect(world.server.dsn) as connection:
        with pytest.raises(psycopg.Error, match="use advance_bank") as refused:
            connection.execute(statement.encode())
        assert refused.value.sqlstate == "MS405"
