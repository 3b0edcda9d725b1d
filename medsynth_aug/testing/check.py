"""A check: one guarantee as a function, to be called on anyone's implementation of a seam."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from medsynth_aug.errors import ConformanceError

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Check(Generic[Subject]):
    """One guarantee; call it with what shall keep it, print it for its name.

    Args:
        name: Short name in snake case; the id of the test.
        guarantee: What is checked, in a sentence.
        run: Raises if the guarantee is broken.
    """

    name: str
    guarantee: str
    run: Callable[[Subject], None]

    def __call__(self, subject: Subject) -> None:
        """Check the subject.

        Raises:
            ConformanceError: If the guarantee is broken, or the subject raises something of its own.
        """
        try:
            self.run(subject)
        except ConformanceError:
            raise
        except Exception as problem:
            raise ConformanceError(f"it raised {type(problem).__name__}: {problem}") from problem

    def __str__(self) -> str:
        return self.name


def guarantee_of(function: Callable[..., None]) -> str:
    """The first line of a check's docstring."""
    return (function.__doc__ or "").strip().splitlines()[0]


def expect(holds: bool, message: str) -> None:
    """Go on if it holds.

    Raises:
        ConformanceError: With that message, if it does not.
    """
    if not holds:
        raise ConformanceError(message)


def run_all(checks: Iterable[Check[Subject]], subject: Subject, name: str) -> None:
    """Run every check, whatever the others found.

    Args:
        checks: What is checked.
        subject: What shall keep the guarantees.
        name: How the message calls it.

    Raises:
        ConformanceError: If any failed; it lists them all, and its cause is the group of them.
    """
    failed: list[tuple[Check[Subject], ConformanceError]] = []
    count = 0
    for check in checks:
        count += 1
        try:
            check(subject)
        except ConformanceError as problem:
            failed.append((check, problem))
    if failed:
        lines = [f"- {check.name}: {check.guarantee}\n  {problem}" for check, problem in failed]
        told = "\n".join([f"{name} fails {len(failed)} of {count} checks:", *lines])
        raise ConformanceError(told) from ExceptionGroup("failed checks", [one for _, one in failed])
