"""The user's own maps win: mask, anatomy and keep-mask; and nothing that was given is written to."""

import torch

from medsynth_aug.synthesis import Job, Synthesizer
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.synthesizers.asking import bits, differing, named, paint
from medsynth_aug.testing.synthesizers.jobs import SHAPE, JobMaker, given_mask


def the_users_mask_wins(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """A mask that the job brings is the mask of the sample, also at the border of the image."""
    corner = torch.zeros(1, *SHAPE, dtype=torch.bool)
    corner[:, :9, -12:] = True
    jobs = [maker.job(synthesizer, mask=mask) for mask in (given_mask(), corner)]
    for job, sample in paint(synthesizer, jobs):
        assert job.mask is not None
        wrong = int((sample.mask != job.mask).sum())
        expect(wrong == 0, f"{named(job)}: {wrong} pixels of the sample's mask differ from the given one")


def the_users_anatomy_is_used(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """With one lung in the anatomy of the job, the lesion lies in that lung."""
    jobs = []
    for side in (0, 1):
        for slot in range(3):
            both = maker.job(synthesizer).anatomy
            assert both is not None
            anatomy = both.clone()
            anatomy[1 - side] = False
            jobs.append(maker.job(synthesizer, anatomy=anatomy, slot=f"{side}/{slot}"))
    for job, sample in paint(synthesizer, jobs):
        assert job.anatomy is not None
        half = sample.mask.shape[2] // 2
        pixels = int(sample.mask.sum())
        there = (
            int(sample.mask[:, :, :half].sum())
            if job.anatomy[0].any()
            else int(sample.mask[:, :, half:].sum())
        )
        expect(
            2 * there > pixels,
            f"{named(job)}: {there} of {pixels} pixels of the mask lie on the side of the given lung",
        )


def the_keep_mask_is_never_painted_over(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Where the keep-mask is, there is no mask, no edit region and no changed bit."""
    mask, keep = given_mask(), torch.zeros(1, *SHAPE, dtype=torch.bool)
    keep[:, :, int(mask[0].any(0).nonzero().float().mean()) :] = True  # from the middle of the mask
    for job, sample in paint(synthesizer, [maker.job(synthesizer, mask=mask, keep_mask=keep)]):
        assert job.source is not None
        changed = int((differing(sample.image, job.source.pixels) & keep.numpy()).sum())
        expect(changed == 0, f"{named(job)}: {changed} pixels under the keep-mask changed")
        for name in ("mask", "edit_region"):
            covered = int((getattr(sample, name) & keep).sum())
            expect(covered == 0, f"{named(job)}: {covered} pixels of the {name} lie under the keep-mask")
        lost = int((sample.mask != mask & ~keep).sum())
        expect(lost == 0, f"{named(job)}: {lost} pixels beside the keep-mask are not as the mask has them")


def nothing_that_was_given_is_written_to(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Pixels and maps of the jobs, and the list of jobs, are as they were."""
    keep = torch.zeros(1, *SHAPE, dtype=torch.bool)
    keep[:, :5] = True
    jobs = [
        maker.job(synthesizer, keep_mask=keep),
        maker.job(synthesizer, mask=given_mask(), keep_mask=keep, slot="mask"),
        maker.job(synthesizer, keep_mask=keep, purpose="sham", slot="sham"),
    ]
    before = [{name: bits(map_).copy() for name, map_ in _tensors(job).items()} for job in jobs]
    given = list(jobs)
    synthesizer.synthesize(given)
    expect(
        len(given) == len(jobs) and all(a is b for a, b in zip(given, jobs)), "the list of jobs was changed"
    )
    for job, old in zip(jobs, before, strict=True):
        for name, map_ in _tensors(job).items():
            expect(bool((bits(map_) == old[name]).all()), f"{named(job)}: {name} of the job was written to")


def _tensors(job: Job) -> dict[str, torch.Tensor]:
    assert job.source is not None
    maps = {"source": job.source.pixels, "anatomy": job.anatomy, "mask": job.mask, "keep_mask": job.keep_mask}
    return {name: map_ for name, map_ in maps.items() if map_ is not None}
