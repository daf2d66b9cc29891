"""What a port promises, as tests: one suite per port, which each of its adapters passes in a small module of its own."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.event_store", f"{__name__}.inbox")
