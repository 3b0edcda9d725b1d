"""Make virtual patients: drawn, synthesised in batches, stored one by one; a second run goes on."""

import time
from itertools import islice

from tqdm.auto import tqdm

from medsynth_aug.bank import SampleBank, SourceStore
from medsynth_aug.bank.runs import LateRun
from medsynth_aug.corpus.case import Case
from medsynth_aug.corpus.drawing import draw_patient
from medsynth_aug.corpus.maker import Maker
from medsynth_aug.corpus.patient import VirtualPatient
from medsynth_aug.corpus.population import Population
from medsynth_aug.corpus.settings import LeftOut, PatientReport, PatientSettings
from medsynth_aug.corpus.store import PatientStore
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.digest import digest_json
from medsynth_aug.synthesis.synthesizer import Synthesizer


def make_patients(
    bank: SampleBank,
    synthesizer: Synthesizer,
    population: Population,
    count: int,
    *,
    seed: int = 0,
    first: int = 0,
    settings: PatientSettings | None = None,
    sources: SourceStore | None = None,
    progress: bool = True,
) -> PatientReport:
    """Make patients `first` to `first + count - 1` of a seed; those that the bank holds are not made again.

    Args:
        bank: Takes images and records; a patient's record is stored as soon as its images are.
        synthesizer: Makes the images.
        population: What the patients are drawn from.
        count: How many, at least 1.
        seed: Decides everything, with the population and the patient's number.
        first: Number of the first one.
        settings: How they are made.
        sources: Gives the bank's own samples as sources; no real one is ever asked for.
        progress: Show a progress bar on standard error.

    Raises:
        SettingError: If a value is out of its range.
        BankError: If the bank cannot be read or written; what was stored before stays.
    """
    if count < 1 or first < 0:
        raise SettingError(
            f"count is {count} and first is {first}; make at least 1 patient, from number 0 on"
        )
    began, store = time.perf_counter(), PatientStore(bank)
    maker = Maker(bank, synthesizer, settings or PatientSettings(), sources or SourceStore(bank), seed)
    by = {"engine": synthesizer.fingerprint, "settings": maker.settings.digest}
    origin = {"population": population.digest, "seed": seed, **by}
    numbers, made = iter(range(first, first + count)), 0
    left_out, kept = list[LeftOut](), list[VirtualPatient]()
    with (
        tqdm(total=count, desc="Virtual patients", unit="patient", disable=not progress) as bar,
        LateRun(bank, kind="patients", total=count) as run,
    ):
        while chunk := list(islice(numbers, maker.settings.batch_size)):
            drawn = [
                draw_patient(population, seed=seed, number=number, made_by=digest_json(by))
                for number in chunk
            ]
            cases = [Case(one) for one in drawn if one.id not in store]
            if cases:
                run.begin()
            maker.make(cases)
            for case in cases:
                if case.problem is None:
                    store.add(case.record(origin))
                    made += 1
                else:
                    left_out.append(LeftOut(number=case.who.number, id=case.who.id, reason=case.problem))
            kept += [store.get(one.id) for one in drawn if one.id in store]
            bar.update(len(chunk))
            run.advance(len(chunk))
    return PatientReport(
        patients=tuple(kept), made=made, left_out=tuple(left_out), seconds=time.perf_counter() - began
    )
