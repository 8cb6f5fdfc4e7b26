"""Exercises whose function returns several results: in which forms and in which order."""

import numpy as np
import pytest

from dlkit.exercises import check
from dlkit.exercises.registry import get


@pytest.fixture(autouse=True)
def nothing_is_recorded(monkeypatch):
    monkeypatch.setenv("DLKIT_PROGRESS", "memory")


def test_several_results_may_come_in_a_list_or_an_array():
    right = get("07.3").solution
    for form in (tuple, list, np.array):
        assert check(
            "07.3", lambda losses, patience, form=form: form(right(losses, patience))
        ).passed
    assert "it returned an array of shape ()" in check("07.3", lambda *a: np.array(3.0)).message
    assert "it returned an array of shape (3,)" in check("07.3", lambda *a: np.ones(3)).message


def test_right_results_in_another_order_are_told_so():
    right = get("07.3").solution
    message = check("07.3", lambda losses, patience: right(losses, patience)[::-1]).message
    assert "in another order: `return stop, best`" in message
    swapped = check("07.4", lambda *both: get("07.4").solution(*both)[::-1])
    assert "in another order: `return bias, variance`" in swapped.message


def test_a_gradient_that_reaches_the_units_that_were_off_is_no_multiple_of_the_right_one():
    def no_mask_backward(x, upstream, u, rate):
        return get("07.2").solution(x, upstream, u, rate)[0], upstream / (1 - rate)

    message = check("07.2", no_mask_backward).message
    assert "reaches the units that were off" in message and "times" not in message
