"""Synthesizers that do not come through to another process, or leave something on the disk there."""

from tests.testing.altered import (
    Altered,
    Broken,
    Deadly,
    Forgetful,
    Heavy,
    Mutant,
    OfThisProcess,
    Scribbling,
    Tidying,
)

MUTANTS: list[Mutant] = [
    ("it_pickles_as_a_recipe", Altered(), "it does not pickle .* give it a __reduce__"),
    ("it_pickles_as_a_recipe", Heavy(), "it pickles to 2.0 MiB; give it a __reduce__"),
    ("it_reopens_in_another_process", OfThisProcess(), "in another process its fingerprint is"),
    ("it_reopens_in_another_process", Forgetful(7), "the same request gives other pixels"),
    ("it_reopens_in_another_process", Broken(), "RuntimeError: the weights are not there"),
    ("it_reopens_in_another_process", Deadly(), "the process ended without an answer"),
    (
        "it_writes_no_files",
        Scribbling(),
        r"painting wrote to .*notes-\S+; give everything back in the sample",
    ),
    ("it_writes_no_files", Tidying(), r"painting wrote to \S+folder-"),
]
