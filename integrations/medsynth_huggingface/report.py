"""What was published, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReport:
    """What was published, or would be.

    Args:
        repo_id: Organisation and name.
        files: Paths of what was sent, or would be.
        images: Number of images.
        tag: Name of the revision; "" for a pull request.
        commit: Its commit; "" where nothing was sent.
        changed: False if the Hub had all of it already.
        left_out: Digest and reason of each image that the gate refused.
        added: Number of images that the revision before had not.
        withdrawn: Ids of images that the revision before had.
        pull_request: Address of the pull request, or "".
        repaired: True if the card had to be put right after the push.
        unread: Why a dry run could not read what is published, and shows a first revision; "" if it could.
    """

    repo_id: str
    files: tuple[str, ...]
    images: int
    tag: str = ""
    commit: str = ""
    changed: bool = True
    left_out: tuple[tuple[str, str], ...] = ()
    added: int = 0
    withdrawn: tuple[str, ...] = ()
    pull_request: str = ""
    repaired: bool = False
    unread: str = ""
