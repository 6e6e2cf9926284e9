"""Several parts at once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed


def together(abandoned: threading.Event, tasks: Sequence[Callable[[], None]]) -> None:
    """Do all at once. The first failure is raised, and `abandoned` tells the others to wait no longer."""
    if not tasks:
        return
    with ThreadPoolExecutor(len(tasks)) as pool:
        try:
            for done in as_completed([pool.submit(task) for task in tasks]):
                done.result()
        except BaseException:
            abandoned.set()
            raise
