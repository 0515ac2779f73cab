"""The files in deploy/ name settings, ports, probes, commands and a version that exist, and fit each other."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.routing import APIRoute

from tca_app.__main__ import commands
from tca_app.config.production import production_faults
from tca_app.config.schema import Settings
from tca_app.config.secret_files import FILE_NAMES
from tca_app.config.settings import VERSION
from tca_app.features.health.router import router as health_router
from tca_app.features.metrics.router import router as metrics_router
from tca_app.frontend.build import SOURCES

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
IMAGE = f"tca-infraforge:{VERSION}"
# The tests switch the limits off, which production refuses.
LIMITS = {name: Settings.model_fields[name].default for name in ("rate_limit_login", "rate_limit_api")}
# Names that are not settings of the console.
OTHERS = {"HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def _compose(name: str = "compose.yaml") -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / name).read_text())


def _objects() -> dict[str, dict[str, Any]]:
    """Every Kubernetes object by kind and name."""
    found = {}
    for path in sorted(KUBERNETES.rglob("*.yaml")):
        for one in yaml.safe_load_all(path.read_text()):
            if path.name != "kustomization.yaml":
                found[f"{one['kind']}/{one['metadata']['name']}"] = one
    return found


def _pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in _objects().items():
        if one["kind"] in ("Deployment", "Job"):
            yield name, one["spec"]["template"]


def _is_setting(name: str) -> bool:
    return name in FILE_NAMES or name.lower() in Settings.model_fields


def _dockerfile_environment() -> dict[str, str]:
    lines = re.findall(r"^ENV (.*)$", DOCKERFILE, re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in line.split())


def _units() -> list[str]:
    """The services and what they have in common."""
    folder = DEPLOY / "systemd"
    return [path.read_text() for path in (*folder.glob("*.service"), *folder.glob("*.service.d/*.conf"))]


def _unit_environment(unit: str) -> dict[str, str]:
    lines = re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in line.split())


def _console_services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in compose["services"].items() if "tca-infraforge" in one["image"]}


def test_every_name_in_an_environment_is_a_setting() -> None:
    names = set(_dockerfile_environment()) - OTHERS
    for page in ("compose.yaml", "compose.trial.yaml"):
        for one in _console_services(_compose(page)).values():
            names |= set(one["environment"])
    for unit in _units():
        names |= set(_unit_environment(unit)) - OTHERS
    names |= set(_objects()["ConfigMap/console"]["data"])
    assert [name for name in sorted(names) if not _is_setting(name)] == []


def test_every_command_is_one() -> None:
    known = {one.name or one.callback.__name__ for one in commands.registered_commands if one.callback}
    used = {
        one["command"][0]
        for page in ("compose.yaml", "compose.trial.yaml")
        for one in _console_services(_compose(page)).values()
    }
    used |= {pod["spec"]["containers"][0]["args"][0] for _name, pod in _pods()}
    used |= set(re.findall(r'^CMD \["(\w+)"\]$', DOCKERFILE, re.MULTILINE))
    for unit in _units():
        used |= set(re.findall(r"^ExecStart=.* -m tca_app (\w+)$", unit, re.MULTILINE))
    assert used == {"web", "worker", "migrate", "serve"}
    assert used <= known


def test_every_image_has_the_version() -> None:
    for page in ("compose.yaml", "compose.trial.yaml"):
        images = {one["image"] for one in _console_services(_compose(page)).values()}
        assert images == {f"${{CONSOLE_IMAGE:-{IMAGE}}}"}
    base = yaml.safe_load((KUBERNETES / "base" / "kustomization.yaml").read_text())
    assert [f"{one['name']}:{one['newTag']}" for one in base["images"]] == [IMAGE]
    assert {pod["spec"]["containers"][0]["image"] for _name, pod in _pods()} == {"tca-infraforge"}


def test_compose_is_a_production_that_starts() -> None:
    compose = _compose()
    services = _console_services(compose)
    assert {name: one["command"] for name, one in services.items()} == {
        "migrate": ["migrate"],
        "web-1": ["web"],
        "web-2": ["web"],
        "worker-1": ["worker"],
        "worker-2": ["worker"],
    }
    for one in services.values():
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        files = {name: path for name, path in one["environment"].items() if name.endswith("_FILE")}
        assert files == {f"{name.upper()}_FILE": f"/run/secrets/{name}" for name in one["secrets"]}
        assert one["environment"]["TRUSTED_PROXY_HOPS"] == "1"
    assert {name for name, one in compose["services"].items() if one.get("ports")} == {"nginx"}
    used = {name for one in compose["services"].values() for name in one.get("secrets", ())}
    assert set(compose["secrets"]) == used


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of deploy/ in which the secrets are made."""
    folder = tmp_path_factory.mktemp("deploy")
    shutil.copy(DEPLOY / "prepare", folder)
    subprocess.run([folder / "prepare", "https://console.test"], check=True, capture_output=True)
    return folder


def test_the_prepared_secrets_are_accepted_in_production(prepared: Path) -> None:
    secrets = prepared / "secrets"
    assert {path.name for path in secrets.iterdir()} == set(_compose()["secrets"])
    assert secrets.stat().st_mode & 0o777 == 0o700
    values = {name: (secrets / name).read_text() for name in _compose()["services"]["web-1"]["secrets"]}
    assert not any(value != value.strip() for value in values.values())
    settings = Settings(environment="production", public_url="https://console.test", **LIMITS, **values)
    assert production_faults(settings) == []
    assert (
        settings.redis_url.get_secret_value().split("@")[0].removeprefix("redis://:")
        in (secrets / "redis_conf").read_text()
    )


def test_backups_have_a_volume_that_the_user_of_the_image_may_write() -> None:
    compose, objects = _compose(), _objects()
    for one in _console_services(compose).values():
        folder = one["environment"]["BACKUP_DIR"]
        assert f"backups:{folder}" in one["volumes"]
        assert re.search(rf"install -d -m 0700 -o console -g console .*{folder}\b", DOCKERFILE)
    assert "backups" in compose["volumes"]
    component = yaml.safe_load((KUBERNETES / "components" / "backups" / "kustomization.yaml").read_text())
    patches = {one["target"]["name"]: yaml.safe_load(one["patch"]) for one in component["patches"]}
    assert {f"{one['target']['kind']}/{one['target']['name']}" for one in component["patches"]} <= set(objects)
    (setting,) = patches["console"]
    group, mount, volume = (step["value"] for step in patches["console-worker"])
    assert group == objects["Deployment/console-worker"]["spec"]["template"]["spec"]["securityContext"]["runAsGroup"]
    assert (setting["path"], setting["value"]) == ("/data/BACKUP_DIR", mount["mountPath"])
    assert mount["name"] == volume["name"]
    claim = volume["persistentVolumeClaim"]["claimName"]
    assert objects[f"PersistentVolumeClaim/{claim}"]["spec"]["accessModes"] == ["ReadWriteMany"]


def test_preparing_again_replaces_nothing(prepared: Path) -> None:
    before = {path.name: path.read_bytes() for path in (prepared / "secrets").iterdir()}
    again = subprocess.run([prepared / "prepare", "https://other.test"], check=True, capture_output=True, text=True)
    assert {path.name: path.read_bytes() for path in (prepared / "secrets").iterdir()} == before
    assert "PUBLIC_URL=https://console.test" in (prepared / ".env").read_text()
    assert "self-signed" not in again.stdout


def test_the_proxy_of_compose_is_that_of_the_template(prepared: Path) -> None:
    made = subprocess.run(
        ["sed", "-f", DEPLOY / "nginx-compose.sed", DEPLOY / "nginx.conf"], check=True, capture_output=True, text=True
    ).stdout
    assert "127.0.0.1:80" not in made
    web = {name for name, one in _console_services(_compose()).items() if one["command"] == ["web"]}
    assert set(re.findall(r"server (web-\d):8000 ", made)) == web
    assert {f"/run/secrets/{name}" for name in _compose()["services"]["nginx"]["secrets"]} == set(
        re.findall(r"ssl_certificate\w* (.*?);", made)
    )


def test_probes_ask_paths_and_ports_that_answer() -> None:
    routes = (*health_router.routes, *metrics_router.routes)
    paths = {route.path for route in routes if isinstance(route, APIRoute)}
    port = _dockerfile_environment()["PORT"]
    assert f"EXPOSE {port}" in DOCKERFILE
    assert set(re.findall(r"'GET', '(.*?)'", DOCKERFILE)) <= paths
    objects = _objects()
    (web,) = objects["Deployment/console-web"]["spec"]["template"]["spec"]["containers"]
    assert web["ports"] == [{"name": "http", "containerPort": int(port)}]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert web[probe]["httpGet"]["path"] in paths
        assert web[probe]["httpGet"]["port"] == "http"
    (scrape,) = objects["ServiceMonitor/console-web"]["spec"]["endpoints"]
    assert scrape["path"] in paths
    (worker,) = objects["Deployment/console-worker"]["spec"]["template"]["spec"]["containers"]
    (worker_port,) = worker["ports"]
    assert worker["env"] == [{"name": "WORKER_PORT", "value": str(worker_port["containerPort"])}]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert worker[probe]["httpGet"] == web[probe]["httpGet"]
    (scrape_worker,) = objects["ServiceMonitor/console-worker"]["spec"]["endpoints"]
    assert scrape_worker == scrape
    (allowed,) = objects["NetworkPolicy/console-worker"]["spec"]["ingress"]
    assert [one["port"] for one in allowed["ports"]] == [worker_port["containerPort"]]
    (allowed,) = objects["NetworkPolicy/console-web"]["spec"]["ingress"]
    assert [one["port"] for one in allowed["ports"]] == [int(port)]
    (service_port,) = objects["Service/console-web"]["spec"]["ports"]
    assert service_port["targetPort"] == service_port["name"] == scrape["port"] == "http"


def test_every_selector_finds_its_pods() -> None:
    objects, labels = _objects(), {name: pod["metadata"]["labels"] for name, pod in _pods()}
    selectors = {
        name: one["spec"].get("podSelector", one["spec"].get("selector", {}))
        for name, one in objects.items()
        if one["kind"] in ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy")
    }
    for name, selector in selectors.items():
        wanted = selector.get("matchLabels", selector).items()
        found = [pod for pod, has in labels.items() if wanted <= has.items()]
        assert len(found) == (3 if name == "NetworkPolicy/console-closed" else 1), name
    for one in objects.values():
        if one["kind"] == "HorizontalPodAutoscaler":
            target = one["spec"]["scaleTargetRef"]
            assert f"{target['kind']}/{target['name']}" in objects


def test_pods_run_as_the_user_of_the_image_and_write_nothing() -> None:
    (user,) = re.findall(r"^USER (\d+):\1$", DOCKERFILE, re.MULTILINE)
    for name, pod in _pods():
        assert pod["spec"]["securityContext"]["runAsUser"] == int(user), name
        assert pod["spec"]["securityContext"]["runAsNonRoot"], name
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"], name
        assert container["envFrom"] == [{"configMapRef": {"name": "console"}}, {"secretRef": {"name": "console"}}]


def test_the_address_of_an_overlay_is_one_everywhere() -> None:
    overlay = (KUBERNETES / "overlays" / "production" / "kustomization.yaml").read_text()
    base = "".join(path.read_text() for path in (KUBERNETES / "base").glob("*.yaml"))
    patched = set(re.findall(r"path: (/\S+),", overlay))
    assert patched == {"/data/PUBLIC_URL", "/spec/tls/0/hosts/0", "/spec/rules/0/host"}
    assert base.count("console.example.com") == len(patched)


def test_the_image_gets_everything_that_the_console_reads() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((ROOT / name).exists() for name in allowed)
    assert {"tca_app", "alembic", "alembic.ini", "assets", "rxconfig.py", "requirements.lock", "reflex.lock"} <= allowed
    assert not {".env", ".data", "deploy", ".git"} & allowed


def test_the_image_keeps_what_its_pages_were_built_from() -> None:
    """Otherwise it takes them for the pages of another version, and does not start."""
    (removed,) = re.findall(r"cd /app .*?rm -rf (.*?) \\\n", DOCKERFILE, re.DOTALL)
    assert not {pattern.split("/")[0] for pattern in SOURCES} & set(removed.split())


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
@pytest.mark.parametrize("overlay", ["production", "small"])
def test_an_overlay_renders(overlay: str) -> None:
    made = subprocess.run(
        ["kubectl", "kustomize", KUBERNETES / "overlays" / overlay], capture_output=True, text=True, check=True
    ).stdout
    objects = list(yaml.safe_load_all(made))
    assert {one["kind"] for one in objects} >= {"Deployment", "Job", "Ingress", "Service", "NetworkPolicy"}
    assert made.count(f"tca-infraforge:{VERSION}") == 3


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_an_overlay_with_backups_mounts_them_into_workers(tmp_path: Path) -> None:
    shutil.copytree(KUBERNETES, tmp_path, dirs_exist_ok=True)
    page = tmp_path / "overlays" / "small" / "kustomization.yaml"
    page.write_text(f"{page.read_text()}components: [../../components/backups]\n")
    made = subprocess.run(["kubectl", "kustomize", page.parent], capture_output=True, text=True, check=True).stdout
    mounts = {}
    for one in yaml.safe_load_all(made):
        if one["kind"] == "Deployment":
            (container,) = one["spec"]["template"]["spec"]["containers"]
            mounts[one["metadata"]["name"]] = [mount["mountPath"] for mount in container["volumeMounts"]]
    assert mounts == {"console-web": ["/tmp"], "console-worker": ["/tmp", "/backups"]}
