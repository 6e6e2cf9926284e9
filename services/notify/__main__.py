"""python -m services.notify"""

from services.notify.app import build
from shared.runtime.run import run
from shared.runtime.settings import NotifySettings

if __name__ == "__main__":
    run("notify", NotifySettings, build)
