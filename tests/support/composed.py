"""docker-compose.yml as data, and its variables filled in as Compose would fill them in."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel

from shared.runtime.settings import NotifySettings, RegistrySettings, Settings

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
ENV_SCRIPT = Path("deploy/compose/make-env.sh")

SETTINGS: dict[str, type[Settings]] = {
    "registry": RegistrySettings,
    "dispatch": Settings,
    "notify": NotifySettings,
    "audit": Settings,
}

# ${NAME:?message} must be set and not empty, ${NAME?message} must be set. No other form is used.
VARIABLE = re.compile(r"\$\{([A-Z_]+)(:?)\?[^}]+\}")


class Build(BaseModel):
    context: str
    dockerfile: str


class Mount(BaseModel):
    type: str
    source: str
    target: str
    read_only: bool = False


class Health(BaseModel):
    disable: bool = False
    test: list[str] = []


class Awaited(BaseModel):
    condition: str


class Composed(BaseModel):
    """One service of the file; its shape is held to compose-rules.json elsewhere."""

    image: str
    build: Build | None = None
    entrypoint: list[str] = []
    command: list[str] = []
    environment: dict[str, str] = {}
    healthcheck: Health
    depends_on: dict[str, Awaited] = {}
    ports: list[str] = []
    volumes: list[str | Mount] = []
    networks: list[str] = []
    network_mode: str | None = None
    read_only: bool = False
    cap_drop: list[str] = []
    security_opt: list[str] = []

    def filled_in(self, values: Mapping[str, str]) -> dict[str, str]:
        """Its environment. Raises KeyError for a variable that has no value."""
        return {name: _filled_in(text, values) for name, text in self.environment.items()}

    def mounts(self) -> list[Mount]:
        """What is mounted, the short form written out."""
        return [_mount(one) if isinstance(one, str) else one for one in self.volumes]


class ComposeFile(BaseModel):
    services: dict[str, Composed]
    networks: dict[str, dict[str, bool] | None]
    volumes: dict[str, None]


def _mount(short: str) -> Mount:
    source, target, *options = short.split(":")
    return Mount(type="volume", source=source, target=target, read_only="ro" in options)


def read() -> ComposeFile:
    """The file, extension fields merged in and left out."""
    return ComposeFile.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def made_env(checkout: Path) -> Path:
    """Run a copy of the script in another checkout; the .env that it wrote there."""
    script = checkout / ENV_SCRIPT
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / ENV_SCRIPT, script)
    subprocess.run(["sh", str(script)], check=True, capture_output=True)
    return checkout / ".env"


def read_env(path: Path) -> dict[str, str]:
    """A .env file of NAME=value lines and comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _filled_in(text: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name, needs_content = found.groups()
        if needs_content and not values[name]:
            raise KeyError(name)
        return values[name]

    return VARIABLE.sub(value, text)
