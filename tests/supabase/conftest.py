"""A Supabase on loopback for the real client: PostgreSQL, REST and Auth by lite, the rest by the gateway.

What a test asks for:

* `project`: a fresh project with members of every role; the ordinary way in. `project.client("reviewer")` is
  the real client, signed in; `project.environment("publisher")` is what `medsynth sync` reads;
  `project.rows(sql)` asks PostgreSQL past every policy; `project.gateway` takes faults
  (`gateway.faults = [Fault(kind="lose")]`, or a `FaultPlan`) and the network away (`gateway.down()`,
  `gateway.up()`). All of that is undone before the next test.
* `public_project`: a project that everybody may look at; `other_project`: one with members of its own.
* `supabase_server`: what all projects share; `supabase_server.new_user("name")` signs somebody up.
* `machines`: makes banks that sync with a project.
* `probe`: a second server without our migrations, for the tests of the gateway itself.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from tests.supabase.database import running_supabase
from tests.supabase.gateway.connections import Database
from tests.supabase.gateway.faults import Faults
from tests.supabase.gateway.project import USERS, Project, Server, User
from tests.supabase.gateway.running import running_server
from tests.supabase.machines import Machines
from tests.supabase.material import Readers

PROBE = Path(__file__).parent / "gateway" / "probe.sql"


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[SampleBank]:
    """An empty bank."""
    opened = SampleBank(tmp_path / "bank")
    yield opened
    opened.close()


@pytest.fixture
def readers(bank: SampleBank) -> Readers:
    """Who reviews in that bank."""
    return Readers(bank)


@pytest.fixture(scope="session")
def supabase_server() -> Iterator[Server]:
    """A running loopback Supabase with our migrations; ask for it only in tests marked `supabase`."""
    with running_supabase() as cluster:
        cluster.apply_migrations()
        with running_server(Database(host=cluster.host, port=cluster.port)) as server:
            yield server


@pytest.fixture(scope="session")
def users(supabase_server: Server) -> dict[str, User]:
    """Somebody for every role, and a stranger."""
    return {name: supabase_server.new_user(name) for name in USERS}


@pytest.fixture
def project(supabase_server: Server, users: dict[str, User]) -> Iterator[Project]:
    """A project of its own; the gateway is as new before and after."""
    supabase_server.gateway.forget()
    yield Project.made_on(supabase_server, users)
    supabase_server.gateway.forget()


@pytest.fixture
def public_project(project: Project) -> Project:
    """A project that everybody may look at; it has the members of `project`."""
    return Project.made_on(project.server, project.users, is_public=True)


@pytest.fixture
def other_project(project: Project, supabase_server: Server) -> Project:
    """A project whose members are others than those of `project`."""
    return Project.made_on(supabase_server, {name: supabase_server.new_user(name) for name in USERS})


@pytest.fixture(scope="session")
def probe_server() -> Iterator[Server]:
    with running_supabase() as cluster:
        cluster.execute(PROBE.read_text())
        with running_server(Database(host=cluster.host, port=cluster.port)) as server:
            yield server


@pytest.fixture
def probe(probe_server: Server) -> Iterator[Server]:
    """A server with the table, function and bucket of the recorded answers, all empty."""
    probe_server.gateway.forget()
    probe_server.rows("truncate public.synthetic_images")
    probe_server.rows("delete from storage.objects")
    yield probe_server
    probe_server.gateway.faults = Faults()
    probe_server.gateway.settle()


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    """Makes machines with banks of their own: `machines(project, 3)` has three virtual patients."""
    with Machines(tmp_path) as made:
        yield made
