"""The setting of rate limits: off, on, or how many times as much."""

import pytest

from infrastructure import settings


@pytest.mark.parametrize(("text", "factor"), [("off", 0), ("OFF", 0), ("on", 1), ("0.5", 0.5), ("10", 10), ("", 0)])
def test_it_is_a_switch_or_a_factor(text: str, factor: float) -> None:
    assert settings.load({"HOOKLEDGER_RATE_LIMITS": text}).rate_limits == factor


def test_it_is_off_by_default() -> None:
    assert settings.load({}).rate_limits == 0


@pytest.mark.parametrize("text", ["yes", "0", "-1", "nan", "inf", "1001"])
def test_anything_else_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(settings.SettingRefused, match=r"it must be off, on, or a number from 0\.001 to 1000"):
        settings.load({"HOOKLEDGER_RATE_LIMITS": text})
