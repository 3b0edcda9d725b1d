"""Reports on disk: each file is there whole, or as it was before."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.report.comparison import ReportComparison
from medsynth_aug.evaluation.report.comparison_page import comparison_page
from medsynth_aug.evaluation.report.document import EvaluationReport
from medsynth_aug.evaluation.report.report_page import report_page

REPORT, COMPARISON = "report", "comparison"


def save(report: EvaluationReport, folder: Path | str) -> tuple[Path, Path]:
    """Write `report.json` and `report.html`; the page holds the pictures, the JSON does not.

    Args:
        report: What to write.
        folder: Is made if absent; an earlier report in it is replaced.

    Returns:
        Paths of the JSON and of the page.

    Raises:
        SettingError: If the folder cannot be written, or a setting is nothing that JSON holds.
    """
    return write_both(Path(folder), REPORT, report.to_json(), report_page(report))


def save_comparison(comparison: ReportComparison, folder: Path | str) -> tuple[Path, Path]:
    """Write `comparison.json` and `comparison.html`, as `save` does.

    Raises:
        SettingError: If the folder cannot be written.
    """
    return write_both(Path(folder), COMPARISON, comparison.to_json(), comparison_page(comparison))


def load_report(path: Path | str) -> EvaluationReport:
    """Read a report back, without its pictures.

    Args:
        path: Folder that `save` wrote to, or its `report.json`.

    Raises:
        SettingError: If there is no report, or one of another schema version.
    """
    path = Path(path)
    file = path / f"{REPORT}.json" if path.is_dir() else path
    try:
        return EvaluationReport.from_json(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingError(
            f"no report can be read at {file} ({error.strerror}); give the folder that an evaluation wrote to"
        ) from error
    except SettingError as error:
        raise SettingError(f"{file}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingError(
            f"{file} is no evaluation report ({error}); give the report.json that an evaluation wrote"
        ) from error


def write_both(folder: Path, stem: str, data: dict[str, Any], page: str) -> tuple[Path, Path]:
    """Write data as `<stem>.json` and a page as `<stem>.html`.

    Returns:
        Their paths.

    Raises:
        SettingError: If the folder cannot be written, or the data are nothing that JSON holds.
    """
    try:
        text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"the report cannot be written as JSON ({error}); pass settings as text, numbers, lists and dicts"
        ) from error
    targets = folder / f"{stem}.json", folder / f"{stem}.html"
    aside = [one.with_name(f".{one.name}.{os.getpid()}.{secrets.token_hex(4)}") for one in targets]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in zip(aside, (text, page)):
            _write_durably(file, content)
        for file, target in zip(aside, targets):
            file.replace(target)
    except OSError as error:
        raise SettingError(
            f"{folder} cannot be written ({error.strerror}); give another folder (--out)"
        ) from error
    finally:
        _remove(aside)
    return targets


def _write_durably(file: Path, content: str) -> None:
    # a file name that is no UTF-8 comes as a lone surrogate, whose escape is JSON's own
    with file.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as held:
        held.write(content)
        held.flush()
        os.fsync(held.fileno())


def _remove(files: list[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError:
            continue  # its folder is no folder, or can no longer be written: nothing was left in it
