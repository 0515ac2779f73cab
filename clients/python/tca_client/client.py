"""The client of a console."""

from tca_client.generated.models import DeploymentRead
from tca_client.generated.operations import Operations

MAX_WAIT_S = 60


class Client(Operations):
    """Every call that an API token may make, as a method; `tca_client.iterate` reads all pages of a list.

    ```python
    with Client("https://console.example.com", token) as client:
        deployment = client.create_deployment("ledger", {"environment": "production", "version": "1.4.2"})
    ```
    """

    def wait_for_change(self, deployment: DeploymentRead, wait_s: int = MAX_WAIT_S) -> DeploymentRead:
        """Return the deployment once its state is another one, or after `wait_s` seconds, at most 60."""
        return self.read_deployment(deployment["id"], wait=min(wait_s, MAX_WAIT_S), seen=deployment["status"])
