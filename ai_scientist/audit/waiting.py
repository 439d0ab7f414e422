"""An audit is a plain function, also where what it asks is asynchronous and a loop is running already."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def wait(coroutine: Coroutine[object, object, T]) -> T:
    """Return what a coroutine gives."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
