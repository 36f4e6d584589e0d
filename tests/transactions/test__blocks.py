import threading

import pytest

from customer_value.transactions import _blocks
from customer_value.transactions._blocks import blocks, in_threads, threads


def test_blocks_cover_every_row_once():
    assert blocks(0) == []
    assert blocks(7, size=3) == [slice(0, 3), slice(3, 6), slice(6, 7)]
    assert blocks(6, size=3) == [slice(0, 3), slice(3, 6)]


def test_threads_stay_within_reason(monkeypatch):
    assert threads() >= 1
    monkeypatch.setattr(_blocks.os, "sched_getaffinity", lambda _: set(range(96)), raising=False)
    assert threads() == 8
    monkeypatch.delattr(_blocks.os, "sched_getaffinity")  # as on macOS and Windows
    monkeypatch.setattr(_blocks.os, "cpu_count", lambda: None)
    assert threads() == 1


def test_results_come_in_the_order_of_the_parts(monkeypatch):
    monkeypatch.setattr(_blocks, "threads", lambda: 3)
    assert in_threads(lambda part: part * part, list(range(50))) == [i * i for i in range(50)]


def test_few_parts_stay_in_this_thread(monkeypatch):
    monkeypatch.setattr(_blocks, "threads", lambda: 3)
    here = threading.current_thread()
    assert in_threads(lambda _: threading.current_thread(), [1, 2, 3]) == [here] * 3
    assert here not in in_threads(lambda _: threading.current_thread(), [1, 2], fewest=2)


def test_an_error_in_a_thread_is_raised(monkeypatch):
    monkeypatch.setattr(_blocks, "threads", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda part: 1 // part, [3, 2, 1, 0], fewest=2)
