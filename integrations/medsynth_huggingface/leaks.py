"""A last look at every file that would leave: no local path, no token, no digest of a real image."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import get_token

from medsynth_aug.errors import PublishError

_URL = re.compile(r"\b(?:https?|ftp)://[^\s\\\"'`<>|,;]*")
"""What is looked past: the paths of public addresses."""

_PLACES = (
    r"file://",
    r"(?<![^\W_])(?<!\.)/+[^\s/<>()\"'`|]+/+[^\s/<>()\"'`|]",  # /opt/films, but not images/a/b
    r"(?<!\w)~(?:[A-Za-z_][\w-]*)?/[^\s/]",  # ~/films, ~anna/films
    r"(?<![A-Za-z])[A-Za-z]:[\\/]+[^\s\\/]",  # C:\films, also as JSON writes it
    r"(?:^|(?<=[\s\"'(=`:,*]))\\{2,}[\w.$-]+\\+[\w.$-]",  # \\server\films
)
_MARKS = {
    "a real image": re.compile(r"real:[0-9a-f]{16}"),
    "a local path": re.compile("|".join(_PLACES), re.MULTILINE),
    "a token": re.compile(r"\bhf_[A-Za-z0-9]{16,}"),
}
_PREFIX = 16
_HEX = re.compile(rf"[0-9a-f]{{{_PREFIX},}}")


def check_folder(folder: Path, *, forbidden: Iterable[str] = (), real: Iterable[str] = ()) -> None:
    """Check every file below a folder before it is sent.

    A local path is an absolute one of two or more names, one below a home (`~/`), on a drive of Windows or on
    a server (UNC), wherever it leads; the paths of web addresses are none.

    Args:
        folder: Exactly what would be sent.
        forbidden: Further texts that must not occur, such as the path of the bank.
        real: `real:<digest>` of images that must not be named; their bare digests must not occur either, nor
            the first 16 digits of one.

    Raises:
        PublishError: If a text of a file names a local path, the token or a real image; says which file.
    """
    secrets = {text for text in (get_token(), str(Path.home()), *forbidden) if text and len(text) > 3}
    people = {digest.removeprefix("real:")[:_PREFIX] for digest in real}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        name = path.relative_to(folder).as_posix()
        for text in _texts(path):
            found = _found(text, secrets, people)
            if found:
                raise PublishError(
                    f"{name} would publish {found}; nothing was sent. Remove it from the note, recipe, "
                    "credits, figures or findings of the corpus and try again"
                )


def _found(text: str, secrets: AbstractSet[str], people: AbstractSet[str]) -> str | None:
    """What of a text must not leave, in words."""
    own = _URL.sub("", text)
    for what, mark in _MARKS.items():
        if mark.search(own if what == "a local path" else text):
            return what
    if people and any(one[:_PREFIX] in people for one in _HEX.findall(text)):
        return "a real image"
    if any(secret in text for secret in secrets):
        return "something that must stay on this machine"
    return None


def _texts(path: Path) -> Iterator[str]:
    """Every text of a file; of Parquet the schema and all strings, of weights and pictures the header."""
    if path.suffix == ".safetensors":
        with path.open("rb") as weights:
            yield weights.read(int.from_bytes(weights.read(8), "little")).decode(errors="replace")
        return
    if path.suffix == ".png":
        yield from _png_texts(path.read_bytes())
        return
    if path.suffix != ".parquet":
        yield path.read_bytes().decode(errors="replace")
        return
    with pq.ParquetFile(path) as file:
        yield file.schema_arrow.to_string(show_field_metadata=True, show_schema_metadata=True)
        for batch in file.iter_batches(batch_size=64):
            for column in batch.columns:
                yield from _strings(column)


def _strings(array: Any) -> Iterator[str]:
    """The strings of an Arrow array at any depth; PNG bytes are looked at for text chunks."""
    if pa.types.is_struct(array.type):
        for field in array.flatten():
            yield from _strings(field)
    elif pa.types.is_list(array.type) or pa.types.is_fixed_size_list(array.type):
        yield from _strings(array.flatten())
    elif pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        yield from (text for text in array.to_pylist() if text)
    elif pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        for held in array.to_pylist():
            yield from _png_texts(held or b"")


def _png_texts(png: bytes) -> Iterator[str]:
    """The text of the chunks before the pixels; published images have none."""
    head = png.partition(b"IDAT")[0]
    if any(chunk in head for chunk in (b"tEXt", b"iTXt", b"zTXt", b"eXIf")):
        yield head.decode("latin-1")
