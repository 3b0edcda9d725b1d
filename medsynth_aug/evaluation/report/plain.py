"""JSON without NaN: figures and settings on their way into a report's file and back."""

import math
from typing import Any

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.figures import Figure


def finite(value: Any) -> Any:
    """The value with None in place of every number that is not finite, and lists in place of tuples."""
    if isinstance(value, dict):
        return {str(key): finite(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [finite(held) for held in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def figure_to_json(figure: Figure) -> dict[str, Any]:
    """The figure as JSON-serialisable data; a bound that is not finite is absent."""
    data: dict[str, Any] = finite(figure.to_json())
    if data["low"] is None or data["high"] is None:
        data["low"] = data["high"] = None
    return data


def figure_from_json(data: dict[str, Any]) -> Figure:
    """The figure that `figure_to_json` wrote.

    Raises:
        SettingError: If it has neither a value nor a reason, or holds something else than numbers.
    """
    figure = Figure(**data)
    numbers = [one for one in (figure.value, figure.low, figure.high) if one is not None]
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in (*numbers, *figure.n.values())):
        raise SettingError(f"figure {figure.name!r} holds something else than numbers: {data}")
    if figure.value is None and not figure.refused:
        raise SettingError(f"figure {figure.name!r} has neither a value nor a reason why there is none")
    return figure


def check_schema(data: Any, schema: str, version: int) -> None:
    """Check what a file says that it is.

    Raises:
        SettingError: If it is of another schema or version.
    """
    found = data.get("schema") if isinstance(data, dict) else None
    if found != schema:
        raise SettingError(f"the schema is {found!r}, not {schema!r}; give the report.json of such a run")
    if data.get("schema_version") != version:
        raise SettingError(
            f"the schema_version is {data.get('schema_version')!r}, this medsynth-aug reads {version}; "
            "run the evaluation again with this version"
        )
