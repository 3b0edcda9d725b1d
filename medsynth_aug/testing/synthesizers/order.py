"""One result a job, in the order of the jobs, each with the request that was asked."""

from medsynth_aug.synthesis import Synthesizer
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.synthesizers.asking import ask
from medsynth_aug.testing.synthesizers.jobs import JobMaker, given_mask, phantom_source


def results_stand_in_the_order_of_the_jobs(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """One result a job in the order of the jobs, whatever their sizes, dtypes and purposes; none for none."""
    wide = phantom_source(shape=(96, 131))
    jobs = [
        maker.job(synthesizer, slot="a"),
        maker.job(synthesizer, wide, slot="b", purpose="sham"),
        maker.whole(synthesizer, slot="c"),
        maker.job(synthesizer, mask=given_mask(), slot="d"),
        maker.job(synthesizer, wide, slot="e"),
    ]
    found = [result.request.slot for result in ask(synthesizer, jobs)]
    expect(found == list("abcde"), f"jobs of slots a, b, c, d, e gave results of {', '.join(found)}")
    expect(ask(synthesizer, []) == [], "no jobs gave results")


def requests_come_back_unchanged(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Every sample and every refusal carries the request of its job, equal in every field."""
    off_grid = given_mask((12, 12))
    jobs = [maker.job(synthesizer), maker.job(synthesizer, mask=off_grid, slot="refused")]
    for job, result in zip(jobs, ask(synthesizer, jobs), strict=True):
        expect(
            result.request == job.request,
            f"the request of a {type(result).__name__} is not the one that was asked; keep it as it is",
        )
