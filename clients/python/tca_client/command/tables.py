"""`tca status`, `tca whoami`: what the console knows, as text or JSON."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tca_client.calls import iterate
from tca_client.client import Client
from tca_client.errors import Forbidden
from tca_client.generated.models import DeploymentRead, EnvironmentMatrixRow

HEAD = ("PROJECT", "ENVIRONMENT", "VERSION", "SINCE", "BY")
PAGE = 100


def show_environments(client: Client, project: str, *, as_json: bool) -> None:
    """Print the version that each environment runs."""
    rows = [row for row in _all_projects(client) if project in ("", row["project"]["slug"], str(row["project"]["id"]))]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    cells = [
        (
            row["project"]["slug"],
            place["environment"],
            _version(place),
            _minute(place["finished_at"]),
            place["who"] or "",
        )
        for row in rows
        for place in row["places"]
    ]
    print_table([HEAD, *cells])


def _all_projects(client: Client) -> Iterable[EnvironmentMatrixRow]:
    skip = 0
    while rows := client.read_current(skip=skip, limit=PAGE):
        yield from rows
        skip += len(rows)


def _version(place: Any) -> str:  # noqa: ANN401  a cell of the matrix
    version = place["version"] or "-"
    return f"{version} (deploying)" if place["is_deploying"] else version


def show_deployment(client: Client, deployment_id: int, *, as_json: bool) -> None:
    """Print one deployment."""
    deployment = client.read_deployment(deployment_id)
    if as_json:
        print(json.dumps(deployment, indent=2))
        return
    print_table(list(_lines(client, deployment)))


def _lines(client: Client, deployment: DeploymentRead) -> Iterable[Sequence[str]]:
    yield "deployment", f"{client.url}/deployments/{deployment['id']}"
    yield "project", deployment["project"]["slug"]
    yield "environment", deployment["environment"]["name"]
    yield "version", deployment["version"]
    yield "status", deployment["status"]
    for name, value in (
        ("reason", deployment["reason"]),
        ("commit", deployment["commit_sha"]),
        ("by", deployment["created_by"]["full_name"] if deployment["created_by"] else deployment["reporter"]),
        ("started", _minute(deployment["started_at"])),
        ("finished", _minute(deployment["finished_at"])),
    ):
        if value:
            yield name, value


def show_caller(client: Client, source: str) -> None:
    """Print who the token belongs to, and what it sees."""
    user = client.verify()
    name = user["full_name"] or user["username"]
    print(f"{name} at {client.url}, by {source}")
    try:
        slugs = [project["slug"] for project in iterate(client.list_projects, limit=PAGE)]
    except Forbidden:
        return
    print(f"Projects: {', '.join(slugs) or 'none'}")


def _minute(moment: str | None) -> str:
    return (moment or "")[:16].replace("T", " ")


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print columns. Control characters of a name would act on the terminal."""
    clean = [["".join(c if c.isprintable() else "?" for c in cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    for row in clean:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
