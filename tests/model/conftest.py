"""The rules are plain functions beside the test; their asserts explain themselves as a test's do."""

import pytest

pytest.register_assert_rewrite("model_rules")
