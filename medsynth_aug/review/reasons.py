"""Why a sample is rejected: the coded reasons, in a reader's words."""

from enum import StrEnum


class Reason(StrEnum):
    """A coded reason for a rejection; `OTHER` needs a comment."""

    ANATOMY_VIOLATED = "anatomy_violated"
    LESION_IMPLAUSIBLE = "lesion_implausible"
    WRONG_LOCATION = "wrong_location"
    WRONG_CLASS = "wrong_class"
    ARTEFACT_OR_SEAM = "artefact_or_seam"
    DUPLICATE = "duplicate"
    OTHER = "other"

    @property
    def words(self) -> str:
        """The reason as it is shown."""
        return self.value.replace("_", " ")
