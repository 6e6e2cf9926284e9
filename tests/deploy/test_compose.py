"""The containers, as far as that can be seen without an engine: the file, its secrets, its programs."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from pymongo.uri_parser import parse_uri
from yarl import URL

from deploy.compose.store import REPLICA_SET
from deploy.stack import SERVICES, Stack
from deploy.stack.ports import Ports
from tests.support.composed import ENV_SCRIPT, FILE, ROOT, SETTINGS, VARIABLE, made_env, read, read_env

SETUPS = ("broker-setup", "store-setup")

COMPOSE = read()
RULES = json.loads((Path(__file__).parent / "compose-rules.json").read_text(encoding="utf-8"))


def mistakes(text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(RULES).iter_errors(yaml.safe_load(text))]


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the script writes into .env."""
    return read_env(made_env(tmp_path_factory.mktemp("checkout")))


def settings_of(service: str, values: dict[str, str]) -> dict[str, str]:
    return COMPOSE.services[service].filled_in(values)


def test_the_file_keeps_to_the_specification() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert mistakes(text) == []
    assert mistakes(text.replace("depends_on:", "depends-on:"))
    assert mistakes(text.replace("interval: 10s", "interval: 10"))
    assert mistakes(text.replace("service_completed_successfully", "service_completed"))


def test_the_file_keeps_to_the_official_schema() -> None:
    schema = json.loads((files("check_jsonschema.builtin_schemas.vendor") / "compose-spec.json").read_text())
    validator = validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(yaml.safe_load(FILE.read_text()))] == []


def test_every_path_that_is_named_is_in_the_checkout() -> None:
    for service in COMPOSE.services.values():
        if service.build:
            assert (ROOT / service.build.context / service.build.dockerfile).is_file()
        for mount in service.mounts():
            is_there = mount.source in COMPOSE.volumes or (ROOT / mount.source).is_file()
            assert is_there, mount.source


def test_every_network_and_service_that_is_named_exists() -> None:
    for service in COMPOSE.services.values():
        assert set(service.networks) <= set(COMPOSE.networks)
        assert set(service.depends_on) <= set(COMPOSE.services)


@pytest.mark.parametrize("name", [*SERVICES, *SETUPS])
def test_every_program_that_is_named_is_there(name: str) -> None:
    service = COMPOSE.services[name]
    programs = [service.command[0]]
    if service.healthcheck.test:
        *start, program = service.healthcheck.test
        assert start == ["CMD", "python", "-m"]
        programs.append(program)
    for program in programs:
        path = ROOT / program.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), program


def test_every_variable_is_written_by_the_script_and_no_other(values: dict[str, str]) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert {found[1] for found in VARIABLE.finditer(text)} == set(values)
    assert "$" not in VARIABLE.sub("", text)


def test_every_secret_is_new_long_and_used_for_one_thing(values: dict[str, str], tmp_path: Path) -> None:
    secrets = [value for name, value in values.items() if not name.startswith("LINLI_")]
    assert len(secrets) == 16
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in secrets)
    assert len(set(secrets) | set(read_env(made_env(tmp_path)).values())) >= 2 * len(secrets)


def test_secrets_are_the_owners_alone_and_never_replaced(tmp_path: Path) -> None:
    env = made_env(tmp_path)
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    before = env.read_text()
    again = subprocess.run(["sh", str(tmp_path / ENV_SCRIPT)], capture_output=True, text=True)
    assert again.returncode == 1
    assert "stays as it is" in again.stderr
    assert env.read_text() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [".env"]


def test_secrets_stay_out_of_the_repository_and_the_image() -> None:
    assert {"/.env", "/.env.*"} <= set((ROOT / ".gitignore").read_text().splitlines())
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_no_password_stands_in_the_file() -> None:
    for service in COMPOSE.services.values():
        for name, text in service.environment.items():
            if re.search("PASSWORD|SECRET", name):
                assert VARIABLE.fullmatch(text), name
            for password in re.findall(r"//\w+:(.*)@", text):
                assert VARIABLE.fullmatch(password), name
            assert not re.search("^(RABBITMQ|MONGO)_", name), "the images' own ways to set a password"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_given_what_it_asks_for(
    service: str, values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings_of(service, values)
    fields = SETTINGS[service].model_fields
    assert set(given) <= {f"LINLI_{name.upper()}" for name in fields}
    assert set(given) >= {f"LINLI_{name.upper()}" for name, field in fields.items() if field.is_required()}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = SETTINGS[service]()
    assert settings.port == Ports(8000).of(service)
    assert settings.url_of(service) == f"http://{service}:{settings.port}"
    assert settings.key_file.parent in {Path(one.target) for one in COMPOSE.services[service].mounts()}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_given_the_settings_that_it_has_in_the_native_stack(
    service: str, tmp_path: Path
) -> None:
    native = Stack(tmp_path / "data").environment(service)
    assert set(COMPOSE.services[service].environment) == set(native)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reaches_both_servers_as_itself(service: str, values: dict[str, str]) -> None:
    given = settings_of(service, values)
    store = parse_uri(given["LINLI_MONGO_URL"])
    assert store["nodelist"] == [("mongodb", 27017)]
    assert (store["username"], store["database"]) == (service, given["LINLI_MONGO_DB"])
    assert store["options"] == {"authSource": f"linli_{service}", "replicaSet": REPLICA_SET}
    broker = URL(given["LINLI_AMQP_URL"])
    assert (broker.user, broker.host, broker.port, broker.path) == (service, "rabbitmq", 5672, "/")


def test_registry_knows_the_secrets_of_the_others_clients(values: dict[str, str]) -> None:
    registry = settings_of("registry", values)
    for service in set(SERVICES) - {"registry"}:
        own = settings_of(service, values)["LINLI_CLIENT_SECRET"]
        assert registry[f"LINLI_{service.upper()}_SECRET"] == own


def test_everything_has_a_health_check_but_what_others_wait_for_to_end() -> None:
    awaited = [on for service in COMPOSE.services.values() for on in service.depends_on.items()]
    ends = {name for name, how in awaited if how.condition == "service_completed_successfully"}
    assert ends == set(SETUPS)
    assert {name for name, service in COMPOSE.services.items() if service.healthcheck.disable} == ends
    for name, how in awaited:
        assert how.condition == "service_healthy" or name in SETUPS


def test_images_are_of_a_major_version() -> None:
    assert {service.image for service in COMPOSE.services.values()} == {"linli:0.1", "mongo:8", "rabbitmq:4"}


def test_the_services_and_what_prepares_the_servers_are_one_image() -> None:
    ours = [COMPOSE.services[name] for name in (*SERVICES, *SETUPS)]
    assert len({(service.image, str(service.build)) for service in ours}) == 1
    assert not [service for service in ours if service.entrypoint]


def test_nothing_is_published_but_the_services_on_loopback() -> None:
    published = {name: service.ports for name, service in COMPOSE.services.items() if service.ports}
    assert published == {
        name: [f"127.0.0.1:{port}:{port}"] for name in SERVICES for port in [Ports(8000).of(name)]
    }
    assert COMPOSE.networks["inside"] == {"internal": True}
    assert {name for name, one in COMPOSE.services.items() if "outside" in one.networks} == set(SERVICES)


@pytest.mark.parametrize("name", [*SERVICES, *SETUPS])
def test_our_containers_may_do_little(name: str) -> None:
    service = COMPOSE.services[name]
    assert service.read_only
    assert service.cap_drop == ["ALL"]
    assert service.security_opt == ["no-new-privileges:true"]


def test_a_volume_is_written_by_one_service_alone() -> None:
    mounted = [mount for service in COMPOSE.services.values() for mount in service.mounts()]
    written = [mount.source for mount in mounted if mount.type == "volume" and not mount.read_only]
    assert sorted(written) == sorted(COMPOSE.volumes)
    assert all(mount.read_only for mount in mounted if mount.type == "bind")


@pytest.mark.parametrize(
    "script", sorted((ROOT / "deploy" / "compose").glob("*.sh")), ids=lambda path: path.name
)
def test_a_script_can_be_parsed(script: Path) -> None:
    shell = script.read_text().splitlines()[0].split("/")[-1].removeprefix("env ")
    subprocess.run([shell, "-n", str(script)], check=True)
