"""REST and Auth of the loopback Supabase answer the real client as hosted projects do."""

import time
from collections.abc import Callable, Iterator

import httpx
import jwt
import pytest
from postgrest.exceptions import APIError
from supabase import Client
from supabase_auth.errors import AuthApiError

from tests.supabase.gateway.clients import real_client
from tests.supabase.gateway.project import PASSWORD, Project, Server
from tests.supabase.gateway.tokens import ANON_KEY, PUBLISHABLE_KEY, SECRET_KEY, SERVICE_KEY, mint

pytestmark = pytest.mark.supabase

TABLE = "synthetic_images"
A, B, C = "a" * 64, "b" * 64, "c" * 64


def row(sha256: str, **changed: object) -> dict[str, object]:
    return {
        "project": "p1", "sha256": sha256, "storage_path": "p1/a.png", "class_label": "nodule",
        "status": "approved", "owner": None, "metrics": {"fid": 1.5}, **changed,
    }  # fmt: skip


@pytest.fixture
def service(probe: Server) -> Iterator[Client]:
    with real_client(probe.gateway.url, SERVICE_KEY) as client:
        yield client


@pytest.fixture
def anon(probe: Server) -> Iterator[Client]:
    with real_client(probe.gateway.url, ANON_KEY) as client:
        yield client


def refusal(attempt: Callable[[], object]) -> APIError:
    with pytest.raises(APIError) as caught:
        attempt()
    return caught.value


def test_an_upsert_answers_the_row_with_its_time_in_rfc_3339(service: Client) -> None:
    first = service.table(TABLE).upsert(row(A), on_conflict="project,sha256").execute().data[0]
    again = (
        service.table(TABLE).upsert(row(A, status="pending"), on_conflict="project,sha256").execute().data[0]
    )
    assert (again["id"], again["status"], again["metrics"]) == (first["id"], "pending", {"fid": 1.5})
    assert first["created_at"][10] == "T" and first["created_at"].endswith("+00:00")


def test_an_ignored_duplicate_answers_no_row_and_changes_none(service: Client) -> None:
    service.table(TABLE).insert(row(A)).execute()
    asked = service.table(TABLE).upsert(
        row(A, status="pending"), on_conflict="project,sha256", ignore_duplicates=True
    )
    assert asked.execute().data == []
    assert service.table(TABLE).select("status").execute().data == [{"status": "approved"}]


def test_a_second_insert_is_a_conflict(probe: Server, service: Client) -> None:
    service.table(TABLE).insert(row(A)).execute()
    problem = refusal(lambda: service.table(TABLE).insert(row(A)).execute())
    assert problem.code == "23505" and problem.details == f"Key (project, sha256)=(p1, {A}) already exists."
    headers = {"apikey": SERVICE_KEY, "authorization": f"Bearer {SERVICE_KEY}"}
    answer = httpx.post(f"{probe.gateway.url}/rest/v1/{TABLE}", json=row(A), headers=headers)
    assert answer.status_code == 409


def test_a_row_that_breaks_a_check_is_a_bad_request(service: Client) -> None:
    problem = refusal(lambda: service.table(TABLE).insert(row("xyz")).execute())
    assert problem.code == "23514" and "synthetic_images_sha256_check" in (problem.message or "")


def test_many_rows_and_filters_and_counts_work(service: Client) -> None:
    service.table(TABLE).insert([row(A), row(B, status="pending", tags=["x", "y,z"])]).execute()
    kept = service.table(TABLE).select("sha256", "tags").in_("status", ["pending"]).order("sha256").execute()
    assert kept.data == [{"sha256": B, "tags": ["x", "y,z"]}]
    assert service.table(TABLE).select("*", count="exact", head=True).execute().count == 2
    assert service.table(TABLE).select("id").gt("metrics->fid", 2).execute().data == []
    assert len(service.table(TABLE).delete().eq("sha256", B).execute().data) == 1


def test_a_function_gets_its_arguments_whatever_their_type(service: Client) -> None:
    service.table(TABLE).insert(row(A, status="pending")).execute()
    made = service.table(TABLE).select("id").single().execute().data["id"]
    assert service.rpc("approve", {"image_id": made}).execute().data["status"] == "approved"
    assert service.rpc("counted", {"tags": ["a", "b,c"], "more": [1, {"x": "y"}]}).execute().data == 4


@pytest.mark.parametrize(("code", "status"), [("MS409", 400), ("P0001", 400), ("40001", 500), ("PT418", 418)])
def test_an_error_that_a_function_raises_keeps_its_code(probe: Server, code: str, status: int) -> None:
    headers = {"apikey": SERVICE_KEY, "authorization": f"Bearer {SERVICE_KEY}"}
    address = f"{probe.gateway.url}/rest/v1/rpc/refuse"
    answer = httpx.post(address, json={"code": code}, headers=headers)
    said = {"code": code, "message": "refused", "details": "as a test asked", "hint": None}
    assert (answer.status_code, answer.json()) == (status, said)


def test_policies_refuse_anon_with_401_and_users_with_403(probe: Server, anon: Client) -> None:
    def status(token: str) -> tuple[int, str]:
        headers = {"apikey": ANON_KEY, "authorization": f"Bearer {token}"}
        answer = httpx.post(f"{probe.gateway.url}/rest/v1/{TABLE}", json=row(C), headers=headers)
        return answer.status_code, answer.json()["code"]

    assert status(ANON_KEY) == (401, "42501")
    assert status(mint("authenticated", sub=probe.new_user("a").id)) == (403, "42501")
    assert refusal(lambda: anon.table(TABLE).insert(row(C)).execute()).code == "42501"


def test_a_user_who_signs_up_owns_the_rows_they_write(probe: Server, anon: Client) -> None:
    email = f"{time.time_ns()}@example.com"
    user = anon.auth.sign_up({"email": email, "password": PASSWORD}).user
    assert user is not None and user.email == email
    own = {"project": "p2", "sha256": A, "storage_path": "x", "class_label": "y"}
    assert anon.table(TABLE).insert(own).execute().data[0]["owner"] == user.id
    anon.auth.sign_out()
    assert anon.table(TABLE).select("id").execute().data == []


def test_a_wrong_password_is_refused(probe: Server, anon: Client) -> None:
    user = probe.new_user("a")
    with pytest.raises(AuthApiError, match="Invalid login credentials"):
        anon.auth.sign_in_with_password({"email": user.email, "password": "something else"})


def test_a_token_expires_and_a_refresh_gives_the_next(probe: Server, anon: Client) -> None:
    user = probe.new_user("a")
    probe.gateway.token_seconds = -1
    anon.auth.sign_in_with_password({"email": user.email, "password": user.password})
    headers = {"apikey": ANON_KEY, "authorization": anon.options.headers["Authorization"]}
    answer = httpx.get(f"{probe.gateway.url}/rest/v1/{TABLE}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST303")
    probe.gateway.token_seconds = None
    renewed = anon.auth.refresh_session().session
    assert renewed is not None and renewed.expires_in == 3600
    own = {"project": "p2", "sha256": A, "storage_path": "x", "class_label": "y"}
    assert anon.table(TABLE).insert(own).execute().data[0]["owner"] == user.id


@pytest.mark.parametrize(("token", "code"), [("expired", "PGRST303"), ("forged", "PGRST301")])
def test_a_token_that_is_not_valid_is_answered_with_401(probe: Server, token: str, code: str) -> None:
    sent = mint("service_role", -5)
    if token == "forged":
        sent = jwt.encode({"role": "service_role"}, "another secret of at least 32 bytes", algorithm="HS256")
    headers = {"apikey": ANON_KEY, "authorization": f"Bearer {sent}"}
    answer = httpx.get(f"{probe.gateway.url}/rest/v1/{TABLE}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_no_key_and_an_unknown_key_are_answered_with_401(probe: Server) -> None:
    address = f"{probe.gateway.url}/rest/v1/{TABLE}"
    assert httpx.get(address).status_code == 401
    assert httpx.get(address, headers={"apikey": "x"}).json()["message"] == "Invalid API key"


def test_keys_of_the_new_kind_stand_for_the_same_roles(probe: Server) -> None:
    with real_client(probe.gateway.url, SECRET_KEY) as client:
        client.table(TABLE).insert([row(A), row(B, status="pending")]).execute()
    with real_client(probe.gateway.url, PUBLISHABLE_KEY) as client:
        assert client.table(TABLE).select("sha256").execute().data == [{"sha256": A}]


def test_a_project_has_users_of_every_role_who_can_sign_in(project: Project) -> None:
    found = project.rows("select user_id, role from public.project_members where project = %s", project.id)
    assert {one["role"]: str(one["user_id"]) for one in found} == {
        role: user.id for role, user in project.users.items() if role != "stranger"
    }
    for role, user in project.users.items():
        with project.client(role) as client:
            answer = client.auth.get_user()
            assert answer is not None and answer.user.id == user.id
