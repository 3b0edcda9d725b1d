"""Each check finds the synthesizer that breaks its guarantee, and lets the package's own pass."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.errors import ConformanceError, UnknownLesionError
from medsynth_aug.synthesis import FakeSynthesizer, Refusal, Synthesizer
from medsynth_aug.testing import Check, check_synthesizer, synthesizer_checks
from tests.diffusion.conftest import write_starter_like
from tests.testing.altered import Altered, Caching, nothing, with_parts
from tests.testing.synthesizer_mutants import (
    background,
    bad_jobs,
    caller,
    chance,
    maps,
    order,
    reopening,
    telling,
    truth,
)

CHECKS = {check.name: check for check in synthesizer_checks()}
MUTANTS = [
    mutant
    for breaking in (telling, order, bad_jobs, background, truth, maps, chance, caller, reopening)
    for mutant in breaking.MUTANTS
]


@pytest.mark.parametrize(("name", "mutant", "message"), MUTANTS, ids=[name for name, _, _ in MUTANTS])
def test_a_check_finds_who_breaks_its_guarantee(name: str, mutant: Synthesizer, message: str) -> None:
    with pytest.raises(ConformanceError, match=message):
        CHECKS[name](mutant)


def test_every_check_was_seen_to_fail() -> None:
    assert {name for name, _, _ in MUTANTS} == CHECKS.keys()


@pytest.mark.parametrize("check", synthesizer_checks(), ids=str)
def test_the_fake_keeps_the_guarantees(check: Check[Synthesizer]) -> None:
    check(FakeSynthesizer())


@pytest.mark.parametrize("lesion", ["effusion", "viral_consolidation"])
def test_another_lesion_can_be_painted_for_the_checks(lesion: str) -> None:
    for check in synthesizer_checks(lesion):
        if check.name not in ("it_reopens_in_another_process", "it_writes_no_files"):
            check(FakeSynthesizer())


def test_a_cache_that_the_first_call_fills_is_no_writing() -> None:
    CHECKS["it_writes_no_files"](Caching())


@pytest.fixture(scope="module")
def tiny_engine(tmp_path_factory: pytest.TempPathFactory) -> LesionSynthesizer:
    folder = write_starter_like(tmp_path_factory.mktemp("checkpoints") / "starter_like")
    return LesionSynthesizer.from_pretrained(folder, device="cpu", batch_size=2)


@pytest.mark.parametrize("check", synthesizer_checks(), ids=str)
def test_the_real_engine_keeps_the_guarantees(
    check: Check[Synthesizer], tiny_engine: LesionSynthesizer
) -> None:
    check(tiny_engine)


@pytest.mark.slow
def test_the_starter_keeps_the_guarantees() -> None:
    check_synthesizer(LesionSynthesizer.from_pretrained("starter", device="cpu"))


def test_one_call_lists_all_that_failed() -> None:
    broken = with_parts(mask=nothing, timings=lambda job, sample: {"paint": -1.0})
    with pytest.raises(ConformanceError) as raised:
        check_synthesizer(broken)
    told = str(raised.value)
    assert told.startswith("Altered fails ") and " of 29 checks:" in told
    assert "\n- a_lesion_has_a_mask_inside_its_edit_region: A lesion has a mask" in told
    assert "timings hold {'paint': -1.0}" in told
    assert isinstance(raised.value.__cause__, ExceptionGroup)


def test_what_an_engine_raises_of_its_own_is_a_failed_check() -> None:
    def fail(job: Any) -> Any:
        raise KeyError("weights")

    with pytest.raises(ConformanceError, match="it raised KeyError: 'weights'"):
        CHECKS["the_users_mask_wins"](Altered(before=fail))


def test_an_engine_that_refuses_good_jobs_is_told_so() -> None:
    for final, message in (
        (True, "a job that nothing is wrong with is refused: no"),
        (False, "refused at 6"),
    ):
        refusing = Altered(after=lambda job, sample, final=final: Refusal(job.request, "no", final))
        with pytest.raises(ConformanceError, match=message):
            CHECKS["the_users_mask_wins"](refusing)


def test_an_unknown_lesion_is_named_before_anything_is_checked() -> None:
    with pytest.raises(UnknownLesionError, match="'nodul' is not registered"):
        synthesizer_checks("nodul")


def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from medsynth_aug.synthesis import FakeSynthesizer\n"
        "from medsynth_aug.testing import synthesizer_checks\n"
        "checks = {check.name: check for check in synthesizer_checks()}\n"
        "checks['it_reopens_in_another_process'](FakeSynthesizer())\n"
        "print('passed once')\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("passed once\n", 0), done.stderr


def test_an_engine_defined_in_the_main_script_is_told_why_it_cannot_travel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    main = sys.modules["__main__"]
    before = main.__spec__, getattr(main, "__file__", None)
    mine = type("Mine", (FakeSynthesizer,), {"__module__": "__main__"})
    monkeypatch.setattr(main, "Mine", mine, raising=False)
    with pytest.raises(ConformanceError, match=r"attribute 'Mine' .*; define it in a module"):
        CHECKS["it_reopens_in_another_process"](mine())
    assert (main.__spec__, getattr(main, "__file__", None)) == before
