"""The names of readers: anybody's, in any script, told apart by more than case and Unicode form."""

import unicodedata

import pytest
from sqlalchemy import insert

from medsynth_aug.bank.schema import reviewers
from medsynth_aug.errors import SettingError
from medsynth_aug.review import ReviewStore
from tests.bank.backends import FILES, POSTGRES

NAME = "Ána Müller 医"


@pytest.fixture(params=[FILES, POSTGRES])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_reader_of_any_script_is_found_by_name_and_enrolled_once(store: ReviewStore) -> None:
    store.enrol("Ben")
    ana = store.enrol(NAME)
    for written in (NAME, NAME.upper(), unicodedata.normalize("NFD", NAME), f"  {NAME}"):
        assert store.reviewer(written) == ana
        with pytest.raises(SettingError, match=f"a reviewer '{NAME}' is enrolled already"):
            store.enrol(written)


def test_readers_of_an_older_bank_whose_names_differ_in_case_are_not_confused(store: ReviewStore) -> None:
    ana = store.enrol("Ána")
    with store.bank.database.writing() as connection:
        row = {"id": "other", "name": "ÁNA", "senior": False, "enrolled_at": ana.enrolled_at}
        connection.execute(insert(reviewers).values(**row))
    assert store.reviewer("Ána") == ana and store.reviewer("ÁNA").id == "other"
    with pytest.raises(SettingError, match=r"'ána' may be .*; write the name as it was enrolled, or the id"):
        store.reviewer("ána")


@pytest.mark.parametrize("name", ["\x00", "An\x07na", "An\udcffna"])
def test_a_name_that_cannot_be_shown_is_refused(store: ReviewStore, name: str) -> None:
    with pytest.raises(SettingError, match="holds a character that cannot be shown; leave it out"):
        store.enrol(name)
    assert store.reviewers == ()
