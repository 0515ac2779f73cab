"""The subject of an event in a sentence for its reader."""

import pytest

from tca_app.core.events.log import sentence
from tca_app.core.language.messages import speaking
from tca_app.features.deployments.events import DeploymentFailed
from tca_app.features.health.events import HealthDegraded


@pytest.mark.parametrize(
    ("subject", "german"),
    [
        ("Acme to go 1.4.0 to production", "Das Deployment von Acme to go 1.4.0 nach production ist fehlgeschlagen"),
        ("Acme 1.4.0 to staging", "Das Deployment von Acme 1.4.0 to staging ist fehlgeschlagen"),
    ],
)
def test_the_environment_of_a_deployment_is_named_in_the_language(subject: str, german: str) -> None:
    words = {"actor": "Ana", "subject": subject, "data": {"environment": "production"}}
    assert sentence(DeploymentFailed.type, **words) == f"The deployment of {subject} failed"
    with speaking("de"):
        assert sentence(DeploymentFailed.type, **words) == german


def test_a_component_of_the_console_and_the_reason_are_in_the_language() -> None:
    words = {"actor": "System", "subject": "Disk", "data": {"reason": "4% of 100 GiB free"}}
    with speaking("de"):
        assert (
            sentence(HealthDegraded.type, **words)
            == "Festplatte ist ausgefallen: 4\N{NO-BREAK SPACE}% von 100 GiB frei"
        )
