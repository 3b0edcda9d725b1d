"""Lung fields of a textbook thorax, for images without anatomy in tests, docs and dry runs."""

import torch


def schematic_lungs(shape: tuple[int, int]) -> torch.Tensor:
    """Two ellipses where a centred frontal radiograph has its lungs.

    Args:
        shape: `(H, W)` of the image.

    Returns:
        `(2, H, W)` bool: the patient's right lung (image left), then the left one.
    """
    rows = torch.linspace(0, 1, shape[0])[:, None]
    columns = torch.linspace(0, 1, shape[1])[None, :]
    sides = [((rows - 0.48) / 0.34) ** 2 + ((columns - centre) / 0.15) ** 2 <= 1 for centre in (0.29, 0.71)]
    return torch.stack(sides)
