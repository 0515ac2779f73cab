"""An issuer of ID tokens on loopback, with the claims of GitHub Actions and of GitLab."""

from time import time
from typing import Any

from tca_app.config.settings import get_settings
from tests.features.auth.oauth.provider import FakeProvider

# As the two services make them, with the fields that a job of a branch with an environment has.
GITHUB_JOB: dict[str, Any] = {
    "jti": "6f1a3c0e-2a7e-4c36-9a4e-1c9a4c0b8f11",
    "sub": "repo:acme/ledger:environment:production",
    "ref": "refs/heads/main",
    "sha": "9f1c2ab9f1c2ab9f1c2ab9f1c2ab9f1c2ab9f1c2",
    "repository": "acme/ledger",
    "repository_owner": "acme",
    "repository_owner_id": "65",
    "repository_id": "74",
    "repository_visibility": "private",
    "run_id": "1658821493",
    "run_number": "10",
    "run_attempt": "2",
    "actor": "octocat",
    "actor_id": "12",
    "workflow": "release",
    "workflow_ref": "acme/ledger/.github/workflows/release.yml@refs/heads/main",
    "job_workflow_ref": "acme/ledger/.github/workflows/release.yml@refs/heads/main",
    "head_ref": "",
    "base_ref": "",
    "event_name": "push",
    "ref_type": "branch",
    "ref_protected": "true",
    "environment": "production",
    "runner_environment": "github-hosted",
}
GITLAB_JOB: dict[str, Any] = {
    "namespace_id": "72",
    "namespace_path": "acme",
    "project_id": "20",
    "project_path": "acme/platform/ledger",
    "user_id": "1",
    "user_login": "sample-user",
    "user_email": "sample-user@example.com",
    "user_identities": [{"provider": "github", "extern_uid": "2435223452345"}],
    "pipeline_id": "574",
    "pipeline_source": "push",
    "job_id": "302",
    "ref": "main",
    "ref_type": "branch",
    "ref_path": "refs/heads/main",
    "ref_protected": "true",
    "environment": "production",
    "environment_protected": "false",
    "deployment_tier": "production",
    "deployment_action": "start",
    "runner_id": 1,
    "runner_environment": "self-hosted",
    "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
    "project_visibility": "public",
    "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
    "sub": "project_path:acme/platform/ledger:ref_type:branch:ref:main",
}


class Issuer(FakeProvider):
    """Issues ID tokens for jobs, each another one."""

    made: int = 0

    def job_token(self, job: dict[str, Any] | None = None, **claims: Any) -> str:
        """The ID token of a job, of GitHub by default."""
        self.made += 1
        now = int(time())
        own = {"iss": self.url, "aud": get_settings().public_url, "jti": f"job-{self.made}"}
        times = {"iat": now, "nbf": now, "exp": now + 300}
        return self.id_token((job or GITHUB_JOB) | own | times | claims)
