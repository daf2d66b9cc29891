"""Bodies that are made while they are sent. One that breaks must not look as if it had come to its end."""

import asyncio
from collections.abc import AsyncIterator, Iterator


async def chunks(made: Iterator[bytes]) -> AsyncIterator[bytes]:
    """What an iterator makes, each piece in a thread. What it raises cuts the answer off, whatever it is."""
    while (chunk := await asyncio.to_thread(next, made, None)) is not None:
        yield chunk
