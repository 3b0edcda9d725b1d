"""What a user gives is checked before anything is done with it."""

from typing import Any

import numpy as np
import pytest
import torch

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.producer import Producer, SameLesion
from medsynth_aug.bank.producer.given import LAST_EPOCH, epoch_number, whole_number
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis import FakeSynthesizer
from tests.bank.material import radiograph, request


@pytest.mark.parametrize("given", [3, np.int64(3), np.uint8(3), torch.tensor(3)])
def test_every_whole_number_becomes_pythons_own(given: Any) -> None:
    number = whole_number("seed", given)
    assert number == 3 and type(number) is int
    assert type(SameLesion(reuse=given).reuse) is int


@pytest.mark.parametrize("given", [1.5, 2.0, "a", "3", None, True, slice(0, 2), [1], np.float32(1)])
def test_anything_else_is_refused_by_name(given: Any) -> None:
    with pytest.raises(SettingError, match=r"seed is .*; it must be a whole number"):
        whole_number("seed", given)
    with pytest.raises(SettingError, match=r"reuse is .*; it must be a whole number"):
        SameLesion(reuse=given)


@pytest.mark.parametrize("epoch", [-1, 2**31 - 1, 2**31, 2**70])
def test_an_epoch_that_readers_could_not_note_is_refused(epoch: int) -> None:
    with pytest.raises(SettingError, match=f"epoch is {epoch}; epochs count from 0 to {LAST_EPOCH}"):
        epoch_number(epoch)


def test_the_last_epoch_is_served_and_a_wrong_one_leaves_it_as_it_was(bank: SampleBank) -> None:
    source = radiograph()
    bank.put_source(source)
    planned = request(source)
    producer = Producer(FakeSynthesizer(), bank, [planned])
    try:
        producer.set_epoch(LAST_EPOCH)
        assert producer.fetch(planned, place=0) in bank
        for epoch in ("a", 1.5, 2**31):
            with pytest.raises(SettingError, match="epoch is"):
                producer.set_epoch(epoch)  # type: ignore[arg-type]
        assert producer.epoch == LAST_EPOCH
    finally:
        producer.close()


@pytest.mark.parametrize("synthesizer", ["starter", None, FakeSynthesizer])
def test_what_is_no_engine_is_told_how_to_get_one(bank: SampleBank, synthesizer: Any) -> None:
    with pytest.raises(SettingError, match=r"synthesizer is .*; pass an engine, for example LesionSynth"):
        Producer(synthesizer, bank)
