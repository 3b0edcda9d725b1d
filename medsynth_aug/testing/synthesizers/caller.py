"""Who calls an engine, a training loop for example, finds the process as it was before."""

from medsynth_aug.synthesis import Synthesizer
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.process_settings import settings_changed, settings_of_a_caller
from medsynth_aug.testing.synthesizers.asking import ask
from medsynth_aug.testing.synthesizers.jobs import JobMaker, phantom_source


def settings_of_the_process_stay_as_the_caller_has_them(synthesizer: Synthesizer, maker: JobMaker) -> None:
    """Gradients, threads, default dtype, determinism and NumPy's errors stay as the caller has them."""
    jobs = [
        maker.job(synthesizer),
        maker.job(synthesizer, purpose="sham", slot="sham"),
        maker.whole(synthesizer),
    ]
    for number in (0, 1):
        with settings_of_a_caller(number):
            synthesizer.segment(phantom_source())
            ask(synthesizer, jobs)
            changed = settings_changed(number)
        expect(
            not changed,
            f"it changed {', '.join(changed)} for the whole process, the caller's training loop included; "
            "set it inside a with block, or set it back before returning",
        )
