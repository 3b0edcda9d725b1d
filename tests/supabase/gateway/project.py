"""A fresh project on the loopback Supabase, with a user of every role; what each test works with."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import httpx
import psycopg
from psycopg.rows import dict_row
from supabase import AsyncClient, Client

from tests.supabase.gateway.clients import TIMEOUT_S, real_async_client, real_client
from tests.supabase.gateway.connections import Database
from tests.supabase.gateway.server import Gateway
from tests.supabase.gateway.tokens import ANON_KEY, SERVICE_KEY

MEMBERS = ("reader", "member", "reviewer", "publisher")
USERS = (*MEMBERS, "stranger")
PASSWORD = "a password of the tests"


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody who can sign in."""

    id: str
    email: str
    password: str = PASSWORD


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running loopback Supabase.

    Args:
        gateway: What clients speak to; faults are asked of it.
        database: Behind it.
    """

    gateway: Gateway
    database: Database

    def rows(self, query: LiteralString, *values: Any) -> list[dict[str, Any]]:
        """What a superuser gets from the database, past every policy; [] for what returns no rows."""
        with psycopg.connect(
            host=self.database.host, port=self.database.port, dbname=self.database.name,
            user=self.database.owner, autocommit=True, row_factory=dict_row,
        ) as connection:  # fmt: skip
            done = connection.execute(query, values)
            return done.fetchall() if done.description else []

    def new_user(self, name: str) -> User:
        """Signs somebody up."""
        email = f"{name}-{uuid.uuid4().hex[:8]}@example.com"
        asked = {"email": email, "password": PASSWORD}
        address = f"{self.gateway.url}/auth/v1/signup"
        answer = httpx.post(address, json=asked, headers={"apikey": ANON_KEY}, timeout=TIMEOUT_S)
        return User(id=answer.raise_for_status().json()["user"]["id"], email=email)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project of its own, its key, and who works in it.

    Args:
        server: Where it lies.
        id: Of the row in `projects`.
        name: Of the row in `projects`.
        key: 64 hexadecimal digits; the row holds its check.
        users: By role: "reader", "member", "reviewer", "publisher", and "stranger", who is no member.
    """

    server: Server
    id: str
    name: str
    key: str
    users: dict[str, User]

    @property
    def gateway(self) -> Gateway:
        return self.server.gateway

    @contextmanager
    def client(self, role: str = "service_role") -> Iterator[Client]:
        """The real client, signed in.

        Args:
            role: "service_role", "anon", or one of `users`.
        """
        key = SERVICE_KEY if role == "service_role" else ANON_KEY
        with real_client(self.gateway.url, key) as client:
            if role in self.users:
                user = self.users[role]
                client.auth.sign_in_with_password({"email": user.email, "password": user.password})
            yield client

    async def async_client(self, role: str = "service_role") -> AsyncClient:
        """The real asynchronous client, signed in; close its `realtime` at the end."""
        key = SERVICE_KEY if role == "service_role" else ANON_KEY
        client = await real_async_client(self.gateway.url, key)
        if role in self.users:
            user = self.users[role]
            await client.auth.sign_in_with_password({"email": user.email, "password": user.password})
        return client

    def environment(self, role: str = "service_role") -> dict[str, str]:
        """The variables that `medsynth sync` reads."""
        said = {
            "SUPABASE_URL": self.gateway.url, "SUPABASE_KEY": ANON_KEY, "MEDSYNTH_PROJECT_KEY": self.key,
        }  # fmt: skip
        if role == "service_role":
            return said | {"SUPABASE_KEY": SERVICE_KEY}
        user = self.users[role]
        return said | {"SUPABASE_EMAIL": user.email, "SUPABASE_PASSWORD": user.password}

    def rows(self, query: LiteralString, *values: Any) -> list[dict[str, Any]]:
        """As `Server.rows`."""
        return self.server.rows(query, *values)

    @classmethod
    def made_on(cls, server: Server, users: dict[str, User], is_public: bool = False) -> "Project":
        """Writes the rows of a new project and of its members."""
        project, key = str(uuid.uuid4()), secrets.token_hex(32)
        name = f"project {project[:8]}"
        check = hmac.new(bytes.fromhex(key), f"project:{project}".encode(), hashlib.sha256).hexdigest()
        server.rows(
            "insert into public.projects (id, name, is_public, key_check) values (%s, %s, %s, %s)",
            project, name, is_public, check,
        )  # fmt: skip
        for role in MEMBERS:
            server.rows(
                "insert into public.project_members (project, user_id, role) values (%s, %s, %s)",
                project, users[role].id, role,
            )  # fmt: skip
        return cls(server=server, id=project, name=name, key=key, users=users)
