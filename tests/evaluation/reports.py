"""Small reports for the tests of pages and comparisons."""

from html.parser import HTMLParser
from typing import Any

import numpy as np

from medsynth_aug.evaluation.figures import Figure, mean_figure, refusal
from medsynth_aug.evaluation.report import EvaluationReport, FigureGroup, Inputs, Model, Section, Strip

N = {"real": 40, "synthetic": 30}


def figure(name: str, value: float, half: float = 0.1, note: str = "") -> Figure:
    return Figure(name=name, value=value, low=value - half, high=value + half, n=N, note=note)


def fidelity(label: str = "nodule", kid: float = 0.2) -> Section:
    group = FigureGroup(
        heading=label,
        figures=(refusal("FID", "needs at least 64 images a side", n=N), figure("KID", kid, note="cubic")),
        reference=(figure("KID, real vs real", 0.02), figure("KID, class vs normal", 0.6)),
    )
    picture = np.arange(64, dtype=np.uint8).reshape(8, 8)
    strip = Strip(caption=f"{label}: real", panels=(("a.png", picture), ("b.png", np.dstack([picture] * 3))))
    return Section(
        key="fidelity", title="Fidelity", intro="How far.", status="ran", extractor="medsynth (abc)",
        groups=(group,), strips=(strip,),
    )  # fmt: skip


def anatomy(values: list[float], names: list[str], patients: list[str]) -> Section:
    held = [(one, who) for one, who in zip(values, patients) if np.isfinite(one)]
    shown = mean_figure("SSIM", [one for one, _ in held], [who for _, who in held])
    return Section(
        key="anatomy", title="Anatomy kept", intro="1 is untouched.", status="ran",
        groups=(FigureGroup(heading="All", figures=(shown,)),), values={"SSIM": values}, value_names=names,
        value_groups=patients,
    )  # fmt: skip


def report(
    *sections: Section, extractor: str = "abc", label: str = "nodule", **rest: Any
) -> EvaluationReport:
    return EvaluationReport(
        extractor=Model(name="medsynth", digest=extractor),
        inputs=Inputs(real="films", synthetic="bank", classes={label: N}, strata={"": N}),
        sections=sections,
        **rest,
    )


class Page(HTMLParser):
    """A page as its elements in order, with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]
