"""Work that comes back by the clock: when it is due, and never stopped by one that fails."""

from __future__ import annotations

import time

from liushui.runtime import ticks
from liushui.runtime.ticks import Clockwork, Tick


def test_each_runs_at_the_start_and_again_when_its_seconds_are_over(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    ran = []
    often = Tick(name="often", every_seconds=2, run=lambda now: ran.append("often") or 1)
    seldom = Tick(name="seldom", every_seconds=60, run=lambda now: ran.append("seldom") or 0)
    clockwork = Clockwork((often, seldom))
    assert clockwork.run_due() is True
    assert ran == ["often", "seldom"]
    clock[0] += 1.9
    assert clockwork.run_due() is False
    clock[0] += 0.2
    clockwork.run_due()
    assert ran == ["often", "seldom", "often"]


def test_one_that_fails_is_logged_and_keeps_no_other_back(monkeypatch):
    logged = []
    monkeypatch.setattr(ticks._logger, "exception", lambda event, **context: logged.append((event, context)))
    ran = []

    def fail(now):
        raise RuntimeError("no")

    after = Tick(name="after", every_seconds=1, run=lambda now: ran.append(now.tzinfo) or 1)
    assert Clockwork((Tick(name="bad", every_seconds=1, run=fail), after)).run_due() is True
    assert [str(zone) for zone in ran] == ["UTC"]
    assert logged == [("tick_failed", {"tick": "bad"})]
