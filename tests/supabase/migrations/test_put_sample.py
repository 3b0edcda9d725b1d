"""What banks say of a sample comes to one status, in whatever order and how often it arrives."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.supabase.migrations.rls_world import World

pytestmark = pytest.mark.supabase

STATES = ("approved", "pending", "rejected", "withdrawn", "forgotten")
CAUTIOUS = ("rejected", "withdrawn", "approved", "pending")
"""The first of these that a bank says counts."""

FINDING = {"lesion": "nodule", "side": "left", "severity": "mild", "size_mm": 9.5, "box": [1, 2, 3, 4]}


@dataclass(frozen=True)
class Said:
    """What a bank says under a number."""

    origin: str
    event: int
    state: str


def put(world: World, connection: psycopg.Connection, label: str, said: Said) -> str:  # type: ignore[type-arg]
    sample = world.sample(label) if said.state in ("approved", "pending") else {"name": world.name(label)}
    return world.put(connection, label, said.state, event=said.event, origin=said.origin, sample=sample)


def status(world: World, label: str) -> str | None:
    with psycopg.connect(world.server.dsn) as connection:
        query = "select status from public.samples where name = %s"
        row = connection.execute(query, [world.name(label)]).fetchone()
    return None if row is None else str(row[0])


def events(world: World, label: str) -> list[str]:
    with psycopg.connect(world.server.dsn) as connection:
        query = "select status from public.events where subject = %s order by seq"
        return [str(row[0]) for row in connection.execute(query, [world.name(label)])]


def last_words(words: list[Said]) -> list[Said]:
    """What each bank said last."""
    return list({one.origin: one for one in sorted(words, key=lambda one: one.event)}.values())


def expected(words: list[Said]) -> str | None:
    """What the last words come to."""
    said = {one.state for one in last_words(words)}
    return next((state for state in CAUTIOUS if state in said), None)


@dataclass
class Model:
    """A sample as `put_sample` should leave it."""

    words: dict[str, Said] = field(default_factory=dict)
    status: str | None = None
    has_image: bool = False
    events: list[str] = field(default_factory=list)

    def put(self, said: Said) -> str:
        known = self.words.get(said.origin)
        if known is not None and known.event > said.event:
            return "stale"
        news = known is None or known.event < said.event
        self.words[said.origin] = said
        if said.state in ("approved", "pending"):
            self._settle(expected(list(self.words.values())), has_image=True)
        elif news and self.status is not None:
            self._settle(expected(list(self.words.values())), has_image=self.has_image)
        return self.status or expected(list(self.words.values())) or "forgotten"

    def _settle(self, status: str | None, has_image: bool) -> None:
        if status in ("approved", "pending") and not has_image:
            status = "withdrawn"
        if status != self.status:
            self.events.append(status or "forgotten")
        self.status, self.has_image = status, has_image and status in ("approved", "pending")


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[Said], list[Said]]:
    """Words of up to two banks in the order of their numbers, and the same in any order, some twice."""
    origins = [str(uuid.UUID(int=draw(st.integers(1, 2**100)) + number)) for number in range(2)]
    words = [
        Said(draw(st.sampled_from(origins)), number + 1, draw(st.sampled_from(STATES)))
        for number in range(draw(st.integers(1, 6)))
    ]
    again = draw(st.lists(st.sampled_from(words), max_size=4))
    return words, draw(st.permutations(words + again))


@given(conversations())
def test_any_order_of_the_same_words_ends_in_the_same_status(
    world: World, talk: tuple[list[Said], list[Said]]
) -> None:
    words, arriving = talk
    label, last = f"A.{uuid.uuid4()}", last_words(words)
    with psycopg.connect(world.server.dsn, autocommit=True) as connection:
        for said in arriving:
            put(world, connection, label, said)
        found = status(world, label)
        if found in ("approved", "pending"):
            assert found == expected(words)
        if expected(words) in ("approved", "pending"):
            # the image went when another bank took it back; who holds it sends it once more
            for said in last:
                put(world, connection, label, said)
            assert status(world, label) == expected(words)
        query = "select medsynth.status_of(%s, %s)"
        settled = connection.execute(query, [world.ids["A"], world.name(label)]).fetchone()
    assert settled == (expected(words),)
    told = events(world, label)
    assert all(one != other for one, other in pairwise(told)), told
    assert (told[-1] if told else "forgotten") == (status(world, label) or "forgotten")


@given(conversations())
def test_each_word_has_the_answer_the_status_and_the_one_event_of_the_model(
    world: World, talk: tuple[list[Said], list[Said]]
) -> None:
    label, model = f"A.{uuid.uuid4()}", Model()
    with psycopg.connect(world.server.dsn, autocommit=True) as connection:
        for said in talk[1]:
            assert put(world, connection, label, said) == model.put(said)
    assert (status(world, label), events(world, label)) == (model.status, model.events)


def test_a_word_that_comes_twice_or_late_changes_nothing(world: World) -> None:
    label, origin = "A.twice", str(uuid.uuid4())
    with psycopg.connect(world.server.dsn, autocommit=True) as connection:
        for said, answer in (
            (Said(origin, 3, "approved"), "approved"),
            (Said(origin, 3, "approved"), "approved"),
            (Said(origin, 5, "withdrawn"), "withdrawn"),
            (Said(origin, 3, "approved"), "stale"),
            (Said(origin, 6, "approved"), "approved"),
            (Said(origin, 7, "forgotten"), "forgotten"),
            (Said(origin, 6, "approved"), "stale"),
        ):
            assert put(world, connection, label, said) == answer
    assert status(world, label) is None
    assert events(world, label) == ["approved", "withdrawn", "approved", "forgotten"]


def test_other_pixels_from_another_bank_are_refused_and_the_first_stay(world: World) -> None:
    label, one, other = "A.contested", str(uuid.uuid4()), str(uuid.uuid4())
    changed = world.sample(label, pixels="f" * 64)
    with psycopg.connect(world.server.dsn, autocommit=True) as connection:
        put(world, connection, label, Said(one, 1, "approved"))
        with pytest.raises(psycopg.Error, match="is here with other pixels, from another bank") as caught:
            world.put(connection, label, "approved", origin=other, sample=changed)
        assert caught.value.sqlstate == "MS409"
        with pytest.raises(psycopg.Error, match="is here with other pixels"):
            world.put(connection, label, "pending", origin=other, sample=changed)
        assert world.put(connection, label, "approved", event=2, origin=one, sample=changed) == "approved"
        put(world, connection, label, Said(one, 3, "forgotten"))
        assert world.put(connection, label, "approved", origin=other, sample=changed) == "approved"
        query = "select count(*) from public.sample_states where name = %s and origin = %s"
        assert connection.execute(query, [world.name(label), other]).fetchone() == (1,)


def test_what_derives_from_a_real_patient_needs_the_projects_consents(world: World) -> None:
    real = "B.real"  # project B gave none
    with psycopg.connect(world.server.dsn, autocommit=True) as connection:
        without = world.sample(real, object=None, object_sha256=None, findings=[])
        with pytest.raises(psycopg.Error, match="no consent to hold what derives from real") as caught:
            world.put(connection, real, "approved", sample=without)
        assert caught.value.sqlstate == "MS403"
        now = "update public.projects set real_records_consent_at = now() where id = %s"
        connection.execute(now, [world.ids["B"]])
        assert world.put(connection, real, "approved", sample=without) == "approved"
        with pytest.raises(psycopg.Error, match="no consent to hold pixels"):
            world.put(connection, real, "approved", event=2)
        with pytest.raises(psycopg.Error, match="only_virtual_samples_wait"):
            world.put(connection, real, "pending", event=2, sample=without)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"patient": None}, "a_virtual_sample_is_somebodys"),
        ({"object": "elsewhere/image.png"}, "object_has_its_own_place"),
        ({"object_sha256": None}, "object_and_its_digest"),
        ({"bits": 12}, "samples_bits_check"),
        ({"age_years": 131}, "samples_age_years_check"),
        ({"spacing_mm": [0.5, 0]}, "samples_spacing_mm_check"),
        ({"pixels": "not a name"}, "samples_pixels_check"),
        ({"findings": [FINDING | {"mask": "elsewhere.png"}]}, "a mask of sample .* lies elsewhere"),
        ({"findings": [FINDING | {"box": [0, 0, 65, 9]}]}, "a finding of sample .* is none"),
        ({"findings": [FINDING | {"box": [3, 0, 3, 9]}]}, "a finding of sample .* is none"),
        ({"findings": [FINDING | {"box": [0, -1, 3, 9]}]}, "a finding of sample .* is none"),
        ({"findings": [FINDING | {"box": [0, 1, 3]}]}, "a finding of sample .* is none"),
        ({"findings": [FINDING | {"box": "all of it"}]}, "a finding of sample .* is none"),
        ({"findings": [{"lesion": "nodule", "mask": None}]}, "a finding of sample .* is none"),
        ({"findings": [FINDING | {"lesion": 5}]}, "a finding of sample .* is none"),
        ({"findings": [FINDING | {"side": "top"}]}, "a finding of sample .* is none"),
        ({"findings": [FINDING | {"severity": "fatal"}]}, "a finding of sample .* is none"),
        ({"findings": [FINDING | {"size_mm": 0}]}, "a finding of sample .* is none"),
        ({"findings": [FINDING | {"note": "Jane Doe"}]}, "a finding of sample .* is none"),
        ({"findings": ["nonsense", 3, None]}, "a finding of sample .* is none"),
        ({"purpose": "sham"}, "shams_are_painted_into_real_images"),
        ({"name": "short"}, "names no sample"),
    ],
)
def test_impossible_rows_are_refused_whole(world: World, columns: dict[str, object], why: str) -> None:
    label = f"A.{uuid.uuid4()}"
    with psycopg.connect(world.server.dsn, autocommit=True) as connection:
        with pytest.raises(psycopg.Error, match=why):
            world.put(connection, label, "approved", sample=world.sample(label, **columns))
        query = "select count(*) from public.sample_states where name = %s"
        assert connection.execute(query, [world.name(label)]).fetchone() == (0,)
    assert status(world, label) is None and events(world, label) == []


def test_banks_that_write_at_once_see_each_other(world: World, repeat: int) -> None:
    for _ in range(3 * repeat):
        label, origins = f"A.{uuid.uuid4()}", [str(uuid.uuid4()) for _ in range(4)]

        def talk(origin: str, label: str = label, origins: list[str] = origins) -> None:
            with psycopg.connect(world.server.dsn, autocommit=True) as connection:
                for event in range(1, 11):
                    put(
                        world,
                        connection,
                        label,
                        Said(origin, event, "approved" if event % 2 else "withdrawn"),
                    )
                if origin == origins[0]:
                    put(world, connection, label, Said(origin, 11, "rejected"))
                else:
                    put(world, connection, label, Said(origin, 11, "approved"))

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(talk, origins))
        assert status(world, label) == "rejected"
        told = events(world, label)
        assert all(one != other for one, other in pairwise(told))
