"""The generated part of the client is that of the console's OpenAPI document, and the package is whole."""

import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

from generate_client import fingerprint, operations, subset
from tca_app.config.settings import VERSION
from tca_client.generated import OPENAPI_SHA256
from tca_client.generated.operations import Operations
from tests.rest_api import document

PACKAGE = Path(__file__).parents[2] / "clients" / "python"


def test_the_generated_part_is_up_to_date() -> None:
    assert fingerprint(subset(document())) == OPENAPI_SHA256, "run make client"


def test_every_call_that_a_token_may_make_is_a_method() -> None:
    calls = {call["operationId"]: call for path in document()["paths"].values() for call in path.values()}
    named = {name for name, call in calls.items() if call.get("x-token-scope") not in (None, "session")}
    assert named == {name for name in vars(Operations) if not name.startswith("_")}
    assert "create_deployment" in named
    assert "create_token" not in named


def test_the_hash_does_not_depend_on_the_settings_or_the_version() -> None:
    other = document() | {"servers": [{"url": "https://other.example.com"}], "info": {"title": "Acme", "version": "9"}}
    assert fingerprint(subset(other)) == OPENAPI_SHA256


def test_operations_are_written_in_the_order_of_their_names() -> None:
    written = operations(subset(document()))
    assert written.index("def append_log(") < written.index("def create_deployment(") < written.index("def roll_back(")


def test_the_package_has_its_types_and_its_command(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(PACKAGE)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if "__pycache__" not in name}
        info = next(name for name in names if name.endswith("/entry_points.txt"))
        assert b"tca = tca_client.command.main:main" in archive.read(info)
    sources = {str(path.relative_to(PACKAGE)) for path in (PACKAGE / "tca_client").rglob("*.py")}
    assert sources | {"tca_client/py.typed"} == {name for name in names if name.startswith("tca_client/")}
    assert f"-{VERSION}-" in Path(wheel).name
