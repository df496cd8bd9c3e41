"""Chance that repeats."""

from collections import Counter

import pytest

from app.demo.dice import Dice, Wheel


def test_a_seed_gives_these_very_numbers_on_every_python() -> None:
    dice = Dice("board", 7)

    drawn = [dice.between(0, 999) for _ in range(5)], dice.sample("abcdef", 3), dice.pick("xyz")

    assert drawn == ([197, 395, 519, 70, 989], ["e", "f", "a"], "z")


def test_between_reaches_both_ends_and_nothing_else() -> None:
    dice = Dice(1)

    assert {dice.between(-1, 2) for _ in range(200)} == {-1, 0, 1, 2}


def test_a_sample_has_no_repeats_and_leaves_the_options_alone() -> None:
    dice, options = Dice(1), [1, 2, 3, 4]

    samples = [dice.sample(options, 3) for _ in range(200)]

    assert all(len(set(sample)) == 3 for sample in samples)
    assert {number for sample in samples for number in sample} == {1, 2, 3, 4}
    assert options == [1, 2, 3, 4]


def test_a_sample_larger_than_the_options_is_all_of_them() -> None:
    assert sorted(Dice(1).sample([3, 1, 2], 9)) == [1, 2, 3]


def test_a_wheel_follows_its_weights_and_never_stops_at_zero() -> None:
    dice, wheel = Dice(1), Wheel([("never", 0), ("rare", 1), ("often", 9)])

    stops = Counter(wheel.spin(dice) for _ in range(2000))

    assert set(stops) == {"rare", "often"}
    assert 120 < stops["rare"] < 280


def test_a_wheel_without_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Wheel([("never", 0)])
