"""Writes docs/reference.md from the docstrings, so that every public name has its line (`make reference`)."""

import ast
import inspect
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "reference.md"
INTRODUCTION = """\
# Reference

Every public name with the start of its docstring; `help(name)` has the rest. Written by `make reference`.
"""


def modules() -> list[ModuleType]:
    """The package, its ground floor, its rooms, and the integrations, in the order of their names."""
    homes = [
        (ROOT, ROOT / "medsynth_aug"),
        *((ROOT / "integrations", p) for p in ROOT.glob("integrations/*/")),
    ]
    inits = {
        ".".join(f.parent.relative_to(base).parts) for base, top in homes for f in top.rglob("__init__.py")
    }
    return [import_module(name) for name in sorted(inits | {"medsynth_aug.errors", "medsynth_aug.types"})]


def public_names(module: ModuleType) -> list[str]:
    """What a module offers: its `__all__`, or for the two files of the ground floor what they define."""
    if hasattr(module, "__path__"):
        return sorted(name for name in getattr(module, "__all__", ()) if not name.startswith("__"))
    body = ast.parse(inspect.getsource(module)).body
    names = [node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    return names + [_assigned(node) for node in body if _assigned(node)]


def summary(module: ModuleType, name: str) -> str:
    """First paragraph of the docstring of a public name, or an empty text.

    A constant's docstring is the string below its assignment, in the file that defines it.
    """
    value = getattr(module, name)
    if isinstance(value, ModuleType | type) or inspect.isroutine(value):
        text = value.__doc__ or ""
        generated = text.startswith(f"{name}(")  # what dataclasses and named tuples write by themselves
        return "" if generated else _first_paragraph(text)
    return _first_paragraph(_constant_docstring(module, name))


def reference() -> str:
    """The whole page."""
    lines = [INTRODUCTION]
    for module in modules():
        names = public_names(module)
        if names:
            lines += [f"## {module.__name__}", "", _first_paragraph(module.__doc__ or ""), ""]
            lines += [
                f"- `{name}{_arguments(getattr(module, name))}`: {summary(module, name)}" for name in names
            ]
            lines.append("")
    return "\n".join(lines)


def _first_paragraph(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split())


def _arguments(value: Any) -> str:
    if not inspect.isroutine(value):
        return ""
    return "(" + ", ".join(inspect.signature(value).parameters) + ")"


def _assigned(node: ast.AST) -> str:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return "" if node.targets[0].id.startswith("_") else node.targets[0].id
    return node.target.id if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else ""


def _constant_docstring(module: ModuleType, name: str) -> str:
    assert module.__file__ is not None
    here = Path(module.__file__)
    for path in sorted(here.parent.rglob("*.py")) if hasattr(module, "__path__") else [here]:
        body = ast.parse(path.read_text()).body
        for node, below in pairwise(body):
            is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            if _assigned(node) == name and is_text:
                return str(below.value.value)  # type: ignore[attr-defined]
    return ""


if __name__ == "__main__":
    TARGET.write_text(reference())
