"""Bodies that are made while they are sent: one that breaks does not end as if it were whole, whatever broke it."""

import asyncio
from collections.abc import Iterator

import pytest

from interfaces.http import streaming


def breaking(error: Exception) -> Iterator[bytes]:
    yield b"a"
    yield b""
    raise error


async def taken(made: Iterator[bytes], into: list[bytes]) -> None:
    async for chunk in streaming.chunks(made):
        into.append(chunk)


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RuntimeError("x")])
def test_what_breaks_is_raised(error: Exception) -> None:
    chunks: list[bytes] = []
    with pytest.raises(type(error)):
        asyncio.run(taken(breaking(error), chunks))
    assert chunks == [b"a", b""]


def test_the_end_is_the_end() -> None:
    chunks: list[bytes] = []
    asyncio.run(taken(iter([b"a", b"b"]), chunks))
    assert chunks == [b"a", b"b"]
