"""Croissant metadata of a revision: what its files hold, in the vocabulary of MLCommons.

Croissant Format Specification 1.0, MLCommons, https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from datasets import ClassLabel, Features, Image, List, Value

FILE = "croissant.json"

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        name: f"cr:{name}"
        for name in (
            "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty",
            "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path",
            "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator", "source",
            "subField", "transform",
        )
    },
}  # fmt: skip

_GIT_HAS_NO_CHECKSUM = "https://github.com/mlcommons/croissant/issues/80"


def croissant_of(
    *,
    name: str,
    description: str,
    url: str,
    license_url: str,
    version: str,
    date: str,
    features: Mapping[str, Features],
    files: Mapping[str, str],
) -> dict[str, Any]:
    """The JSON-LD of a revision.

    Args:
        name: Short name of the data set.
        description: One or two sentences.
        url: Its page on the Hub.
        license_url: Address of its licence.
        version: Of the layout, such as "1.0.0".
        date: Day of the revision, ISO 8601.
        features: Configuration -> columns.
        files: Path of a Parquet file -> SHA-256.
    """
    repository = {
        "@type": "cr:FileObject", "@id": "repo", "name": "repo", "description": "The repository on the Hub.",
        "contentUrl": url, "encodingFormat": "git+https", "sha256": _GIT_HAS_NO_CHECKSUM,
    }  # fmt: skip
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": description,
        "url": url,
        "license": license_url,
        "version": version,
        "datePublished": date,
        "citeAs": f"{name}, {url}, {date}",
        "distribution": [
            repository,
            *(_file_set(config) for config in features),
            *(_file_object(path, digest) for path, digest in sorted(files.items())),
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet", "@id": config, "name": config,
                "field": [_field(config, (column,), kind) for column, kind in columns.items()],
            }
            for config, columns in features.items()
        ],
    }  # fmt: skip


def _file_set(config: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet", "@id": f"parquet/{config}", "name": f"parquet/{config}",
        "containedIn": {"@id": "repo"}, "encodingFormat": "application/x-parquet",
        "includes": f"{config}/*.parquet",
    }  # fmt: skip


def _file_object(path: str, digest: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject", "@id": path, "name": path, "containedIn": {"@id": "repo"},
        "contentUrl": path, "encodingFormat": "application/x-parquet", "sha256": digest,
    }  # fmt: skip


def _field(config: str, path: tuple[str, ...], kind: Any) -> dict[str, Any]:
    """One column, or a field of it; `path` is its column and the names of the fields inside."""
    name = "/".join((config, *path))
    field: dict[str, Any] = {"@type": "cr:Field", "@id": name, "name": name}
    if isinstance(kind, dict):
        return {**field, "subField": [_field(config, (*path, inner), one) for inner, one in kind.items()]}
    inside = [*path[1:], *_steps(kind)]
    source: dict[str, Any] = {"fileSet": {"@id": f"parquet/{config}"}, "extract": {"column": path[0]}}
    if inside:
        source["transform"] = {"jsonPath": ".".join(inside)}
    repeated = {"repeated": True} if isinstance(kind, List) else {}
    return {**field, "dataType": _data_type(kind), **repeated, "source": source}


def _steps(kind: Any) -> Iterator[str]:
    if isinstance(kind, Image):
        yield "bytes"
    elif isinstance(kind, List) and isinstance(kind.feature, Image):
        yield from ("[*]", "bytes")


def _data_type(kind: Any) -> str:
    if isinstance(kind, List):
        return _data_type(kind.feature)
    if isinstance(kind, Image):
        return "sc:ImageObject"
    if isinstance(kind, ClassLabel):
        return "sc:Integer"
    assert isinstance(kind, Value), kind
    return {"string": "sc:Text", "float32": "sc:Float", "bool": "sc:Boolean"}.get(kind.dtype, "sc:Integer")
