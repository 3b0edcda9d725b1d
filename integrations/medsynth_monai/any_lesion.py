"""Which lesion an image gets in which epoch when a bank is drawn from: seed, epoch and image decide."""

from dataclasses import dataclass, replace

from medsynth_aug.bank.producer.given import whole_number
from medsynth_aug.synthesis import SynthesisRequest
from medsynth_aug.synthesis.digest import digest_json
from medsynth_monai.choice import LesionChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyLesion:
    """Every draw of a source is of a lesion of its own, so that any process can tell what will be needed.

    Args:
        choice: The lesions, and how often each is painted.
        reuse: For how many epochs a draw serves, at least 1.

    Raises:
        SettingError: If `reuse` is no whole number, or below 1.
    """

    choice: LesionChoice
    reuse: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "reuse", whole_number("reuse", self.reuse, least=1))

    def number(self, place: int, epoch: int) -> int:
        """Number of the draw that is served in an epoch, the same for all places."""
        return epoch // self.reuse

    def request(self, planned: SynthesisRequest, number: int) -> SynthesisRequest:
        """The request of a source for one of its draws; the planned one's lesion does not matter."""
        chance = digest_json({"seed": planned.seed, "draw": number, "source": planned.source})
        key = self.choice.pick(int(chance[:13], 16) / 16**13)
        return replace(planned, lesion=self.choice.lesions[key], slot=f"monai/{number}/{planned.source}")
