"""A dry run leaves a whole folder or none."""

from dataclasses import replace
from pathlib import Path

import pytest

from medsynth_aug.errors import PublishError
from medsynth_huggingface import Corpus, push_virtual_patients
from tests.huggingface.material import OpenGate


def test_a_dry_run_that_is_refused_leaves_nothing_so_that_its_name_is_free(
    few: Corpus, tmp_path: Path
) -> None:
    told = replace(few, recipe={"data": "/home/anna/films/0001.png"})
    with pytest.raises(PublishError, match=r"README\.md would publish a local path"):
        push_virtual_patients(told, "lab/look", gate=OpenGate(), dry_run=tmp_path / "look")
    assert not list(tmp_path.iterdir())
    report = push_virtual_patients(few, "lab/look", gate=OpenGate(), dry_run=tmp_path / "look")
    assert [one.name for one in tmp_path.iterdir()] == ["look"]
    assert all((tmp_path / "look" / one).is_file() for one in report.files)
