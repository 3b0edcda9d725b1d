"""What an installed wheel must hold: every public name and module, and no import of an undeclared package."""

import ast
import importlib
import pkgutil
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import medsynth_aug

PACKAGES = ("medsynth_aug", "medsynth_monai", "medsynth_huggingface", "medsynth_supabase")


def imported(file: Path) -> set[str]:
    """Top-level packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module or "")
    return {name.partition(".")[0] for name in found}


unset = [name for name in medsynth_aug.__all__ if getattr(medsynth_aug, name, None) is None]
assert not unset, f"the wheel lacks {unset}"

declared = {canonicalize_name(Requirement(line).name) for line in metadata.requires("medsynth-aug") or []}
owners = metadata.packages_distributions()
undeclared, modules = set(), 0
for package in PACKAGES:
    root = importlib.import_module(package)
    (folder,) = map(Path, root.__path__)
    assert folder.is_relative_to(sys.prefix), f"{folder} is not in the environment of the wheel"
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        # commands run when imported, and so do migrations
        if not found.name.endswith(("__main__", ".env")) and ".versions." not in found.name:
            importlib.import_module(found.name)
            modules += 1
    for file in folder.rglob("*.py"):
        for name in imported(file) - set(sys.stdlib_module_names) - set(PACKAGES):
            if not {canonicalize_name(one) for one in owners.get(name, [])} & declared:
                undeclared.add(f"{file.relative_to(folder.parent)} imports {name}")
assert not undeclared, f"no requirement names these: {'; '.join(sorted(undeclared))}"
print(f"medsynth-aug {medsynth_aug.__version__}: {modules} modules import from the wheel")
