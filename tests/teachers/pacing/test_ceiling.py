"""The ceiling by itself: when it grows, when and how far it falls, and what goes after a hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachers.pacing.ceiling import FALTER_S, SOFT, Ceiling, Flight


def filled(ceiling: Ceiling, now: float) -> list[Flight]:
    """Takes every place, at whatever moment it opens."""
    flights = []
    while (at := ceiling.opens_at()) is not None:
        now = max(now, at)
        flights.append(ceiling.take(now))
    return flights


class Line:
    """More requests than there are places: each place is taken as soon as it is free."""

    def __init__(self, ceiling: Ceiling) -> None:
        self.ceiling, self.now = ceiling, 0.0
        self.flying: list[Flight] = []
        self.fill()

    def fill(self) -> None:
        while (at := self.ceiling.opens_at()) is not None and at <= self.now + 0.1:
            self.now = max(self.now, at)
            self.flying.append(self.ceiling.take(self.now))

    def turn(self, latency_s: float = 0.1) -> None:
        """A round trip: all that is in flight is answered, and each answer lets the next go."""
        now, self.flying = self.flying, []
        self.now = max(flight.sent_at for flight in now) + latency_s
        for flight in now:
            self.ceiling.answered(flight, self.now)
            self.fill()


def test_the_start_doubles_each_round_trip_up_to_the_bound() -> None:
    ceiling = Ceiling(100)
    line, levels = Line(ceiling), [ceiling.level]
    for _ in range(3):
        line.turn()
        levels.append(ceiling.level)
    assert levels == [25, 50, 100, 100]


def test_a_place_that_is_not_used_makes_no_room() -> None:
    ceiling = Ceiling(100)
    for second in range(50):
        ceiling.answered(ceiling.take(second), second + 0.1)
    assert ceiling.level == 25


@given(st.integers(10, 300), st.data())
def test_an_episode_cuts_once_whatever_its_refusals(most: int, data: st.DataObject) -> None:
    ceiling = Ceiling(most)
    flights = filled(ceiling, 0.0)
    refused = data.draw(st.integers(1, len(flights)))
    for flight in data.draw(st.permutations(flights))[:refused]:
        ceiling.refused(flight, 1.0, 1.0)
    assert ceiling.cuts == 1
    assert ceiling.level == pytest.approx(max(1.0, SOFT * max(1, len(flights) - refused)))
    assert ceiling.in_flight == len(flights) - refused


@given(st.lists(st.sampled_from(["take", "answer", "refuse", "falter", "drop", "wait"]), max_size=300), st.data())
def test_never_more_in_flight_than_the_ceiling(steps: list[str], data: st.DataObject) -> None:
    """But for those that were let through before it fell; and it stays between 1 and its bound."""
    ceiling, now = Ceiling(40), 0.0
    flying: list[Flight] = []
    for step in steps:
        if step == "wait":
            now += data.draw(st.floats(0, 3))
        elif step == "take":
            at = ceiling.opens_at()
            if at is not None and at <= now:
                flying.append(ceiling.take(now))
                assert ceiling.in_flight <= ceiling.level
        elif flying:
            flight = flying.pop(data.draw(st.integers(0, len(flying) - 1)))
            if step == "answer":
                ceiling.answered(flight, now)
            elif step == "refuse":
                ceiling.refused(flight, now, data.draw(st.sampled_from([None, 0.0, 1.0, 9.0])))
            elif step == "falter":
                ceiling.faltered(flight, now)
            else:
                ceiling.dropped(flight)
        assert 1 <= ceiling.level <= 40
        assert ceiling.in_flight == len(flying)


def test_a_full_server_gets_one_for_each_that_it_ends() -> None:
    ceiling = Ceiling(40)
    flights = filled(ceiling, 0.0)
    ceiling.refused(flights[0], 0.1, 1.0)
    assert ceiling.level == pytest.approx(9 * SOFT)
    ceiling.answered(flights[1], 0.2)
    assert ceiling.opens_at() is None  # 8 in flight under 8.55
    ceiling.answered(flights[2], 0.2)
    at = ceiling.opens_at()
    assert at is not None
    assert at <= 0.2


def test_a_second_refusal_waits_for_the_servers_time_and_then_sends_one_first() -> None:
    ceiling = Ceiling(40)
    flights = filled(ceiling, 0.0)
    ceiling.refused(flights[0], 0.1, 1.0)
    for flight in flights[1:4]:
        ceiling.answered(flight, 0.2)
    ceiling.refused(ceiling.take(0.2), 0.3, 1.0)
    for flight in flights[4:]:
        ceiling.answered(flight, 0.3)
    assert ceiling.opens_at() == pytest.approx(1.3)
    probe = ceiling.take(1.3)
    after = ceiling.opens_at()
    assert after is not None
    assert after > 1.5
    ceiling.answered(probe, 1.4)
    assert ceiling.opens_at() == pytest.approx(1.4)


def test_a_long_hint_stops_all_at_once() -> None:
    ceiling = Ceiling(40)
    flights = filled(ceiling, 0.0)
    ceiling.refused(flights[0], 0.1, 30.0)
    for flight in flights[1:3]:
        ceiling.answered(flight, 0.2)
    assert ceiling.opens_at() == pytest.approx(30.1)


def test_a_refused_probe_waits_longer_each_time_where_the_server_names_no_time() -> None:
    ceiling = Ceiling(10)
    ceiling.refused(ceiling.take(0.0), 0.0, None)
    ceiling.refused(ceiling.take(0.0), 0.0, None)
    waits = []
    for _ in range(9):
        at = ceiling.opens_at()
        assert at is not None
        ceiling.refused(ceiling.take(at), at, None)
        waits.append((ceiling.opens_at() or 0.0) - at)
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(1.0)
    assert waits[-1] == 60.0


def test_growth_pauses_after_a_5xx() -> None:
    ceiling = Ceiling(100)
    ceiling.faltered(ceiling.take(0.0), 0.0)
    line = Line(ceiling)
    for _ in range(3):
        line.turn()
    assert ceiling.level == 25
    line.turn(FALTER_S)
    assert ceiling.level > 25


def test_steady_5xx_pause_growth_and_do_not_end_it() -> None:
    ceiling = Ceiling(100)
    line, levels = Line(ceiling), []
    for _ in range(20):
        ceiling.faltered(line.flying.pop(), line.now)
        line.turn(1.0)
        levels.append(ceiling.level)
    assert levels[3] == 25
    assert levels[-1] == 100


def test_a_model_in_this_process_has_a_fixed_ceiling() -> None:
    ceiling = Ceiling(64, adaptive=False)
    flights = filled(ceiling, 0.0)
    assert len(flights) == 64
    ceiling.refused(flights[0], 0.0, None)
    assert ceiling.level == 64


def test_growth_counts_no_time_before_the_first_answer() -> None:
    """The clock is the machine's: it began long before."""
    ceiling, now = Ceiling(100), 1e6
    flights = filled(ceiling, now)
    ceiling.refused(flights[0], now, 1.0)
    level = ceiling.level
    for flight in flights[1:]:
        ceiling.answered(flight, now + 0.1)
    assert ceiling.level == pytest.approx(level, abs=0.1)
