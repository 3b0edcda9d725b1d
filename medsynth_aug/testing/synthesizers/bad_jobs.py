"""A bad job is refused with a reason; it raises nothing and never harms its companions."""

from dataclasses import replace
from typing import Any

import torch

from medsynth_aug.errors import ConformanceError
from medsynth_aug.lesions import Prior
from medsynth_aug.synthesis import Job, Refusal, SourceImage, Synthesizer
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.synthesizers.asking import ask, difference, paint
from medsynth_aug.testing.synthesizers.jobs import SHAPE, JobMaker, given_mask, phantom_source


def bad_jobs_are_refused_with_a_reason(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """A job with unusable pixels or maps raises nothing and is refused with a reason."""
    for name, job in _bad_jobs(synthesizer, maker).items():
        try:
            (result,) = ask(synthesizer, [job])
        except ConformanceError:
            raise
        except Exception as problem:
            raise ConformanceError(
                f"{name}: {type(problem).__name__} was raised ({problem}); give a Refusal instead"
            ) from problem
        if not isinstance(result, Refusal):
            raise ConformanceError(f"{name}: a sample was made; give a Refusal instead")
        expect(
            isinstance(result.reason, str) and bool(result.reason.strip()),
            f"{name}: the refusal has no reason; say what is wrong and what to do",
        )
        expect(isinstance(result.final, bool), f"{name}: final is {result.final!r}; it is True or False")


def bad_jobs_do_no_harm_to_their_companions(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Good jobs beside bad ones give the samples that they give alone."""
    jobs = [maker.job(synthesizer, slot="good"), maker.job(synthesizer, slot="good too", purpose="sham")]
    (first, alone), (second, other_alone) = paint(synthesizer, jobs)
    bad = list(_bad_jobs(synthesizer, maker).values())
    try:
        results = ask(synthesizer, [*bad[:4], first, *bad[4:], second])
    except ConformanceError:
        raise
    except Exception as problem:
        raise ConformanceError(
            f"a batch with bad jobs in it raised {type(problem).__name__}: {problem}"
        ) from problem
    for before, now in ((alone, results[4]), (other_alone, results[-1])):
        if isinstance(now, Refusal):
            raise ConformanceError(f"a good job beside bad ones is refused: {now.reason}")
        found = difference(before, now)
        expect(not found, f"a good job beside bad ones gives another sample: {found}")


def _bad_jobs(synthesizer: Synthesizer, maker: JobMaker) -> dict[str, Job]:
    source = phantom_source(torch.float32, channels=3, value_range=(0.0, 1.0))
    nan, colour = source.pixels.clone(), source.pixels.clone()
    nan[:, 40, 40] = float("nan")
    colour[1] = 1 - colour[1]
    off_grid = given_mask((24, 24))
    unknown = replace(maker.lesion, shape=Prior("a prior that nobody has registered", 1))
    shape = maker.lesion.shape
    misspelt = replace(
        maker.lesion, shape=replace(shape, parameters={**shape.parameters, "no such parameter": 1})
    )
    maps: dict[str, dict[str, Any]] = {
        "mask off the grid": {"mask": off_grid},
        "mask without a pixel": {"mask": torch.zeros(1, *SHAPE, dtype=torch.bool)},
        "mask of floats": {"mask": given_mask().float()},
        "anatomy off the grid": {"anatomy": off_grid.expand(2, -1, -1)},
        "anatomy of one plane": {"anatomy": given_mask()},
        "keep-mask off the grid": {"keep_mask": off_grid},
        "keep-mask over everything": {"keep_mask": torch.ones(1, *SHAPE, dtype=torch.bool)},
        "lesion with an unknown prior": {"lesion": unknown},
        "lesion with a misspelt parameter": {"lesion": misspelt},
    }
    jobs = {name: maker.job(synthesizer, slot=name, **given) for name, given in maps.items()}
    for name, pixels in {
        "NaN in the image": nan,
        "values outside the value range": source.pixels * 3,
        "channels that differ": colour,
        "an image of int64": source.pixels.to(torch.int64),
    }.items():
        jobs[name] = maker.job(synthesizer, _spoilt(source, pixels), slot=name)
    jobs["whole image without anatomy"] = replace(maker.whole(synthesizer), anatomy=None)
    return jobs


def _spoilt(source: SourceImage, pixels: torch.Tensor) -> SourceImage:
    """A source whose pixels went bad after it was made."""
    return replace(source, pixels=pixels)
