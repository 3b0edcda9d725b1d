"""What ships, parsed: every Python file of the package and of the integrations, with what it imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "medsynth_aug"
INTEGRATIONS = sorted(path.parent for path in ROOT.glob("integrations/*/__init__.py"))
INTEGRATION_NAMES = frozenset(path.name for path in INTEGRATIONS)
CORE_FILES = sorted(CORE.rglob("*.py"))
INTEGRATION_FILES = sorted(file for folder in INTEGRATIONS for file in folder.rglob("*.py"))
FILES = CORE_FILES + INTEGRATION_FILES


def label(path: Path) -> str:
    """The path as a test's name shows it."""
    return str(path.relative_to(ROOT))


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), filename=str(path))


def module_name(path: Path) -> str:
    """The dotted name under which a shipped file is imported."""
    base = ROOT if path.is_relative_to(CORE) else ROOT / "integrations"
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports, at the top or in a function.

    What it imports when it is run as a program does not count: a program stands on top of the house.
    """
    name = module_name(path)
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    as_program = {id(node) for part in parsed(path).body if _runs(part) for node in ast.walk(part)}
    for node in ast.walk(parsed(path)):
        if id(node) in as_program:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def _runs(node: ast.stmt) -> bool:
    """True for `if __name__ == "__main__":`."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
