"""Advisory locks are numbers that all of a database share: whoever takes one that another has waits for ever."""

import re
from collections import Counter
from pathlib import Path

NUMBER = re.compile(r"= (7_402_511_\d{3})\b")


def test_every_advisory_lock_has_a_number_of_its_own() -> None:
    numbers = [number for file in Path("infrastructure").rglob("*.py") for number in NUMBER.findall(file.read_text())]
    assert len(numbers) >= 6
    shared = [number for number, times in Counter(numbers).items() if times > 1]
    assert not shared, f"{shared} stand for several locks: give the newer one the next number that is free"
