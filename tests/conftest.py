"""What all tests share: soak repetition, how wide Hypothesis searches, and skips that name a package."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

PACKAGES = {
    "postgresql": ("initdb", "/usr/lib/postgresql/*/bin/initdb"),
    "postgresql-15-wal2json": ("/usr/lib/postgresql/*/lib/wal2json.so",),
    "chromium": ("chromium", "/usr/bin/chromium"),
    "dicom3tools": ("dciodvfy", "/usr/bin/dciodvfy"),
    "nodejs": ("node", "/usr/bin/node"),
    "npm": ("npm", "/usr/bin/npm"),
}
"""Where each Debian package puts what the tests run; one of the places is enough."""

NEEDS = {
    "postgres": ("postgresql",),
    "browser": ("chromium",),
    "dicom": ("dicom3tools",),
    "node": ("nodejs",),
    "supabase": ("postgresql", "postgresql-15-wal2json", "nodejs", "npm"),
}
"""The Debian packages of each mark."""


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
    for marker, packages in NEEDS.items():
        if item.get_closest_marker(marker):
            lacking = [one for one in packages if not any(map(_is_there, PACKAGES[one]))]
            if lacking:
                names = f"package{'s' * (len(lacking) > 1)} {', '.join(lacking)}"
                pytest.skip(f"install the Debian {names} to run this")


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
