"""Our engine as contenders: warm, cold, one image a call, and at stock's number of steps."""

from medsynth_aug.benchmark.cases import Case
from medsynth_aug.benchmark.contender import OURS, OURS_COLD, OURS_EQUAL_STEPS, OURS_SINGLE, Contender
from medsynth_aug.benchmark.settings import BenchmarkSettings
from medsynth_aug.benchmark.source import fresh_copy
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis import Job, Refusal, SamplingSettings, SynthesisRequest, Synthesizer


def our_contenders(synthesizer: Synthesizer, settings: BenchmarkSettings, *, dtype: str) -> list[Contender]:
    """The engine with its default sampling, and once with stock's steps.

    Args:
        synthesizer: The engine.
        settings: How many images and steps.
        dtype: Precision of the engine, for the report.
    """
    default, equal = SamplingSettings(), SamplingSettings(num_inference_steps=settings.steps)

    def contender(name: str, sampling: SamplingSettings, count: int, *, cold: bool = False) -> Contender:
        def paint(case: Case, number: int) -> None:
            _paint(synthesizer, [_job(case, synthesizer, sampling, number, i, cold) for i in range(count)])

        return Contender(
            name=name, steps=sampling.num_inference_steps, guidance_scale=sampling.guidance_scale,
            batch_size=count, dtype=dtype, scheduler=sampling.scheduler, paint=paint,
        )  # fmt: skip

    return [
        contender(OURS, default, settings.batch_size),
        contender(OURS_COLD, default, settings.batch_size, cold=True),
        contender(OURS_SINGLE, default, 1),
        contender(OURS_EQUAL_STEPS, equal, settings.batch_size),
    ]


def _job(
    case: Case, synthesizer: Synthesizer, sampling: SamplingSettings, number: int, index: int, cold: bool
) -> Job:
    """A request like no other; a cold one is for an image that was never seen, without its anatomy."""
    source = fresh_copy(case.source, 1000 * number + index) if cold else case.source
    request = SynthesisRequest(
        source=source.digest, lesion=case.lesion, engine=synthesizer.fingerprint, seed=number,
        slot=f"benchmark/{index}", sampling=sampling,
    )  # fmt: skip
    return Job(request, source, anatomy=None if cold else case.anatomy, mask=case.mask)


def _paint(synthesizer: Synthesizer, jobs: list[Job]) -> None:
    for result in synthesizer.synthesize(jobs):
        if isinstance(result, Refusal):
            raise SettingError(f"the engine refused the benchmark's lesion: {result.reason}")
