"""How long the analysis rests beside a training, on a clock of the test's own."""

import pytest

from creode._pace import UNKNOWN_SLOWING, Pace


class Training:
    """Steps of a training of one second each, longer by a factor beside the analysis."""

    def __init__(self, share, slower):
        self.now = 0.0
        self.slower = slower
        self.pace = Pace(share, lambda: self.now)

    def steps(self, count, secs=1.0):
        for _ in range(count):
            self.now += secs
            self.pace.step()

    def analysed(self, count):
        with self.pace.work():
            self.steps(count, self.slower)


@pytest.mark.parametrize("slower", [1.1, 1.5, 3.0])
def test_the_training_loses_no_more_than_the_share(slower):
    training = Training(0.03, slower)
    training.steps(20)
    training.analysed(20)
    training.steps(20)
    begun, steps = training.now, 0
    for _ in range(10):
        training.analysed(50)
        rest = round(training.pace.rest_secs)
        training.steps(rest)
        steps += 50 + rest
    assert training.pace.slowing == pytest.approx(1 - 1 / slower, rel=1e-9)
    lost = 1 - steps / (training.now - begun)
    assert lost == pytest.approx(0.03, abs=0.001)


def test_what_costs_nothing_goes_on_without_a_rest():
    training = Training(0.03, 1.0)
    training.steps(20)
    training.analysed(20)
    training.analysed(20)
    assert training.pace.rest_secs == 0


def test_before_anything_is_known_half_of_the_speed_is_assumed_lost():
    training = Training(0.1, 1.0)
    training.analysed(4)
    assert training.pace.slowing is None
    assert training.pace.rest_secs == pytest.approx(4 * (UNKNOWN_SLOWING - 0.1) / 0.1)


def test_evaluations_are_no_steps():
    training = Training(0.03, 1.2)
    for _ in range(20):
        training.steps(10)
        training.steps(1, 100.0)
        training.analysed(12)
    assert training.pace.slowing == pytest.approx(1 - 1 / 1.2, rel=1e-9)


def test_no_rest_while_the_training_takes_no_steps_or_waits_or_is_over():
    training = Training(0.01, 2.0)
    training.steps(20)
    training.analysed(1000)
    training.steps(1)
    assert training.pace.rest_secs > 1000
    with training.pace.freely():
        assert training.pace.rest_secs == 0
    assert training.pace.rest_secs > 1000
    training.now += 11
    assert training.pace.rest_secs == 0
    training.steps(1)
    assert training.pace.rest_secs > 1000
    training.pace.end()
    assert training.pace.rest_secs == 0
