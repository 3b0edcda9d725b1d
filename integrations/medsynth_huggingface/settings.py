"""How a corpus is published."""

import re
from dataclasses import dataclass, field

from medsynth_aug.errors import SettingError
from medsynth_huggingface.splits import SplitShares

_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishSettings:
    """How a corpus is published.

    Args:
        private: Whether only members of the organisation see it. A repository that is there and differs is
            refused: its owner changes that on the Hub.
        create_pr: Propose the revision as a pull request, which nobody's `load_dataset` sees before it is
            merged; it gets no tag.
        tag: Name of the revision, such as "v2"; the next number by default.
        note: One line for the changelog of the card, such as why a sample was withdrawn; "" for none.
        withdraw: Let more than a tenth of the published images go although no review took them back. Those
            that a review took back go without it.
        shares: Shares of the splits.
        max_shard_size: Uncompressed bytes a file, as `datasets` writes them ("200MB").

    Raises:
        SettingError: If the tag is no plain name, or the note has several lines.
    """

    private: bool = True
    create_pr: bool = False
    tag: str | None = None
    note: str = ""
    withdraw: bool = False
    shares: SplitShares = field(default_factory=SplitShares)
    max_shard_size: str = "200MB"

    def __post_init__(self) -> None:
        if self.tag is not None and not _TAG.fullmatch(self.tag):
            raise SettingError(f"tag is {self.tag!r}; use letters, digits and ._-, for example v2")
        if "\n" in self.note:
            raise SettingError("the note has several lines; the changelog takes one")
