"""python -m services.registry"""

from services.registry.app import build
from shared.runtime.run import run
from shared.runtime.settings import RegistrySettings

if __name__ == "__main__":
    run("registry", RegistrySettings, build)
