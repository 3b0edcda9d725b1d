"""From requests to a filled bank: resume, batches, anatomy once, refusals and the next attempts."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.errors import GridError, SettingError, SourceNotFoundError
from medsynth_aug.synthesis import (
    DenoisingStep,
    FakeSynthesizer,
    Job,
    Refusal,
    SourceImage,
    SynthesisRequest,
    SyntheticSample,
)
from medsynth_aug.synthesis.synthesizer import OnStep
from tests.bank.material import assert_same, radiograph, request, rows, whole_request

SOURCES = [radiograph(number) for number in range(3)]
FAKE = FakeSynthesizer()


class Recorder:
    """A synthesizer that notes what it is asked, and refuses attempts below `willing_from`."""

    def __init__(self, *, willing_from: int = 0, final: bool = False, blind: bool = False) -> None:
        self.willing_from, self.final, self.blind = willing_from, final, blind
        self.batches: list[list[Job]] = []
        self.segmented: list[str] = []

    @property
    def fingerprint(self) -> str:
        return FAKE.fingerprint

    def segment(self, source: SourceImage) -> torch.Tensor:
        if self.blind:
            raise GridError("no lungs are seen; pass an anatomy")
        self.segmented.append(source.digest)
        return FAKE.segment(source)

    def synthesize(
        self, jobs: Sequence[Job], on_step: OnStep | None = None
    ) -> list[SyntheticSample | Refusal]:
        self.batches.append(list(jobs))
        return [
            Refusal(job.request, "not willing", self.final)
            if job.request.attempt < self.willing_from
            else FAKE.synthesize([job], on_step)[0]
            for job in jobs
        ]


def store(bank: SampleBank) -> SourceStore:
    return SourceStore(bank, {source.digest: lambda source=source: source for source in SOURCES})


def plan(each: int = 3) -> list[SynthesisRequest]:
    return [request(source, f"{slot}") for slot in range(each) for source in SOURCES]


def test_every_request_is_made_once_and_stored(bank: SampleBank) -> None:
    wanted = plan()
    report = generate([*wanted, *wanted[:2]], FAKE, bank, store(bank), progress=False)
    assert (report.wanted, report.reused, report.made, report.refused) == (9, 0, 9, ())
    assert bank.digests() == sorted(each.digest for each in wanted)
    assert report.seconds > 0


def test_what_is_stored_is_what_the_synthesizer_makes(bank: SampleBank) -> None:
    asked = request(SOURCES[0])
    generate([asked], FAKE, bank, store(bank), progress=False)
    (made,) = FAKE.synthesize([Job(asked, SOURCES[0], anatomy=FAKE.segment(SOURCES[0]))])
    assert isinstance(made, SyntheticSample)
    assert_same(bank.get(asked.digest), replace(made, timings=bank.get(asked.digest).timings))


def test_a_second_run_goes_on_where_the_first_one_stopped(bank: SampleBank) -> None:
    generate(plan(1), FAKE, bank, store(bank), progress=False)
    watched = Recorder()
    report = generate(plan(3), watched, bank, store(bank), progress=False)
    assert (report.wanted, report.reused, report.made) == (9, 3, 6)
    assert sum(map(len, watched.batches)) == 6
    again = generate(plan(3), watched, bank, store(bank), progress=False)
    assert (again.reused, again.made) == (9, 0)
    assert sum(map(len, watched.batches)) == 6


def test_batches_are_full_and_bring_one_source_together(bank: SampleBank) -> None:
    watched = Recorder()
    generate(plan(3), watched, bank, store(bank), batch_size=4, progress=False)
    assert [len(batch) for batch in watched.batches] == [4, 4, 1]
    order = [job.request.source for batch in watched.batches for job in batch]
    assert order == sorted(order)


def test_anatomy_is_found_once_a_source_even_over_runs(bank: SampleBank) -> None:
    watched = Recorder()
    generate(plan(2), watched, bank, store(bank), batch_size=2, progress=False)
    generate(plan(3), watched, bank, store(bank), batch_size=2, progress=False)
    assert sorted(watched.segmented) == sorted(source.digest for source in SOURCES)
    found = bank.anatomy(SOURCES[0].digest, watched.fingerprint)
    assert found is not None
    assert torch.equal(found, FAKE.segment(SOURCES[0]))


def test_the_users_own_anatomy_mask_and_keep_mask_reach_the_synthesizer(bank: SampleBank) -> None:
    shape = (SOURCES[0].pixels.shape[1], SOURCES[0].pixels.shape[2])
    lungs = schematic_lungs(shape).roll(1, dims=1)
    mask, keep = torch.zeros(2, 1, *shape, dtype=torch.bool)
    mask[0, 40:50, 25:35] = True
    keep[0, :5] = True
    names = ("anatomy_digest", "mask_digest", "keep_mask_digest")
    given = {name: bank.put_map(map_) for name, map_ in zip(names, (lungs, mask, keep), strict=True)}
    watched = Recorder()
    asked = request(SOURCES[0], **given)
    assert generate([asked], watched, bank, store(bank), progress=False).made == 1
    ((job,),) = watched.batches
    assert watched.segmented == []
    for found, expected in ((job.anatomy, lungs), (job.mask, mask), (job.keep_mask, keep)):
        assert found is not None
        assert torch.equal(found, expected)
    assert torch.equal(bank.get(asked.digest).mask, mask)


def test_a_refused_request_is_tried_anew_and_found_by_its_first_attempt(bank: SampleBank) -> None:
    asked = request(SOURCES[0])
    report = generate([asked], Recorder(willing_from=2), bank, store(bank), progress=False)
    third = replace(asked, attempt=2)
    assert (report.made, report.refused) == (1, ())
    assert bank.digests() == [third.digest]
    assert bank.resolve(asked) == third.digest
    assert bank.refusal(replace(asked, attempt=1).digest) is not None


def test_a_request_is_given_up_after_its_attempts_and_not_tried_in_the_next_run(bank: SampleBank) -> None:
    unwilling = Recorder(willing_from=9)
    report = generate([request(SOURCES[0])], unwilling, bank, store(bank), max_attempts=3, progress=False)
    assert (report.made, len(report.refused), len(unwilling.batches)) == (0, 1, 3)
    assert report.refused[0].request.attempt == 2
    again = generate([request(SOURCES[0])], unwilling, bank, store(bank), max_attempts=3, progress=False)
    assert (again.refused, len(unwilling.batches)) == (report.refused, 3)


def test_more_attempts_go_on_after_the_last_refusal(bank: SampleBank) -> None:
    asked = request(SOURCES[0])
    unwilling = Recorder(willing_from=2)
    generate([asked], unwilling, bank, store(bank), max_attempts=2, progress=False)
    report = generate([asked], unwilling, bank, store(bank), max_attempts=3, progress=False)
    assert (report.made, len(unwilling.batches)) == (1, 3)


def test_a_final_refusal_is_not_tried_again(bank: SampleBank) -> None:
    unwilling = Recorder(willing_from=9, final=True)
    report = generate([request(SOURCES[0])], unwilling, bank, store(bank), progress=False)
    assert (len(report.refused), len(unwilling.batches)) == (1, 1)


def test_an_image_without_lungs_is_refused_three_times_with_the_reason(bank: SampleBank) -> None:
    shape = SOURCES[0].pixels.shape[1:]
    nowhere = bank.put_map(torch.zeros(2, *shape, dtype=torch.bool))
    asked = request(SOURCES[0], anatomy_digest=nowhere)
    report = generate([asked, request(SOURCES[1])], FAKE, bank, store(bank), progress=False)
    assert (report.made, len(report.refused)) == (1, 1)
    assert rows(bank, "SELECT count(*) FROM refusals WHERE reason != ''") == [(3,)]


def test_a_source_in_which_no_anatomy_is_found_is_a_refusal_and_the_rest_is_made(bank: SampleBank) -> None:
    lungs = bank.put_map(FAKE.segment(SOURCES[1]))
    wanted = [request(SOURCES[0]), request(SOURCES[1], anatomy_digest=lungs)]
    report = generate(wanted, Recorder(blind=True), bank, store(bank), progress=False)
    assert report.made == 1
    assert [refusal.reason for refusal in report.refused] == ["no lungs are seen; pass an anatomy"]


def test_a_batch_is_stored_before_the_next_one_is_made(bank: SampleBank) -> None:
    class Dies(Recorder):
        def synthesize(
            self, jobs: Sequence[Job], on_step: OnStep | None = None
        ) -> list[SyntheticSample | Refusal]:
            if self.batches:
                raise KeyboardInterrupt
            return super().synthesize(jobs, on_step)

    with pytest.raises(KeyboardInterrupt):
        generate(plan(3), Dies(), bank, store(bank), batch_size=4, progress=False)
    assert len(bank) == 4


def test_a_sample_is_painted_into_a_sample(bank: SampleBank) -> None:
    first = request(SOURCES[0])
    generate([first], FAKE, bank, store(bank), progress=False)
    second = replace(first, source=f"sample:{first.digest}", slot="second")
    assert generate([second], FAKE, bank, store(bank), progress=False).made == 1
    made, outside = bank.get(second.digest), ~bank.get(second.digest).edit_region
    assert torch.equal(made.image[outside], bank.get(first.digest).image[outside])


def test_denoising_steps_are_passed_on(bank: SampleBank) -> None:
    steps: list[DenoisingStep] = []
    generate(plan(1), FAKE, bank, store(bank), batch_size=2, progress=False, on_step=steps.append)
    assert [len(step.digests) for step in steps] == [2, 1]


def test_progress_is_shown_and_can_be_turned_off(
    bank: SampleBank, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(plan(1), FAKE, bank, store(bank), progress=False)
    assert capsys.readouterr().err == ""
    generate(plan(2), FAKE, bank, store(bank))
    assert "6/6" in capsys.readouterr().err


def test_requests_for_another_engine_are_refused_before_anything_is_made(bank: SampleBank) -> None:
    wanted = [*plan(1), request(SOURCES[0], engine="f" * 64)]
    with pytest.raises(SettingError, match=r"planned for engine f{12}, this synthesizer is .*plan again"):
        generate(wanted, FAKE, bank, store(bank), progress=False)
    assert len(bank) == 0


def test_a_source_that_is_not_found_is_named(bank: SampleBank) -> None:
    with pytest.raises(SourceNotFoundError, match=SOURCES[0].digest):
        generate(plan(1), FAKE, bank, SourceStore(bank), progress=False)


@pytest.mark.parametrize("setting", ["batch_size", "max_attempts"])
def test_numbers_below_one_are_refused(bank: SampleBank, setting: str) -> None:
    with pytest.raises(SettingError, match=f"{setting} is 0; it must be at least 1"):
        generate(plan(1), FAKE, bank, store(bank), **{setting: 0})


def test_a_patient_of_whole_image_and_lesion_is_made_without_reading_anything_real(bank: SampleBank) -> None:
    def real(digest: str) -> SourceImage:
        raise AssertionError(f"{digest} was read")

    sources = SourceStore(bank, real)
    whole = whole_request(bank)
    lesion = replace(
        request(radiograph(), "patient/0/nodule"), source=f"sample:{whole.digest}", purpose="patient"
    )
    generate([whole], FAKE, bank, sources, progress=False)
    report = generate([whole, lesion], FAKE, bank, sources, progress=False)
    assert (report.made, report.reused) == (1, 1)
    assert dict(rows(bank, "SELECT lesion, virtual FROM samples")) == {"none": 1, "nodule": 1}
    assert bank.get(whole.digest).request == whole
