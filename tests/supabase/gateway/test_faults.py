"""Each fault of the loopback Supabase does what it says, as often as it says."""

import time
from collections.abc import Iterator
from threading import Thread

import httpx
import pytest
from supabase import Client

from tests.supabase.gateway.clients import real_client
from tests.supabase.gateway.exchange import Call
from tests.supabase.gateway.faults import KINDS, Fault, FaultPlan
from tests.supabase.gateway.project import Server
from tests.supabase.gateway.tokens import SERVICE_KEY

pytestmark = pytest.mark.supabase

TABLE = "synthetic_images"
HEADERS = {"apikey": SERVICE_KEY, "authorization": f"Bearer {SERVICE_KEY}"}


def insert(probe: Server, letter: str) -> httpx.Response:
    row = {"project": "p1", "sha256": letter * 64, "storage_path": "x", "class_label": "y", "owner": None}
    headers = HEADERS | {"prefer": "return=representation"}
    return httpx.post(f"{probe.gateway.url}/rest/v1/{TABLE}", json=row, headers=headers)


def kept(probe: Server) -> str:
    """The first letters of the digests, in the order of their making."""
    rows = probe.rows("select sha256 from public.synthetic_images order by created_at")
    return "".join(one["sha256"][0] for one in rows)


@pytest.mark.parametrize(
    ("kind", "is_carried_out", "problem"),
    [
        ("drop", False, httpx.RemoteProtocolError), ("lose", True, httpx.RemoteProtocolError),
        ("truncate", True, httpx.RemoteProtocolError), ("late", False, httpx.RemoteProtocolError),
    ],
)  # fmt: skip
def test_a_broken_connection_tells_nothing_of_what_was_done(
    probe: Server, kind: str, is_carried_out: bool, problem: type[Exception]
) -> None:
    probe.gateway.faults = [Fault(kind=kind, seconds=0.3)]
    with pytest.raises(problem):
        insert(probe, "a")
    assert kept(probe) == "a" * is_carried_out
    assert probe.gateway.faults.injected == {kind: 1}


def test_a_late_request_is_carried_out_after_the_next_one(probe: Server) -> None:
    probe.gateway.faults = [Fault(kind="late", seconds=10)]
    with pytest.raises(httpx.RemoteProtocolError):
        insert(probe, "a")
    insert(probe, "b")
    probe.gateway.settle()
    assert kept(probe) == "ba"


def test_a_late_request_is_carried_out_even_if_no_other_comes(probe: Server) -> None:
    probe.gateway.faults = [Fault(kind="late", seconds=0.05)]
    with pytest.raises(httpx.RemoteProtocolError):
        insert(probe, "a")
    probe.gateway.settle()
    assert kept(probe) == "a"


def test_a_reordered_request_is_answered_after_the_next_one_was_carried_out(probe: Server) -> None:
    probe.gateway.faults = [Fault(kind="reorder", seconds=10)]
    first = Thread(target=insert, args=(probe, "a"))
    first.start()
    while not probe.gateway.faults.injected:
        time.sleep(0.005)
    insert(probe, "b")
    first.join()
    assert kept(probe) == "ba"


def test_a_duplicated_request_is_carried_out_again_after_the_next_one(probe: Server) -> None:
    probe.gateway.faults = [Fault(kind="duplicate", path="PATCH", seconds=10)]
    insert(probe, "a")
    address = f"{probe.gateway.url}/rest/v1/{TABLE}?project=eq.p1"
    for label in ("first", "second"):
        assert httpx.patch(address, json={"class_label": label}, headers=HEADERS).status_code < 300
    probe.gateway.settle()
    assert probe.rows("select class_label from public.synthetic_images") == [{"class_label": "first"}]


def test_a_delayed_request_takes_at_least_so_long(probe: Server) -> None:
    probe.gateway.faults = [Fault(kind="delay", seconds=0.2)]
    start = time.monotonic()
    assert insert(probe, "a").status_code == 201
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_refused_request_is_not_carried_out(probe: Server, status: int) -> None:
    probe.gateway.faults = [Fault(kind="refuse", status=status, retry_after=7)]
    answer = insert(probe, "a")
    assert (answer.status_code, answer.headers["retry-after"], kept(probe)) == (status, "7", "")
    assert insert(probe, "a").status_code == 201


def test_a_request_that_times_out_is_carried_out(probe: Server) -> None:
    probe.gateway.faults = [Fault(kind="timeout")]
    assert (insert(probe, "a").status_code, kept(probe)) == (504, "a")


def test_a_script_hits_what_its_pattern_names_and_as_often(probe: Server) -> None:
    probe.gateway.faults = [
        Fault(kind="refuse", path="DELETE .*/storage/"),
        Fault(kind="refuse", path="POST", times=2),
    ]
    assert [insert(probe, letter).status_code for letter in "abc"] == [503, 503, 201]
    address = f"{probe.gateway.url}/storage/v1/object/synthetic"
    asked = {"headers": HEADERS, "json": {"prefixes": ["x"]}}
    assert [httpx.request("DELETE", address, **asked).status_code for _ in range(2)] == [503, 200]
    assert probe.gateway.faults.injected == {"refuse": 3}


def test_no_kind_is_drawn_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="kind is 'explode'"):
        FaultPlan(seed=1, rates={"explode": 0.5})


def test_the_same_seed_draws_the_same_faults_and_another_one_others() -> None:
    def drawn(seed: int) -> list[str | None]:
        plan = FaultPlan(seed=seed, rates=dict.fromkeys(KINDS, 0.05))
        faults = [plan.for_request(Call(method="POST", path="/rest/v1/x")) for _ in range(200)]
        return [fault and fault.kind for fault in faults]

    assert drawn(1) == drawn(1) != drawn(2)
    assert set(drawn(1)) == {None, *KINDS} - {"cut"}


def test_a_plan_makes_no_more_faults_than_it_may() -> None:
    plan = FaultPlan(seed=1, rates={"drop": 1.0}, most=3)
    faults = [plan.for_request(Call(method="POST", path="/rest/v1/x")) for _ in range(9)]
    assert [fault is not None for fault in faults] == [True] * 3 + [False] * 6


@pytest.fixture
def service(probe: Server) -> Iterator[Client]:
    with real_client(probe.gateway.url, SERVICE_KEY) as client:
        yield client


def test_a_network_that_is_away_refuses_and_comes_back_at_the_same_address(probe: Server) -> None:
    with httpx.Client(headers=HEADERS) as client:
        address = f"{probe.gateway.url}/rest/v1/{TABLE}?select=id"
        assert client.get(address).json() == []
        probe.gateway.down()
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                client.get(address)
        probe.gateway.up()
        assert client.get(address).json() == []


def test_many_faults_leave_only_requests_that_were_carried_out(probe: Server, service: Client) -> None:
    kinds = ("drop", "lose", "duplicate", "late", "refuse", "timeout", "truncate")
    probe.gateway.faults = FaultPlan(seed=7, rates=dict.fromkeys(kinds, 0.1), seconds=0.02)
    sent = [f"{number:064x}" for number in range(60)]
    for sha256 in sent:
        row = {"project": "p1", "sha256": sha256, "storage_path": "x", "class_label": "y", "owner": None}
        for _ in range(50):
            try:
                service.table(TABLE).upsert(row, on_conflict="project,sha256").execute()
            except Exception:
                continue
            break
    probe.gateway.settle()
    assert {one["sha256"] for one in probe.rows("select sha256 from public.synthetic_images")} == set(sent)
    assert set(probe.gateway.faults.injected) == set(kinds)
