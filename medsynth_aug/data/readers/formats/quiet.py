"""Keep a parser's warnings about bad files to ourselves: what matters in them comes out as an error."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet(module: str) -> Iterator[None]:
    """Run the body without the warnings that the modules of one library give."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=module)
        yield
