"""Three projects with rows of every kind and people of every role, to test who may see and do what."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.supabase.database import Supabase

PEOPLE = ("stranger", "reader", "member", "reviewer", "publisher", "other_reader", "other_reviewer")
"""Users; the last two are members of project B, the four before them of project A."""

ROLES = ("anon", *PEOPLE, "service_role")

PROJECTS = ("A", "B", "P")
"""A is private and has both consents, B is private, P is public; nobody of these people is a member of P."""

SAMPLES = (
    "A.approved", "A.pending", "A.rejected", "A.withdrawn", "A.real", "B.approved", "B.pending", "P.approved",
    "P.pending",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """What is in the database, by speaking labels.

    Args:
        server: Where it lies.
        ids: Id of every project, user, review, run and corpus.
        labels: Label of every key that a query may give.
    """

    server: Supabase
    ids: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def name(self, label: str) -> str:
        """Name of a sample."""
        return uuid.uuid5(uuid.NAMESPACE_OID, label).hex * 2

    def object(self, label: str, file: str = "image.png") -> str:
        """Path of a sample's object."""
        real = "real/" if label.endswith(".real") else ""
        return f"{self.ids[label[0]]}/{real}{self.name(label)}/{file}"

    def sample(self, label: str, **columns: Any) -> dict[str, Any]:
        """The columns of a sample as a bank sends them."""
        virtual = not label.endswith(".real")
        who = {"patient": "vp-1", "visit": 0, "day": 0, "sex": "female", "age_years": 50, "view": "PA"}
        finding = {"lesion": "nodule", "box": [1, 2, 3, 4], "mask": self.object(label, "mask-0.png")}
        return {
            "name": self.name(label), "virtual": virtual, "purpose": "patient" if virtual else "lesion",
            "lesion": "nodule", "findings": [finding], "spacing_mm": [0.5, 0.5], "width": 64, "height": 64,
            "bits": 8, "pixels": self.name(f"pixels of {label}"), "object": self.object(label),
            "object_sha256": "5" * 64, "provenance": {"engine": "e"}, **(who if virtual else {}), **columns,
        }  # fmt: skip

    @contextmanager
    def acting(self, role: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """A transaction as somebody, which is rolled back at the end."""
        claims = {"role": role} if role in ("anon", "service_role") else {
            "role": "authenticated", "sub": self.ids[role],
        }  # fmt: skip
        with psycopg.connect(self.server.dsn) as connection:
            connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
            connection.execute(f"set local role {claims['role']}".encode())
            yield connection
            connection.rollback()

    def put(
        self, connection: psycopg.Connection[tuple[Any, ...]], label: str, state: str, *, event: int = 1,
        origin: str | None = None, sample: dict[str, Any] | None = None,
    ) -> str:  # fmt: skip
        """Calls `put_sample`."""
        given = self.sample(label) if sample is None else sample
        asked = (self.ids[label[0]], origin or self.ids["bank"], event, state, json.dumps(given))
        row = connection.execute("select public.put_sample(%s, %s, %s, %s, %s)", asked).fetchone()
        assert row is not None
        return str(row[0])


def made_on(server: Supabase) -> World:
    """Fills the tables of a server that has our migrations."""
    world = World(server)
    names = (*PROJECTS, *PEOPLE, "bank", "review", "local review", "run", "P.run")
    world.ids.update({name: str(uuid.uuid4()) for name in names})
    with psycopg.connect(server.dsn) as connection:
        for person in PEOPLE:
            connection.execute("insert into auth.users (id) values (%s)", [world.ids[person]])
        for project in PROJECTS:
            connection.execute(
                """insert into public.projects
                (id, name, is_public, key_check, real_records_consent_at, real_pixels_consent_at)
                values (%(id)s, %(name)s, %(public)s, %(check)s,
                  case when %(consent)s then now() end, case when %(consent)s then now() end)""",
                {
                    "id": world.ids[project], "name": project, "public": project == "P", "check": "0" * 64,
                    "consent": project == "A",
                },
            )  # fmt: skip
        for person, role in zip(
            PEOPLE[1:], ("reader", "member", "reviewer", "publisher", "reader", "reviewer")
        ):
            project = "B" if person.startswith("other") else "A"
            connection.execute(
                "insert into public.project_members (project, user_id, role) values (%s, %s, %s)",
                [world.ids[project], world.ids[person], role],
            )
        for label in SAMPLES:
            _add_sample(world, connection, label)
        for label, project in (("run", "A"), ("P.run", "P")):
            connection.execute(_RUN, [world.ids[label], world.ids[project], world.ids["bank"]])
        for project in PROJECTS:
            connection.execute(
                "select public.advance_bank(%s, %s, null, 2, %s)",
                [world.ids[project], world.ids["bank"], "0" * 64],
            )
            connection.execute(
                "select public.put_corpus(%s, 'first', %s, null)",
                [world.ids[project], [world.name(f"{project}.approved")]],
            )
        query = "select id from public.corpora where project = %s"
        found = connection.execute(query, [world.ids["A"]]).fetchone()
        assert found is not None
        world.ids["corpus"] = str(found[0])
        _add_reviews(world, connection)
    world.labels.update({world.name(label): label for label in SAMPLES})
    world.labels.update({value: key for key, value in world.ids.items()})
    for label in SAMPLES:
        for file in ("image.png", "mask-0.png"):
            world.labels[world.object(label, file)] = f"{label}/{file.split('.')[0].removesuffix('-0')}"
    return world


def _add_sample(world: World, connection: psycopg.Connection[tuple[Any, ...]], label: str) -> None:
    state = {"real": "approved"}.get(label[2:], label[2:])
    world.put(connection, label, state if state in ("approved", "pending") else "approved")
    if state in ("rejected", "withdrawn"):
        world.put(connection, label, state, event=2, sample={"name": world.name(label)})
    for file in ("image.png", "mask-0.png"):
        connection.execute(
            "insert into storage.objects (bucket_id, name) values ('medsynth', %s)",
            [world.object(label, file)],
        )


def _add_reviews(world: World, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    for label, reviewer in (("review", world.ids["reviewer"]), ("local review", str(uuid.uuid4()))):
        connection.execute(
            """insert into public.reviews (id, project, sample, pixels, reviewer, outcome, plausibility)
            values (%s, %s, %s, %s, %s, 'approve', 4)""",
            [
                world.ids[label], world.ids["A"], world.name("A.approved"),
                world.name("pixels of A.approved"), reviewer,
            ],
        )  # fmt: skip
    connection.execute(
        "insert into public.revocations (review, project, reason) values (%s, %s, 'too dark')",
        [world.ids["local review"], world.ids["A"]],
    )


_RUN = """insert into public.runs
  (id, project, origin, kind, name, state, done, total, version, started_at, updated_at)
  values (%s, %s, %s, 'generate', 'night', 'running', 3, 10, 2, now(), now())"""
