"""What all tests share: soak repetition, how wide Hypothesis searches, and skips that name a package."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

PACKAGES = {
    "postgres": ("postgresql", ("initdb", "/usr/lib/postgresql/*/bin/initdb")),
    "browser": ("chromium", ("chromium", "/usr/bin/chromium")),
    "dicom": ("dicom3tools", ("dciodvfy", "/usr/bin/dciodvfy")),
    "node": ("nodejs", ("node", "/usr/bin/node")),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--repeat", type=int, default=1, help="how many times as often soak tests try")


def pytest_configure(config: pytest.Config) -> None:
    repeat = config.getoption("--repeat")
    settings.register_profile(
        "house",
        max_examples=25 * repeat,
        deadline=None,
        derandomize=repeat == 1,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "repeat" in getattr(item, "fixturenames", ()) or is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("soak")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (package, places) in PACKAGES.items():
        if item.get_closest_marker(marker) and not any(map(_is_there, places)):
            pytest.skip(f"install the Debian package {package} to run this")


def _is_there(place: str) -> bool:
    return bool(any(Path("/").glob(place[1:])) if place.startswith("/") else shutil.which(place))


@pytest.fixture
def repeat(request: pytest.FixtureRequest) -> int:
    """1 in `make test`, more in `make soak`: a soak test multiplies its number of tries by it."""
    return request.config.getoption("--repeat")


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the checkout."""
    return Path(__file__).parents[1]
