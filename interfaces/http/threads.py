"""The threads in which handlers run: more than calls can hold that wait for the worker, so that others are served."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from application.waiting import SEATS

THREADS = SEATS + 32


@asynccontextmanager
async def plenty(_: object) -> AsyncIterator[None]:
    """Give the event loop of an application its threads; by itself it has six on two cores."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="handler"))
    yield
