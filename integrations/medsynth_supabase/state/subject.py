"""What events of a bank are about, and what is known of each of them."""

from dataclasses import dataclass

SAMPLE, PATIENT, VERDICT, REVOCATION, RUN = "sample", "patient", "verdict", "revocation", "run"
"""Kinds of subjects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of one subject of the bank's events.

    Args:
        kind: `"sample"`, `"patient"`, `"verdict"`, `"revocation"` or `"run"`.
        subject: Digest or id.
        event: Number of the last event on it.
        delivered: Number of the last event that is delivered; 0 if none is.
        told: What the project was told last, such as `"approved"`; None if nothing.
        told_event: Number under which it was told; 0 if nothing was.
        pixels: SHA-256 of the stored pixels that were told, or None.
        objects_event: Number under which the pixels were sent; 0 if they are not there.
        sha256: Of the image's PNG as it was sent, or None.
        unsure: Whether it is not known if what was told last arrived.
        answer: What the project answered.
        patient: Id of the virtual patient whom it shows, or None.
        problem: Why it is set aside, or None.
        tries: How often it failed since it was last delivered.
    """

    kind: str
    subject: str
    event: int
    delivered: int = 0
    told: str | None = None
    told_event: int = 0
    pixels: str | None = None
    objects_event: int = 0
    sha256: str | None = None
    unsure: bool = False
    answer: str | None = None
    patient: str | None = None
    problem: str | None = None
    tries: int = 0
