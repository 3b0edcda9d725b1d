"""Chance comes from the request alone: the same sample every time, and another one for another draw."""

from dataclasses import replace
from itertools import combinations
from typing import Any

from medsynth_aug.synthesis import Job, SamplingSettings, Synthesizer, SyntheticSample
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.global_state import global_seed, global_state
from medsynth_aug.testing.synthesizers.asking import again, ask, difference, named, paint
from medsynth_aug.testing.synthesizers.jobs import JobMaker, given_mask, phantom_source


def a_request_gives_the_same_sample_every_time(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """The same job gives the same pixels, mask and edit region in one batch and in the next."""
    jobs = [maker.job(synthesizer), maker.job(synthesizer, mask=given_mask(), purpose="sham")]
    painted = paint(synthesizer, jobs)
    twice = again(synthesizer, [job for job, _ in painted for _ in range(2)])
    for number, (job, sample) in enumerate(painted):
        for other in twice[2 * number : 2 * number + 2]:
            _expect_same(job, sample, other, "the same job once more")


def a_sample_does_not_depend_on_its_companions(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """A job gives the same sample alone, in company, and at another place of the batch."""
    painted = paint(
        synthesizer,
        [
            maker.job(synthesizer, slot="a"),
            maker.job(synthesizer, slot="b"),
            maker.job(synthesizer, phantom_source(shape=(96, 131)), slot="c"),
        ],
    )
    for job, sample in painted:
        _expect_same(job, sample, again(synthesizer, [job])[0], "alone")
    backwards = painted[::-1]
    for (job, sample), other in zip(
        backwards, again(synthesizer, [job for job, _ in backwards]), strict=True
    ):
        _expect_same(job, sample, other, "in another order")


def another_seed_slot_or_attempt_draws_anew(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Seed, slot and attempt each decide the draw: other ones give another image."""
    draws: dict[str, dict[str, Any]] = {
        "the first draw": {},
        "another seed": {"seed": 1},
        "another slot": {"slot": "1"},
        "another attempt": {"attempt": 100},
    }
    painted = paint(synthesizer, [maker.job(synthesizer, **draw) for draw in draws.values()])
    for (one, (_, a)), (other, (_, b)) in combinations(zip(draws, painted, strict=True), 2):
        expect(bool(difference(a, b)), f"{one} and {other} give the same sample; seed chance by draw_digest")


def settings_leave_mask_and_edit_region(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Steps are no part of the draw: mask and edit region stay, so that settings can be compared."""
    (painted,) = paint(synthesizer, [maker.job(synthesizer)])
    sampling = SamplingSettings(num_inference_steps=maker.sampling.num_inference_steps + 1)
    slower = replace(painted.job, request=replace(painted.job.request, sampling=sampling))
    (result,) = ask(synthesizer, [slower])
    if isinstance(result, SyntheticSample):  # how much of a lesion survives may depend on the steps
        kept = replace(painted.sample, image=result.image)
        found = difference(kept, result)
        expect(not found, f"{named(slower)}: with one more step {found}; seed them by draw_digest")


def global_random_state_is_neither_read_nor_changed(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Python's, NumPy's and torch's shared generators stay as they are and decide nothing."""
    jobs = [maker.job(synthesizer), maker.job(synthesizer, purpose="sham", slot="sham")]
    jobs = [job for job, _ in paint(synthesizer, jobs)]
    jobs.append(maker.whole(synthesizer))
    found = []
    for seed in (1, 2):
        with global_seed(seed):
            before = global_state()
            found.append(ask(synthesizer, jobs))
            after = global_state()
            names = ("Python's random", "numpy.random", "torch", *["torch.cuda"] * (len(before) - 3))
            changed = [name for name, a, b in zip(names, before, after, strict=True) if a != b]
            expect(
                not changed,
                f"the global state of {' and '.join(changed)} changed; draw from a generator of your own, "
                "seeded by the request's draw_digest",
            )
    for job, one, other in zip(jobs, *found, strict=True):
        if isinstance(one, SyntheticSample) and isinstance(other, SyntheticSample):
            _expect_same(job, one, other, "under another global seed")
        else:
            expect(type(one) is type(other), f"{named(job)}: under another global seed one of two is refused")


def _expect_same(job: Job, one: SyntheticSample, other: SyntheticSample, when: str) -> None:
    found = difference(one, other)
    expect(not found, f"{named(job)}: {when}: {found}")
