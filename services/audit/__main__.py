"""python -m services.audit"""

from services.audit.app import build
from shared.runtime.run import run
from shared.runtime.settings import Settings

if __name__ == "__main__":
    run("audit", Settings, build)
