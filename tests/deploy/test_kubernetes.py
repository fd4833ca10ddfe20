"""T&I and PRD on Kubernetes: what kustomize makes of them is valid, restricted, and neither reaches the other."""

from __future__ import annotations

import ipaddress
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.cli.keys import generate
from gateway.config.lint import findings
from gateway.config.suites import failures
from tests.deploy.tools import ROOT, run

ENVIRONMENTS = ("ti", "prd")
VERSION = "1.33"
GATEWAY = {"app.kubernetes.io/name": "toegangspoort", "app.kubernetes.io/component": "gateway"}


@pytest.fixture(scope="module")
def made() -> dict[str, list[dict[str, Any]]]:
    """By environment, all that `kubectl apply -k` would send."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed here; Debian's is too old to know kustomize's `labels`")
    found = {}
    for name in ENVIRONMENTS:
        done = run(kubectl, "kustomize", ROOT / "deploy/kubernetes" / name)
        assert done.returncode == 0, done.stderr
        found[name] = list(yaml.safe_load_all(done.stdout))
    return found


def one(resources: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = (each for each in resources if each["kind"] == kind)
    return found


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_kubernetes_takes_it(made: dict[str, list[dict[str, Any]]], name: str) -> None:
    import kubernetes_validate  # takes seconds, which collecting the tests should not

    for each in made[name]:
        kubernetes_validate.validate(each, VERSION, strict=True)
        assert each["metadata"].get("namespace", each["metadata"]["name"]) == f"toegangspoort-{name}"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(one(made[name], "Deployment") | {"specs": {}}, VERSION, strict=True)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_pod_is_restricted(made: dict[str, list[dict[str, Any]]], name: str) -> None:
    """As the standard `restricted` of Kubernetes asks, which the namespace enforces, and more."""
    labels = one(made[name], "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pod = one(made[name], "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert pod["automountServiceAccountToken"] is False
    written = {each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")}
    assert written == {"/var/lib/toegangspoort", "/tmp"}
    volumes = {each["name"]: each for each in pod["volumes"]}
    assert volumes["secrets"] == {
        "name": "secrets",
        "secret": {"secretName": "toegangspoort", "defaultMode": 0o440},
    }
    assert not [each for each in made[name] if each["kind"] == "Secret"]
    assert container["env"] == [{"name": "GATEWAY_ENV", "value": name}]
    assert container["resources"]["requests"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_pods_are_replaced_without_a_gap(made: dict[str, list[dict[str, Any]]], name: str) -> None:
    deployment = one(made[name], "Deployment")["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    probes = {
        kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")
    }
    assert probes == {"startup": "/startupz", "liveness": "/healthz", "readiness": "/readyz"}
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert deployment["replicas"] >= 2
    assert pod["terminationGracePeriodSeconds"] >= 60
    labels = deployment["template"]["metadata"]["labels"]
    budget = one(made[name], "PodDisruptionBudget")["spec"]
    service = one(made[name], "Service")["spec"]
    for selector in (
        deployment["selector"]["matchLabels"], budget["selector"]["matchLabels"], service["selector"],
        *(each["labelSelector"]["matchLabels"] for each in pod["topologySpreadConstraints"]),
    ):  # fmt: skip
        assert selector.items() <= labels.items()
    assert budget["maxUnavailable"] < deployment["replicas"]


def placed(name: str, folder: Path, secrets: Path) -> Path:
    text = (ROOT / f"deploy/kubernetes/{name}/config.yaml").read_text()
    path = folder / "config.yaml"
    path.write_text(text.replace("/run/secrets/toegangspoort", str(secrets)))
    return path


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Secret holds: two machines that never meet may have the same here."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "store-password").write_text("a password of Redis")
    (folder / "store-password").chmod(0o400)
    generate("ti", placed("ti", folder.parent, folder))
    return folder


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_configuration_is_one_without_a_warning(name: str, secrets: Path, tmp_path: Path) -> None:
    config, found = findings(placed(name, tmp_path, secrets))
    assert not found
    assert not failures(config, name)
    # What it writes is in the volume.
    assert config.blocks_file(name).parent == Path("/var/lib/toegangspoort")


@dataclass(frozen=True)
class Place:
    """A pod, or an address outside where it has no namespace."""

    address: str
    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)


def chosen(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    assert not (selector or {}).get("matchExpressions")
    return selector is not None and selector.get("matchLabels", {}).items() <= labels.items()


def peer_is(peer: dict[str, Any], other: Place, namespace: str) -> bool:
    if "ipBlock" in peer:
        address = ipaddress.ip_address(other.address)
        inside = address in ipaddress.ip_network(peer["ipBlock"]["cidr"])
        return inside and not any(
            address in ipaddress.ip_network(each) for each in peer["ipBlock"].get("except", ())
        )
    where = {"kubernetes.io/metadata.name": other.namespace}
    there = (
        chosen(peer["namespaceSelector"], where)
        if "namespaceSelector" in peer
        else other.namespace == namespace
    )
    return (
        bool(other.namespace)
        and there
        and ("podSelector" not in peer or chosen(peer["podSelector"], other.labels))
    )


def lets(policies: list[dict[str, Any]], side: str, here: Place, other: Place, port: int, to: Place) -> bool:
    """Whether the policies of the pod `here` let it talk on this side."""
    mine = [
        each for each in policies
        if each["metadata"]["namespace"] == here.namespace
        and side.capitalize() in each["spec"]["policyTypes"]
        and chosen(each["spec"]["podSelector"], here.labels)
    ]  # fmt: skip
    if not mine:
        return True
    rules = [rule for each in mine for rule in each["spec"].get(side, ())]
    return any(
        any(to.ports.get(each["port"], each["port"]) == port for each in rule["ports"])
        and any(peer_is(peer, other, here.namespace) for peer in rule["from" if side == "ingress" else "to"])
        for rule in rules
    )


NAMED = {"http": 8000, "observe": 8001}
PLACES = {
    **{f"{name} gateway": Place("10.1.0.1", f"toegangspoort-{name}", GATEWAY, NAMED) for name in ENVIRONMENTS},
    **{f"{name} redis": Place("10.1.0.2", f"toegangspoort-{name}", {"app.kubernetes.io/name": "redis"}) for name in ENVIRONMENTS},
    **{f"{name} register": Place("10.1.0.3", f"register-{name}", {"app": "register"}) for name in ENVIRONMENTS},
    "front": Place("10.1.0.4", "ingress-nginx"),
    "watcher": Place("10.1.0.5", "monitoring"),
    "dns": Place("10.1.0.6", "kube-system", {"k8s-app": "kube-dns"}),
    "somebody": Place("10.1.0.7", "default"),
    "acm": Place("193.190.1.1"),
    "cloud metadata": Place("169.254.169.254"),
    "a machine inside": Place("10.200.0.1"),
}  # fmt: skip
PATHS = {
    ("front", "{} gateway", 8000), ("watcher", "{} gateway", 8001), ("{} gateway", "{} redis", 6379),
    ("{} gateway", "{} register", 8080), ("{} gateway", "dns", 53), ("{} gateway", "acm", 443),
}  # fmt: skip


def test_only_these_ways_are_open_and_none_from_one_environment_to_the_other(
    made: dict[str, list[dict[str, Any]]],
) -> None:
    policies = [each for name in ENVIRONMENTS for each in made[name] if each["kind"] == "NetworkPolicy"]
    ours = {place for place in PLACES if place.endswith((" gateway", " redis"))}
    found = {
        (source, target, port)
        for source, here in PLACES.items()
        for target, there in PLACES.items()
        for port in (53, 80, 443, 6379, 8000, 8001, 8080)
        if source != target
        and (source in ours or target in ours)
        and lets(policies, "egress", here, there, port, there)
        and lets(policies, "ingress", there, here, port, there)
    }
    assert found == {
        (source.format(name), target.format(name), port)
        for source, target, port in PATHS
        for name in ENVIRONMENTS
    }
