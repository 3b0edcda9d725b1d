"""Tables in plain text, columns side by side."""

from collections.abc import Sequence


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table, two spaces between columns."""
    every = [head, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in every]
