"""What a bank promises of refusals, on every backend: the first one counts, and a sample more."""

from dataclasses import replace

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.synthesis import Refusal
from tests.bank.backends import BACKENDS
from tests.bank.material import happened, radiograph, request, sample


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_refusal_comes_back_equal_and_only_the_first_one_counts(bank: SampleBank) -> None:
    refusal = Refusal(request(radiograph()), "no place; choose another source", final=True)
    bank.refuse(refusal)
    bank.refuse(replace(refusal, reason="another"))
    assert bank.refusal(refusal.request.digest) == refusal
    assert bank.refusal("0" * 64) is None
    assert happened(bank) == [("refusal", refusal.request.digest)]
    assert len(bank) == 0


def test_a_sample_outweighs_a_refusal(bank: SampleBank) -> None:
    made = sample()
    bank.refuse(Refusal(made.request, "no place"))
    bank.add(made)
    bank.refuse(Refusal(made.request, "no place"))
    assert bank.refusal(made.digest) is None
    assert bank.resolve(made.request) == made.digest


def test_resolve_follows_refusals_to_the_attempt_that_was_made(bank: SampleBank) -> None:
    second = sample(attempt=1)
    first = replace(second.request, attempt=0)
    bank.add(second)
    assert bank.resolve(first) is None
    bank.refuse(Refusal(first, "no place"))
    assert bank.resolve(first) == second.digest
    assert bank.resolve(first, max_attempts=1) is None


def test_resolve_stops_at_a_final_refusal(bank: SampleBank) -> None:
    second = sample(attempt=1)
    bank.add(second)
    bank.refuse(Refusal(replace(second.request, attempt=0), "mask is empty", final=True))
    assert bank.resolve(replace(second.request, attempt=0)) is None
