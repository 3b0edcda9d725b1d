"""Synthesizers that leave the process otherwise than they found it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tests.testing.altered import Mutant, with_request


def after(change: Callable[[], Any]) -> Any:
    """Changes something for the whole process whenever it paints."""

    def seed(job: Any) -> int:
        change()
        return int(job.request.seed)

    return with_request(seed=seed)


def benchmarks() -> None:
    torch.backends.cudnn.benchmark = True


CHANGES: list[tuple[Callable[[], Any], str]] = [
    (lambda: torch.set_grad_enabled(False), r"torch.set_grad_enabled \(True before, False after\)"),
    (lambda: torch.set_grad_enabled(True), r"torch.set_grad_enabled \(False before, True after\)"),
    (lambda: torch.set_num_threads(1), r"torch.set_num_threads \(2 before, 1 after\)"),
    (lambda: torch.set_num_threads(2), r"torch.set_num_threads \(3 before, 2 after\)"),
    (
        lambda: torch.set_default_dtype(torch.float64),
        r"set_default_dtype \(torch.float32 before, torch.float64",
    ),
    (lambda: torch.use_deterministic_algorithms(True), "torch.use_deterministic_algorithms .* set it back"),
    (benchmarks, r"torch.backends.cudnn.benchmark \(False before, True after\)"),
    (lambda: np.seterr(all="ignore"), "numpy.seterr .*'divide': 'warn'.* before"),
]

MUTANTS: list[Mutant] = [
    ("settings_of_the_process_stay_as_the_caller_has_them", after(change), message)
    for change, message in CHANGES
]
