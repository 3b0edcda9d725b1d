"""The one door to matplotlib, which is an extra."""

from typing import TYPE_CHECKING

from medsynth_aug.errors import SettingError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width_in: float, height_in: float) -> "Figure":
    """An empty figure that no window or global state knows of.

    Raises:
        SettingError: If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as problem:
        raise SettingError(
            "the demonstration draws with matplotlib, which is not installed; "
            "run: pip install 'medsynth-aug[demo]'"
        ) from problem
    return Figure(figsize=(width_in, height_in), layout="constrained")
