"""The two protocols of drawing have one shape, and are chosen in one place."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import coreselect.imbalance
from coreselect import SMOTE
from coreselect.imbalance._base.draws import OwnDraws
from coreselect.imbalance._base.imblearn_draws import ImblearnDraws


def public(kind):
    return {
        name: inspect.signature(value)
        for name, value in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }


def test_both_protocols_have_the_same_methods_with_the_same_arguments():
    assert public(OwnDraws) == public(ImblearnDraws)


def test_no_resampler_looks_at_the_protocol():
    """Only the base chooses; everyone else asks the object that it is given."""
    root = Path(coreselect.imbalance.__file__).parent
    for path in sorted(root.rglob("*.py")):
        looks = re.findall(
            r"\bprotocol (?:==|!=|in|is) .*|import ImblearnDraws",
            path.read_text("utf-8"),
        )
        if path.name not in ("resampler.py", "draws.py", "imblearn_draws.py"):
            assert looks == [], path.name


def test_random_numbers_of_imbalanced_learn_start_again_or_go_on():
    """With an int, `check_random_state` starts anew; `rng` goes on."""
    draws = ImblearnDraws(3)
    again = [draws.evenly(100, 5, None) for _ in range(2)]
    assert_array_equal(again[0], again[1])
    on = [draws.with_repeats(100, 5, None) for _ in range(2)]
    assert not np.array_equal(on[0], on[1])
    assert_array_equal(on[0], draws.anew().with_repeats(100, 5, None))


def test_each_class_has_a_stream_that_starts_with_it():
    draws = OwnDraws(3)
    first = draws.of_class(1).rng.random(3)
    draws.of_class(0).rng.random(7)
    assert_array_equal(first, draws.of_class(1).rng.random(3))
    assert not np.array_equal(first, draws.of_class(0).rng.random(3))


@pytest.mark.parametrize("value", [-1, 1.5, True, "0", np.random.SeedSequence(0)])
def test_what_is_no_random_state(value):
    for protocol in ("coreselect", "imblearn"):
        with pytest.raises(ValueError, match="'random_state' parameter of SMOTE must"):
            SMOTE(random_state=value, protocol=protocol).fit([[0.0], [1.0]], [0, 1])


def test_numbers_and_generators_that_only_our_protocol_takes():
    for value in (2**32, np.random.default_rng(0)):
        OwnDraws.check_random_state(value)
        with pytest.raises(ValueError, match=r"from 0 to 2\*\*32 - 1 or a RandomState"):
            ImblearnDraws.check_random_state(value)
