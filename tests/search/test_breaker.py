"""The circuit breaker, on a clock of its own."""

from app.search.breaker import CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def breaker(patience: int = 1) -> tuple[CircuitBreaker, Clock]:
    clock = Clock()
    return CircuitBreaker(first_pause=1, longest_pause=4, patience=patience, clock=clock), clock


def test_everybody_is_let_through_until_something_fails() -> None:
    made, _ = breaker()

    assert (made.lets_through(), made.lets_through(), made.succeeded()) == (True, True, False)
    assert made.failed()
    assert not made.lets_through()


def test_after_the_pause_one_is_let_through_and_the_others_wait_for_it() -> None:
    made, clock = breaker()
    made.failed()
    clock.now = 1.0

    assert [made.lets_through() for _ in range(3)] == [True, False, False]
    assert made.succeeded()
    assert [made.lets_through() for _ in range(3)] == [True, True, True]


def test_one_that_never_comes_back_is_followed_by_another() -> None:
    made, clock = breaker()
    made.failed()
    clock.now = 1.0
    made.lets_through()

    clock.now = 2.0

    assert made.lets_through()


def test_several_late_answers_in_a_row_open_it() -> None:
    made, _ = breaker(patience=3)

    scattered = [made.was_late(), made.was_late(), made.succeeded(), made.was_late(), made.was_late()]
    was_closed = made.is_closed

    assert scattered == [False] * 5
    assert was_closed
    assert made.was_late()
    assert not made.lets_through()


def test_it_tells_how_long_it_stays_open() -> None:
    made, clock = breaker()
    made.failed()
    made.failed()
    clock.now = 0.5

    assert made.pause_left == 1.5
    clock.now = 3.0
    assert made.pause_left == 0.0
    made.succeeded()
    assert made.pause_left == 0.0


def test_what_is_late_again_is_asked_again_after_the_first_pause() -> None:
    made, clock = breaker()
    made.failed()
    made.failed()
    clock.now = 2.0
    made.lets_through()

    news = made.was_late()
    clock.now = 3.0

    assert not news
    assert made.lets_through()


def test_the_pause_doubles_up_to_the_longest_and_begins_anew_after_a_success() -> None:
    made, clock = breaker()
    pauses = []
    for _ in range(4):
        made.failed()
        began = clock.now
        while not made.lets_through():
            clock.now += 0.5
        pauses.append(clock.now - began)
    made.succeeded()
    made.failed()
    clock.now += 1.0

    assert pauses == [1.0, 2.0, 4.0, 4.0]
    assert made.lets_through()
