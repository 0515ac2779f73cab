"""What is chosen by a label is chosen in every language."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tca_app.core.language.messages import speaking
from tca_app.features.deployments.schemas import MeasuresRead
from tca_app.features.deployments.ui.detail_rows import timeline_of
from tca_app.features.project_page.ui.overview_rows import measures_of
from tca_app.ui.components.basic import GLYPHS

MEASURES = MeasuresRead(
    days=30,
    tier="production",
    project_id=1,
    succeeded=3,
    finished=4,
    deployments_per_day=0.1,
    lead_time_s=60.0,
    with_commit_time=3,
    change_failure_rate=0.25,
    time_to_restore_s=None,
    restored=0,
)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_overview_has_its_four_metrics(language: str) -> None:
    with speaking(language):
        assert len({measure["label"] for measure in measures_of(MEASURES, [])}) == 4


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_steps_of_a_deployment_have_their_colours(language: str) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    found: Any = SimpleNamespace(
        status="succeeded",
        decided_by=None,
        decided_at=at,
        queued_at=at,
        created_at=at,
        started_at=at,
        finished_at=at,
        who="",
        who_id=None,
    )
    with speaking(language):
        steps = timeline_of(found)
        running = timeline_of(SimpleNamespace(**vars(found) | {"status": "in_progress", "finished_at": None}))
    assert [step["tone"] for step in steps] == ["warn", "good", "", "", "good"]
    assert [step["tone"] for step in running][-1] == "info", "only what goes on is blue"
    assert {step["icon"] for step in steps} <= GLYPHS
