"""Shipped code holds no pickle, no remote code and no global random state."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guards.shipped import FILES, label, parsed

MODULES = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "random", "shelve"}
CALLS = {
    "accelerate.utils.set_seed",
    "cv2.distanceTransform",  # OpenCV 5 gives distances that differ from call to call
    "diffusers.training_utils.set_seed",
    "monai.utils.set_determinism",
    "torch.jit.load",
    "torch.load",
    "torch.save",
    "transformers.set_seed",
}
NUMPY_GENERATORS = {"default_rng", "Generator", "SeedSequence", "PCG64", "Philox", "RandomState"}
TORCH_SEEDS = {"manual_seed", "manual_seed_all", "seed", "seed_all", "set_rng_state", "set_rng_state_all"}
TORCH_DRAWS = {"bernoulli", "multinomial", "normal", "rand", "randint", "randn", "randperm"}
TORCH_DRAWS_WITHOUT_GENERATOR = {"rand_like", "randint_like", "randn_like"}
ALLOWED = {
    "medsynth_aug/testing/global_state.py": ("imports random", "numpy.random.", "torch.manual_seed"),
    "medsynth_aug/testing/synthesizers/reopening.py": ("imports pickle.dumps",),
}
"""What the conformance checks need to see that others keep the rules; a pickle is written, never read."""

DRAWS_IN_PLACE = {"bernoulli_", "cauchy_", "exponential_", "normal_", "random_", "uniform_"}


def faults(tree: ast.Module) -> Iterator[str]:
    """What is unsafe in a file, one sentence each."""
    names = _names(tree)
    forked = {id(node) for part in ast.walk(tree) if _forks(part) for node in ast.walk(part)}
    for module in names.values():
        if module.split(".")[0] in MODULES:
            yield f"imports {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            problem = _unsafe_call(node, names) or (
                None if id(node) in forked else _global_chance(node, names)
            )
            if problem:
                yield f"line {node.lineno}: {problem}"


def _names(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for, dotted in full."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return names


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, names)}.{node.attr}"
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else ""


def _forks(node: ast.AST) -> bool:
    """True for `with torch.random.fork_rng()`, which gives the global state back as it was."""
    return isinstance(node, ast.With) and any("fork_rng" in ast.dump(item) for item in node.items)


def _unsafe_call(call: ast.Call, names: dict[str, str]) -> str | None:
    name = _dotted(call.func, names)
    if name in CALLS:
        return f"calls {name}"
    for keyword in call.keywords:
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if keyword.arg in {"trust_remote_code", "allow_pickle"} and value is not False:
            return f"passes {keyword.arg}"
        if keyword.arg == "use_safetensors" and value is not True:
            return "passes use_safetensors without True"
    return None


def _global_chance(call: ast.Call, names: dict[str, str]) -> str | None:
    module, _, function = _dotted(call.func, names).rpartition(".")
    drawn_from = {keyword.arg for keyword in call.keywords}
    if module == "numpy.random" and function not in NUMPY_GENERATORS:
        return f"numpy.random.{function} uses the global state; draw from numpy.random.default_rng(seed)"
    if module.split(".")[0] == "torch" and function in TORCH_SEEDS:
        return f"{module}.{function} changes the global state; use a torch.Generator"
    if module == "torch" and function in TORCH_DRAWS_WITHOUT_GENERATOR:
        return f"torch.{function} takes no generator; draw with a torch.Generator"
    if (module == "torch" and function in TORCH_DRAWS) or function in DRAWS_IN_PLACE:
        return (
            None if "generator" in drawn_from else f"{function} draws from the global state; pass generator="
        )
    return None


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from random import choice",
        "from torch import load as read\nread('x')",
        "import torch\ntorch.save({}, 'x')",
        "import numpy as np\nnp.random.seed(0)",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import torch\ntorch.manual_seed(0)",
        "import torch\ntorch.cuda.manual_seed_all(0)",
        "import torch\ntorch.randn(3)",
        "import cv2\ncv2.distanceTransform(mask, cv2.DIST_L2, 5)",
        "import torch\nx = torch.randn_like(y)",
        "x.normal_()",
        "load('x', trust_remote_code=flag)",
        "load('x', use_safetensors=False)",
    ],
)
def test_the_guard_finds(code: str) -> None:
    assert list(faults(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nnp.random.default_rng(0).random(3)",
        "import torch\ntorch.randn(3, generator=g)",
        "import torch\ntorch.Generator().manual_seed(0)",
        "import torch\nwith torch.random.fork_rng():\n    torch.manual_seed(0)",
        "load('x', trust_remote_code=False, use_safetensors=True)",
    ],
)
def test_the_guard_lets_pass(code: str) -> None:
    assert not list(faults(ast.parse(code)))


@pytest.mark.parametrize("path", FILES, ids=label)
def test_no_pickle_no_remote_code_no_chance_outside_a_seed(path: Path) -> None:
    allowed = ALLOWED.get(label(path), ())
    assert not [fault for fault in faults(parsed(path)) if not any(part in fault for part in allowed)]
