"""Whole images first, then one finding after the other, for several patients at a time."""

from collections.abc import Iterable, Sequence

import torch

from medsynth_aug.anatomy import assume_spacing
from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.corpus.case import Case
from medsynth_aug.corpus.patient import Finding
from medsynth_aug.corpus.placing import Placed, place_finding
from medsynth_aug.corpus.settings import PatientSettings
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.synthesis.canvas import Canvas
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.sample import SyntheticSample
from medsynth_aug.synthesis.source import NO_SOURCE
from medsynth_aug.synthesis.synthesizer import Synthesizer
from medsynth_aug.types import to_grey


class Maker:
    """Brings cases forward together, so that their images share batches.

    Args:
        bank: Takes the images.
        synthesizer: Makes them.
        settings: How.
        sources: Gives the bank's own samples as sources.
        seed: The user's.
    """

    def __init__(
        self, bank: SampleBank, synthesizer: Synthesizer, settings: PatientSettings, sources: SourceStore,
        seed: int,
    ) -> None:  # fmt: skip
        self.bank, self.synthesizer, self.settings = bank, synthesizer, settings
        self.sources, self.seed = sources, seed

    def make(self, cases: Sequence[Case]) -> None:
        """Whole images of all cases first, then their first findings, then their second ones."""
        self._wholes(cases)
        for number in range(max((len(case.who.findings) for case in cases), default=0)):
            self._paint(
                [one for one in cases if one.problem is None and len(one.who.findings) > number], number
            )

    def _wholes(self, cases: Sequence[Case]) -> None:
        """Baseline and follow-up of a case share their draw: the same chest at another breath."""
        for attempt in range(self.settings.max_attempts):
            waiting = [case for case in cases if not case.chains]
            wanted = {
                id(case): [self._whole(case, visit, attempt) for visit in case.visits] for case in waiting
            }
            self._generate(one for requests in wanted.values() for one in requests)
            for case in waiting:
                case.problem = self._accept(case, wanted[id(case)])

    def _whole(self, case: Case, visit: int, attempt: int) -> SynthesisRequest:
        side = self.settings.side_px
        lungs = case.who.lungs.inspired(case.who.depths[visit]).fields((side, side))
        return SynthesisRequest(
            source=NO_SOURCE, lesion=None, canvas=Canvas(prompt=case.who.prompt, height=side, width=side),
            anatomy_digest=self.bank.put_map(lungs), engine=self.synthesizer.fingerprint, seed=self.seed,
            slot=f"patient/{case.who.id}", purpose="patient", attempt=attempt, sampling=self.settings.whole,
        )  # fmt: skip

    def _accept(self, case: Case, requests: Sequence[SynthesisRequest]) -> str | None:
        """Take the whole images of a case, or say why not."""
        for request in requests:
            if request.digest not in self.bank:
                return self._reason(request)
            dice = self._lung_dice(request)
            if dice < self.settings.least_lung_dice:
                return f"the lungs of the image overlap those asked for by {dice:.2f}, too little"
        case.chains = [[request.digest] for request in requests]
        case.anatomies = [str(request.anatomy_digest) for request in requests]
        case.scene = self._scene(self.bank.get(requests[0].digest), case.anatomies[0])
        case.keeps = [case.scene.keep for _ in case.visits]
        return None

    def _lung_dice(self, request: SynthesisRequest) -> float:
        if self.settings.least_lung_dice == 0:
            return 1.0
        found = self.synthesizer.segment(self.sources.get(f"sample:{request.digest}"))
        asked = self.bank.map(str(request.anatomy_digest))
        if not bool(found.any()):
            return 1.0 if not bool(asked.any()) else 0.0
        return float(2 * (found & asked).sum() / (found.sum() + asked.sum()))

    def _scene(self, sample: SyntheticSample, anatomy_digest: str) -> Scene:
        lungs = self.bank.map(anatomy_digest)
        return Scene(
            grey=to_grey(sample.image, sample.value_range),
            right_lung=lungs[0].numpy(),
            left_lung=lungs[1].numpy(),
            spacing=assume_spacing(lungs),
            keep=torch.zeros_like(lungs[0]).numpy(),
        )

    def _paint(self, cases: Sequence[Case], number: int) -> None:
        """Paint one finding into all images of each case; a refused one is placed anew in all of them."""
        waiting = list(cases)
        for attempt in range(self.settings.max_attempts):
            asked: list[tuple[Case, Placed, list[SynthesisRequest]]] = []
            for case in waiting:
                placed = self._place(case, number, attempt)
                case.problem = None if placed else self._no_place(case, number)
                if placed:
                    requests = [self._request(case, placed, visit, number, attempt) for visit in case.visits]
                    asked.append((case, placed, requests))
            self._generate(one for _, _, requests in asked for one in requests)
            for case, placed, requests in asked:
                case.problem = self._note(case, placed, requests, number)
            waiting = [case for case in waiting if case.problem is not None]

    def _place(self, case: Case, number: int, attempt: int) -> Placed | None:
        assert case.scene is not None
        drawn = case.who.findings[number]
        chance = f"{case.who.id}/{number}/{attempt}"
        lesion = resolve_lesion(drawn.lesion)
        return place_finding(drawn, lesion, case.scene, case.who.depths, case.keeps, chance)

    def _request(self, case: Case, placed: Placed, visit: int, number: int, attempt: int) -> SynthesisRequest:
        mask = torch.from_numpy(placed.masks[visit])[None]
        lesion = resolve_lesion(case.who.findings[number].lesion)
        return SynthesisRequest(
            source=f"sample:{case.chains[visit][-1]}", lesion=lesion,
            mask_digest=self.bank.put_map(mask), anatomy_digest=case.anatomies[visit],
            engine=self.synthesizer.fingerprint, seed=self.seed, slot=f"patient/{case.who.id}/{number}",
            purpose="patient", attempt=attempt, sampling=self.settings.lesion,
        )  # fmt: skip

    def _note(
        self, case: Case, placed: Placed, requests: Sequence[SynthesisRequest], number: int
    ) -> str | None:
        """Add what was painted to the case, or say why it was not."""
        for request in requests:
            if request.digest not in self.bank:
                return self._reason(request)
        drawn = case.who.findings[number]
        for visit, request in enumerate(requests):
            box = self.bank.get(request.digest).box
            assert box is not None
            case.chains[visit].append(request.digest)
            case.findings.append(
                Finding(
                    lesion=drawn.lesion, side=placed.side, severity=drawn.severities[visit],
                    size_mm=placed.sizes_mm[visit], box=box, sample=request.digest, visit=visit,
                )
            )  # fmt: skip
        case.keeps = [keep | mask for keep, mask in zip(case.keeps, placed.masks, strict=True)]
        return None

    def _generate(self, requests: Iterable[SynthesisRequest]) -> None:
        generate(
            list(requests), self.synthesizer, self.bank, self.sources, batch_size=self.settings.batch_size,
            max_attempts=1, progress=False, noted=False,
        )  # fmt: skip

    def _reason(self, request: SynthesisRequest) -> str:
        refusal = self.bank.refusal(request.digest)
        return refusal.reason if refusal is not None else f"{request.digest} was not made"

    def _no_place(self, case: Case, number: int) -> str:
        drawn = case.who.findings[number]
        return f"no place for {drawn.lesion} on the {drawn.side} side was found in these lungs"
