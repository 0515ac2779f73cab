"""The dashboard, the alerts and the scrape example name metrics, labels and ports that exist."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from tca_app.config.settings import get_settings
from tca_app.core.telemetry import metrics
from tca_app.features.backup.schemas import BackupsRead
from tca_app.features.metrics.service import _backups
from tests.prometheus import PROMETHEUS, needs_prometheus

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "observability"
TOKEN = "scrape-" + "k3" * 16
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
ALERTS = yaml.safe_load((FOLDER / "alerts.yml").read_text())
NAME = re.compile(r"\b(?:tca_\w+|process_\w+)\b")
GROUPED = re.compile(r"(?:by|without) \(([\w, ]*)\)")
MATCHED = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
PROMETHEUS_LABELS = {"job", "instance", "le"}


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])
    for group in ALERTS["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


async def scraped(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(TOKEN))
    answer = await api.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return answer.text


async def test_every_metric_exists(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those without a sample are known by their TYPE line, as a process has it that has just started."""
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", await scraped(api, monkeypatch), re.MULTILINE))
    last = BackupsRead(succeeded_at=datetime.now(UTC), failed_at=datetime.now(UTC), bytes=1)
    known = set(types) | {family.name for family in _backups(last)}
    known |= {name + suffix for name, kind in types.items() if kind == "histogram" for suffix in ("_bucket", "_count")}
    used = {name for expression in expressions() for name in NAME.findall(expression)}
    assert len(used) > 20
    assert used <= known


def test_every_label_exists() -> None:
    ours = {label for family in metrics.REGISTRY._collector_to_names for label in getattr(family, "_labelnames", ())}
    ours |= {"queue", "state", "part", "pool"}  # of what a scrape looks up
    used = {label for expression in expressions() for label in MATCHED.findall(expression)}
    for expression in expressions():
        for group in GROUPED.findall(expression):
            used |= {label.strip() for label in group.split(",")}
    assert used <= ours | PROMETHEUS_LABELS


def test_panels_do_not_overlap_and_ask_the_chosen_source() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not own & cells, panel["title"]
        assert at["x"] + at["w"] <= 24
        cells |= own
    assert {panel["datasource"]["uid"] for panel in panels()} == {"${datasource}"}


def test_each_alert_says_what_and_what_to_do() -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]


def test_the_scrape_example_names_the_processes_of_compose() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    (job,) = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    ports = {"web": "8000", "worker": compose["worker-1"]["environment"]["WORKER_PORT"]}
    expected = {f"{name}:{ports[one['command'][0]]}" for name, one in compose.items() if name[:3] in ("web", "wor")}
    assert {target for group in job["static_configs"] for target in group["targets"]} == expected
    check = compose["worker-1"]["healthcheck"]["test"]
    assert f"'127.0.0.1', {ports['worker']}" in check[-1]


@needs_prometheus
async def test_promtool_accepts_all_of_it(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = await scraped(api, monkeypatch)
    assert list(text_string_to_metric_families(text))
    rules = [
        {"record": f"panel:{number}", "expr": target["expr"].replace("$__rate_interval", "5m")}
        for number, target in enumerate(target for panel in panels() for target in panel["targets"])
    ]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    _promtool("check", "rules", FOLDER / "alerts.yml", tmp_path / "panels.yml")
    _promtool("check", "config", "--syntax-only", FOLDER / "prometheus.yml")


@needs_prometheus
def test_a_missing_backup_is_an_alert_only_where_backups_are_scheduled(tmp_path: Path) -> None:
    """A scheduled backup is missed for 26 hours, or none was ever made; series are hourly."""
    last, scheduled = "tca_backup_last_success_timestamp_seconds", "tca_backup_scheduled"
    cases = [
        ("0x30", "1x30", "25h", []),
        ("0x30", "1x30", "27h", ["ConsoleBackupOld"]),
        ("0x30", "0x30", "27h", []),
        (None, "1x30", "25h", []),
        (None, "1x30", "27h", ["ConsoleBackupMissing"]),
        (None, "0x30", "27h", []),
    ]
    tests = [
        {
            "interval": "1h",
            "input_series": [{"series": scheduled, "values": set_}]
            + ([] if succeeded is None else [{"series": last, "values": succeeded}]),
            "promql_expr_test": [
                {
                    "expr": 'count by (alertname) (ALERTS{alertstate="firing",alertname=~"ConsoleBackup.*"})',
                    "eval_time": at,
                    "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in firing],
                }
            ],
        }
        for succeeded, set_, at, firing in cases
    ]
    rules = {"rule_files": [str(FOLDER / "alerts.yml")], "evaluation_interval": "1h", "tests": tests}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(rules))
    _promtool("test", "rules", tmp_path / "tests.yml")


def _promtool(*words: str | Path) -> None:
    done = subprocess.run([Path(PROMETHEUS).with_name("promtool"), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
