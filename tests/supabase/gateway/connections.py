"""What the gateway asks of PostgreSQL: as itself, or as the role and user of a token."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow, dict_row

_ACT = """select set_config('request.jwt.claims', %(claims)s, true),
    set_config('request.jwt.claim.sub', %(sub)s, true),
    set_config('request.jwt.claim.role', %(role)s, true), set_config('role', %(role)s, true)"""

Query = LiteralString | sql.Composed | sql.SQL


@dataclass
class Database:
    """Connections to one database, lent to one user at a time.

    Args:
        host: Of the server; the folder of its Unix socket, or an address.
        port: Of the server.
        name: Of the database.
        owner: A superuser.
    """

    host: str
    port: int
    name: str = "postgres"
    owner: str = "postgres"
    _idle: list[AsyncConnection[DictRow]] = field(default_factory=list)

    @asynccontextmanager
    async def acting(
        self, claims: Mapping[str, Any] | None = None
    ) -> AsyncIterator[AsyncConnection[DictRow]]:
        """A transaction as the role and user of these claims; as the owner of everything without them."""
        connection = await self._borrowed()
        try:
            async with connection.transaction():
                if claims is not None:
                    said = {
                        "claims": json.dumps(claims),
                        "sub": claims.get("sub", ""),
                        "role": claims["role"],
                    }
                    await connection.execute(_ACT, said)
                yield connection
        finally:
            if connection.closed or connection.broken:
                await connection.close()
            else:
                self._idle.append(connection)

    async def ask(self, query: Query, *values: Any) -> list[DictRow]:
        """The rows that the owner of everything sees."""
        async with self.acting() as connection:
            return await (await connection.execute(query, values)).fetchall()

    async def close(self) -> None:
        await asyncio.gather(*(one.close() for one in self._idle))
        self._idle.clear()

    async def _borrowed(self) -> AsyncConnection[DictRow]:
        if self._idle:
            return self._idle.pop()
        return await AsyncConnection.connect(
            host=self.host, port=self.port, dbname=self.name, user=self.owner, autocommit=True,
            row_factory=dict_row,
        )  # fmt: skip
