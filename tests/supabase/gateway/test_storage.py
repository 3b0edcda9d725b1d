"""Storage of the loopback Supabase answers the real client as the real storage-api does."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from storage3.exceptions import StorageApiError
from supabase import Client

from tests.supabase.gateway.clients import real_client
from tests.supabase.gateway.project import Server, User
from tests.supabase.gateway.tokens import ANON_KEY, SERVICE_KEY, mint

pytestmark = pytest.mark.supabase

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
KIND = {"content-type": "image/png"}


@pytest.fixture
def service(probe: Server) -> Iterator[Client]:
    with real_client(probe.gateway.url, SERVICE_KEY) as client:
        yield client


@pytest.fixture
def bucket(service: Client) -> Any:
    return service.storage.from_("synthetic")


def refusal(attempt: Callable[[], object]) -> tuple[int, str, str]:
    with pytest.raises(StorageApiError) as caught:
        attempt()
    return int(caught.value.status), caught.value.code, caught.value.message


def answer(probe: Server, method: str, path: str, token: str = SERVICE_KEY, **more: Any) -> httpx.Response:
    headers = {"apikey": ANON_KEY, "authorization": f"Bearer {token}"}
    return httpx.request(method, f"{probe.gateway.url}/storage/v1{path}", headers=headers, **more)


def test_bytes_come_back_as_they_were_sent(bucket: Any) -> None:
    made = bucket.upload("p1/a.png", PNG, KIND)
    assert made.full_path == "synthetic/p1/a.png"
    assert bucket.download("p1/a.png") == PNG


def test_a_second_upload_is_a_duplicate_unless_it_upserts(probe: Server, bucket: Any) -> None:
    bucket.upload("p1/a.png", PNG, KIND)
    assert refusal(lambda: bucket.upload("p1/a.png", b"other", KIND)) == (
        409, "Duplicate", "The resource already exists",
    )  # fmt: skip
    files = {"file": ("a.png", b"other", "image/png")}
    refused = answer(probe, "POST", "/object/synthetic/p1/a.png", files=files)
    assert refused.status_code == 400
    assert refused.json() == {
        "statusCode": "409", "error": "Duplicate", "message": "The resource already exists",
        "code": "KeyAlreadyExists",
    }  # fmt: skip
    bucket.upload("p1/a.png", b"other", KIND | {"upsert": "true"})
    assert bucket.download("p1/a.png") == b"other"
    bucket.update("p1/a.png", PNG, KIND)
    assert bucket.download("p1/a.png") == PNG


@pytest.mark.parametrize(
    ("name", "content", "kind", "expected"),
    [
        (
            "p1/a.txt", b"abc", "text/plain",
            (415, "invalid_mime_type", "mime type text/plain is not supported"),
        ),
        (
            "p1/big.png", bytes(2**20 + 1), "image/png",
            (413, "Payload too large", "The object exceeded the maximum allowed size"),
        ),
        ("p1/é.png", PNG, "image/png", (400, "InvalidKey", "Invalid key: p1/é.png")),
    ],
)  # fmt: skip
def test_what_the_bucket_does_not_take_is_refused(
    bucket: Any, name: str, content: bytes, kind: str, expected: object
) -> None:
    assert refusal(lambda: bucket.upload(name, content, {"content-type": kind})) == expected
    assert bucket.list("p1") == []


def test_a_bucket_that_is_there_is_a_duplicate_and_a_missing_one_is_not_found(service: Client) -> None:
    assert refusal(lambda: service.storage.create_bucket("synthetic"))[:2] == (409, "Duplicate")
    assert [one.id for one in service.storage.list_buckets()] == ["synthetic"]
    missing = service.storage.from_("none")
    assert refusal(lambda: missing.upload("a.png", PNG, KIND)) == (
        404, "Bucket not found", "Bucket not found",
    )  # fmt: skip


def test_a_listing_names_objects_relative_to_the_prefix_and_folders_without_an_id(bucket: Any) -> None:
    for name in ("p1/b.png", "p1/a.png", "p1/deep/c.png"):
        bucket.upload(name, PNG, KIND)
    listed = bucket.list("p1")
    assert [(one["name"], one["id"] is None) for one in listed] == [
        ("a.png", False), ("b.png", False), ("deep", True),
    ]  # fmt: skip
    assert listed[0]["metadata"]["size"] == len(PNG)
    assert listed[0]["metadata"]["mimetype"] == "image/png"
    assert [one["name"] for one in bucket.list()] == ["p1"]
    assert [one["name"] for one in bucket.list("p1", {"limit": 1, "offset": 1})] == ["b.png"]
    assert [one["name"] for one in bucket.list("p1", {"search": "b."})] == ["b.png"]


def test_info_and_exists_tell_what_is_there(bucket: Any) -> None:
    bucket.upload("p1/a.png", PNG, KIND | {"metadata": {"sha256": "ab"}})
    told = bucket.info("p1/a.png")
    assert (told["name"], told["size"], told["content_type"]) == ("p1/a.png", len(PNG), "image/png")
    assert bucket.exists("p1/a.png") and not bucket.exists("p1/none.png")
    assert refusal(lambda: bucket.info("p1/none.png")) == (404, "not_found", "Object not found")
    assert refusal(lambda: bucket.download("p1/none.png")) == (404, "not_found", "Object not found")


def test_a_signed_address_opens_without_a_key_until_it_expires(bucket: Any) -> None:
    bucket.upload("p1/a.png", PNG, KIND)
    assert httpx.get(bucket.create_signed_url("p1/a.png", 60)["signedURL"]).content == PNG
    late = httpx.get(bucket.create_signed_url("p1/a.png", -1)["signedURL"])
    assert (late.status_code, late.json()["error"]) == (400, "InvalidJWT")
    both = bucket.create_signed_urls(["p1/a.png", "p1/none.png"], 60)
    assert httpx.get(both[0]["signedURL"]).content == PNG
    assert both[1]["signedURL"] is None and "does not exist" in both[1]["error"]


def test_remove_answers_what_it_removed_and_again_nothing(bucket: Any) -> None:
    bucket.upload("p1/a.png", PNG, KIND)
    gone = bucket.remove(["p1/a.png", "p1/none.png"])
    assert [(one["name"], one["bucket_id"]) for one in gone] == [("p1/a.png", "synthetic")]
    assert bucket.remove(["p1/a.png"]) == []
    assert not bucket.exists("p1/a.png")


def test_an_object_can_be_moved_and_copied(bucket: Any) -> None:
    bucket.upload("p1/a.png", PNG, KIND)
    bucket.copy("p1/a.png", "p1/c.png")
    bucket.move("p1/c.png", "p1/m.png")
    assert bucket.download("p1/m.png") == PNG and bucket.exists("p1/a.png")
    assert refusal(lambda: bucket.move("p1/c.png", "p1/x.png"))[:2] == (404, "not_found")


@pytest.fixture
def user(probe: Server) -> User:
    return probe.new_user("owner")


def test_policies_decide_who_writes_reads_and_removes(probe: Server, user: User, bucket: Any) -> None:
    denied = (403, "Unauthorized", "new row violates row-level security policy")
    with real_client(probe.gateway.url, ANON_KEY) as client:
        own = client.storage.from_("synthetic")
        assert refusal(lambda: own.upload(f"{user.id}/a.png", PNG, KIND)) == denied
        client.auth.sign_in_with_password({"email": user.email, "password": user.password})
        own = client.storage.from_("synthetic")
        own.upload(f"{user.id}/a.png", PNG, KIND)
        assert refusal(lambda: own.upload("p1/z.png", PNG, KIND)) == denied
        bucket.upload("p1/z.png", PNG, KIND)
        assert own.download(f"{user.id}/a.png") == PNG
        assert refusal(lambda: own.download("p1/z.png")) == (404, "not_found", "Object not found")
        assert [one["name"] for one in own.list()] == [user.id]
        assert own.remove(["p1/z.png"]) == [] and bucket.exists("p1/z.png")
        assert len(own.remove([f"{user.id}/a.png"])) == 1


def test_an_upsert_needs_the_right_to_update(probe: Server, user: User, bucket: Any) -> None:
    bucket.upload(f"{user.id}/a.png", PNG, KIND)
    files = {"file": ("a.png", b"other", "image/png")}
    headers = {"authorization": f"Bearer {mint('authenticated', sub=user.id)}", "x-upsert": "true"}
    address = f"{probe.gateway.url}/storage/v1/object/synthetic/{user.id}/a.png"
    assert httpx.post(address, files=files, headers=headers).json()["statusCode"] == "403"
    assert bucket.download(f"{user.id}/a.png") == PNG


def test_an_expired_token_and_a_missing_one_are_refused(probe: Server, bucket: Any) -> None:
    bucket.upload("p1/a.png", PNG, KIND)
    late = answer(probe, "GET", "/object/synthetic/p1/a.png", mint("service_role", -5))
    assert (late.status_code, late.json()["statusCode"]) == (400, "403")
    assert late.json()["message"] == '"exp" claim timestamp check failed'
    without = httpx.get(f"{probe.gateway.url}/storage/v1/object/synthetic/p1/a.png")
    assert without.json()["error"] == "Bucket not found"
