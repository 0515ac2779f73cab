"""The locks of the dependencies, and the audit of their known faults."""

import json
import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from importlib.machinery import SourceFileLoader
from importlib.metadata import distributions
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^\w.*==[^\\\n]*", re.M)


def _pins(file: str) -> dict[NormalizedName, str]:
    """The versions by name that this Python and system get from a file."""
    found = [Requirement(line) for line in PIN.findall((ROOT / file).read_text())]
    return {
        canonicalize_name(one.name): str(one.specifier) for one in found if one.marker is None or one.marker.evaluate()
    }


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    loader = SourceFileLoader("audit", str(ROOT / ".ci" / "audit"))
    spec = spec_from_loader("audit", loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_a_lock_has_what_is_pinned_and_a_hash_for_everything(name: str) -> None:
    asked, locked = _pins(f"{name}.txt"), _pins(f"{name}.lock")
    assert asked
    assert asked.items() <= locked.items(), "run make lock"
    text = (ROOT / f"{name}.lock").read_text()
    assert len(PIN.findall(text)) == len(re.findall(r"==[^\\\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text))


def test_both_locks_agree() -> None:
    assert _pins("requirements.lock").items() <= _pins("requirements-dev.lock").items()


def test_these_tests_run_with_what_is_locked() -> None:
    locked = _pins("requirements-dev.lock")
    here = {canonicalize_name(found.metadata["Name"]): f"=={found.version}" for found in distributions()}
    assert {name: here[name] for name in locked.keys() & here.keys()} == {
        name: version for name, version in locked.items() if name in here
    }


def test_the_lock_of_the_front_end_names_no_registry() -> None:
    packages = json.loads((ROOT / "reflex.lock" / "package-lock.json").read_text())["packages"]
    packages.pop("")
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())


def _python_report(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages})


def test_a_fault_of_a_python_package_is_found(audit: ModuleType) -> None:
    vulns = [{"id": "PYSEC-1", "fix_versions": ["1.2"], "aliases": [], "description": ""}]
    answer = audit.python_answer(
        _python_report({"name": "a", "version": "1.0", "vulns": vulns}, {"name": "b", "skip_reason": "not found"})
    )
    assert answer.faults == {("PYSEC-1", "a 1.0", "1.2")}
    assert answer.unasked == "no advisories for 1 of 2 Python packages"


def test_a_fault_of_a_javascript_package_is_found_once(audit: ModuleType) -> None:
    fault = {"url": "https://github.com/advisories/GHSA-1", "title": "x"}
    report = {
        "vulnerabilities": {
            "a": {"name": "a", "range": "<2", "via": [fault], "fixAvailable": True},
            "b": {"name": "b", "range": "*", "via": ["a"], "fixAvailable": True},
        }
    }
    assert audit.javascript_answer(json.dumps(report)) == ({("GHSA-1", "a <2", "True")}, "")


@pytest.mark.parametrize("printed", ["", "not json", '{"message": "405 Method Not Allowed"}'])
def test_no_answer_is_not_taken_for_no_faults(audit: ModuleType, printed: str) -> None:
    assert audit.python_answer(printed).unasked
    assert audit.javascript_answer(printed).unasked


def test_a_fault_is_accepted_until_its_day(audit: ModuleType) -> None:
    fault = audit.Fault("PYSEC-1", "a 1.0", "")
    accepted = [{"id": "PYSEC-1", "until": date(2026, 12, 1), "reason": "not called"}]
    assert audit.refused({fault}, accepted, date(2026, 12, 1)) == []
    assert audit.refused({fault}, accepted, date(2026, 12, 2)) == ["a 1.0: PYSEC-1 was accepted until 2026-12-01"]
    assert audit.refused({fault}, [], date(2026, 12, 1)) == ["a 1.0: PYSEC-1, mended in no version yet"]


def test_what_is_accepted_has_a_reason_and_a_day_soon() -> None:
    accepted = tomllib.loads((ROOT / ".ci" / "accepted-faults.toml").read_text()).get("accepted", [])
    latest = datetime.now(UTC).date() + timedelta(days=90)
    assert all(entry["id"] and entry["reason"] and entry["until"] <= latest for entry in accepted)
