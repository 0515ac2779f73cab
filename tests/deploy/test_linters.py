"""The Dockerfile and the Kubernetes objects, as the linters of their field see them."""

import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "deploy" / "kubernetes" / "base"
BACKUPS = BASE.parent / "components" / "backups" / "volume.yaml"
OLDEST, NEWEST = "1.27", "1.37"


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([program, "--no-color", ROOT / "deploy" / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("file", [*sorted(BASE.glob("*.yaml")), BACKUPS], ids=lambda file: file.stem)
def test_kubernetes_knows_every_field(file: Path, version: str) -> None:
    if file.stem != "kustomization":  # read by kustomize, not by Kubernetes
        for found in yaml.safe_load_all(file.read_text()):
            kubernetes_validate.validate(found, version, strict=True)
