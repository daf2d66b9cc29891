"""What a port promises, as tests: one suite per port, passed by each of its adapters in a small module of its own."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.event_store", f"{__name__}.inbox")
