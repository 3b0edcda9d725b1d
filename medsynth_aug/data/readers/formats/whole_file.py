"""Write a file so that it is there whole or not at all."""

import os
import secrets
from pathlib import Path

from medsynth_aug.errors import UnwritableFileError


def write_whole_file(path: Path, data: bytes) -> None:
    """Write `data` to `path`, through a file beside it; an older file of that name stays until then.

    Raises:
        UnwritableFileError: If the disk is full or the folder is missing or closed to writing.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        try:
            with aside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as problem:
        raise UnwritableFileError(
            f"{path} cannot be written ({problem.strerror}); create its folder, free some space, or choose "
            "another place"
        ) from problem
