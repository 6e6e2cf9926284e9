"""python -m services.dispatch"""

from services.dispatch.app import build
from shared.runtime.run import run
from shared.runtime.settings import Settings

if __name__ == "__main__":
    run("dispatch", Settings, build)
