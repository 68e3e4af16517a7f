"""What all tests of layers have."""

import pytest
import tf_keras as keras


@pytest.fixture(autouse=True)
def _same_first_values() -> None:
    """Else they hang on what ran before, and the few ReLUs of a small layer can all be dead."""
    keras.utils.set_random_seed(1)
