"""Where a bank lies: what is remembered, what must be consented to, and what is never shown."""

import logging
import pickle
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.places import Places
from medsynth_aug.errors import BankError, BankUnreachableError, ConsentError, SettingError
from tests.bank.backends import free_port
from tests.bank.material import assert_same, sample

SECRET = "sesame-opens"


@pytest.mark.parametrize(
    ("records", "leaves"),
    [
        (None, False),
        ("sqlite:////data/bank.sqlite", False),
        ("postgresql://me@/bank", False),
        ("postgresql+psycopg://me@/bank?host=/run/postgresql", False),
        ("postgresql://me@localhost/bank", True),
        ("postgresql://me@db.hospital.org/bank", True),
        ("postgresql://me@/bank?host=db.hospital.org", True),
        ("postgresql://me@/bank?host=/run/postgresql&hostaddr=10.0.0.1", True),
        ("postgresql://me@/bank?service=remote", True),
    ],
)
def test_records_that_go_over_a_network_are_told_from_those_that_stay(
    records: str | None, leaves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGHOST", raising=False)
    assert Places(records=records).records_leave is leaves
    monkeypatch.setenv("PGHOST", "db.hospital.org")
    assert Places(records="postgresql://me@/bank").records_leave


@pytest.mark.parametrize(
    ("pixels", "leaves"),
    [
        (None, False),
        ("memory://bank", False),
        ("file:///data/bank", False),
        ("s3://bucket/bank", True),
        ("gs://bucket/bank", True),
        ("sftp://localhost/bank", True),
        ("simplecache::s3://bucket/bank", True),
    ],
)
def test_pixels_that_leave_this_machine_are_told_from_those_that_stay(pixels: str, leaves: bool) -> None:
    assert Places(pixels=pixels).pixels_leave is leaves


def test_pixels_leave_only_with_a_consent_which_the_bank_notes(tmp_path: Path, bucket: str) -> None:
    with pytest.raises(ConsentError, match=r"pixels of painted real images .* real_pixels_may_leave=True"):
        SampleBank(tmp_path / "bank", pixels=bucket)
    assert not (tmp_path / "bank" / "pixels").exists()
    made = sample()
    with_consent = SampleBank(tmp_path / "bank", pixels=bucket, real_pixels_may_leave=True)
    with_consent.add(made)
    with_consent.close()
    for _ in range(2):
        again = SampleBank(tmp_path / "bank", pixels=bucket)
        assert_same(again.get(made.digest), made)
        assert again.info().consents == (("real_pixels_may_leave", bucket),)
        again.close()


def test_a_consent_counts_for_one_place_only(tmp_path: Path, bucket: str) -> None:
    SampleBank(tmp_path / "one", pixels=bucket, real_pixels_may_leave=True).close()
    with pytest.raises(ConsentError):
        SampleBank(tmp_path / "two", pixels=f"{bucket}/other")


def test_pixels_in_another_folder_are_files_there(tmp_path: Path) -> None:
    bank = SampleBank(tmp_path / "bank", pixels=f"file://{tmp_path}/far")
    made = sample()
    bank.add(made)
    assert len(list((tmp_path / "far" / "pixels").rglob("*.safetensors"))) == 1
    assert not (tmp_path / "bank" / "pixels").exists()
    assert_same(SampleBank(tmp_path / "bank").get(made.digest), made)


def test_records_may_be_a_sqlite_file_elsewhere(tmp_path: Path) -> None:
    bank = SampleBank(tmp_path / "bank", records=f"sqlite:///{tmp_path}/far/records.sqlite")
    bank.add(sample())
    assert (tmp_path / "far" / "records.sqlite").exists()
    assert len(SampleBank(tmp_path / "bank")) == 1


def test_a_bank_that_lies_elsewhere_than_asked_is_named(tmp_path: Path) -> None:
    SampleBank(tmp_path / "bank").close()
    with pytest.raises(BankError, match=r"its pixels in that folder, not in memory://x; leave pixels= out"):
        SampleBank(tmp_path / "bank", pixels="memory://x")
    SampleBank(tmp_path / "far", pixels="memory://x").close()
    with pytest.raises(BankError, match=r"keeps its pixels in memory://x, not in memory://y"):
        SampleBank(tmp_path / "far", pixels="memory://y")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"records": f"postgres {SECRET}"}, "records is no database URL"),
        (
            {"records": f"mysql://me:{SECRET}@host/db"},
            "is a mysql URL; a bank needs PostgreSQL or SQLite",
        ),
        ({"records": "sqlite://"}, "records is SQLite without a file"),
        ({"pixels": "/data/bank"}, "pixels is '/data/bank'; write a URL"),
    ],
)
def test_places_that_are_none_are_refused(tmp_path: Path, arguments: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        SampleBank(tmp_path / "bank", **arguments)  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)
    assert not (tmp_path / "bank").exists()


def test_a_protocol_that_nobody_knows_is_named(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"nowhere://x/.* is no place that fsspec knows"):
        SampleBank(tmp_path / "bank", pixels="nowhere://x", real_pixels_may_leave=True)


def test_a_password_is_never_shown_noted_or_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = f"postgresql://me:{SECRET}@127.0.0.1:{free_port()}/bank"
    with caplog.at_level(logging.DEBUG), pytest.raises(BankUnreachableError) as caught:
        SampleBank(tmp_path / "bank", records=url, real_records_may_leave=True)
    seen = [str(caught.value), repr(caught.value), str(caught.value.__cause__), caplog.text]
    seen += [path.read_text(errors="replace") for path in (tmp_path / "bank").rglob("*") if path.is_file()]
    assert not any(SECRET in text for text in seen)
    assert "me:***@127.0.0.1" in str(caught.value)
    assert "check that the server runs" in str(caught.value)


@pytest.mark.postgres
@pytest.mark.parametrize("backend", ["postgres+files"])
def test_the_recipe_of_a_bank_opens_it_again_and_its_picture_hides_the_password(
    tmp_path: Path, arguments: dict[str, str], backend: str
) -> None:
    records = arguments["records"].replace("postgres@", f"postgres:{SECRET}@")
    bank = SampleBank(tmp_path / "bank", records=records)
    bank.add(sample())
    again = pickle.loads(pickle.dumps(bank))
    assert len(again) == 1
    assert SECRET not in repr(bank) + str(bank.info()) + (tmp_path / "bank" / "places.json").read_text()
    with pytest.raises(BankError, match=r"pass records= with the password, or .* set PGPASSWORD"):
        SampleBank(tmp_path / "bank")
    for each in (bank, again):
        each.close()
