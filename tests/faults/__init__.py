"""What breaks in the world, broken on purpose: processes, servers and connections, under load."""

import pytest

pytest.register_assert_rewrite("tests.recounts")
