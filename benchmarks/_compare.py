"""What benchmarks share: contenders that take turns in one run, the memory that one of them adds, a table of both.

Other work on the machine slows both contenders alike, since they alternate; medians of the rounds leave out the worst.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pandas as pd

Work = Callable[[pd.DataFrame], object]
SHORTEST_TURN = 0.1  # seconds
WARM_UP_ROWS = 2000  # run first, so that modules loaded on first use do not count


@dataclass(frozen=True)
class Comparison:
    """One row of a benchmark's table: medians of seconds, peak megabytes above the input, the floor if one holds."""

    what: str
    rows: int
    seconds: tuple[float, float]
    memory: tuple[float, float]
    floor: float | None = None

    @property
    def ratio(self) -> float:
        return self.seconds[1] / self.seconds[0]

    def line(self) -> str:
        floor = "" if self.floor is None else f"{self.floor:g}"
        times = " | ".join(f"{t:.4f}" for t in self.seconds)
        memory = " | ".join(f"{m:.0f}" for m in self.memory)
        return f"| {self.what} | {self.rows:,} | {times} | {self.ratio:.1f} | {floor} | {memory} |"


HEADER = """| what | customers | ours, s | lifetimes, s | ratio | floor | ours, MB | lifetimes, MB |
|---|---|---|---|---|---|---|---|"""


def compare(
    what: str, ours: Work, theirs: Work, frame: pd.DataFrame, rounds: int, floor: float | None = None
) -> Comparison:
    """Time two contenders on one frame and measure what memory each adds; print the row. A smoke run has 0 rounds."""
    times = interleaved({"ours": lambda: ours(frame), "theirs": lambda: theirs(frame)}, rounds)
    memory = (added_memory(ours, frame), added_memory(theirs, frame)) if rounds else (math.nan, math.nan)
    found = Comparison(what, len(frame), (times["ours"], times["theirs"]), memory, floor)
    print(found.line(), flush=True)
    return found


def interleaved(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return each contender's median seconds over rounds in which they take turns; a first round counts only if alone.

    Work of milliseconds is repeated within its turn: a single run after another contender's would be timed with cold
    caches, which nobody who calls it in a loop meets.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    repeats = dict.fromkeys(contenders, 1)
    for number in range(rounds + 1):
        for name, work in contenders.items():
            gc.collect()
            start = time.perf_counter()
            for _ in range(repeats[name]):
                work()
            seconds = (time.perf_counter() - start) / repeats[name]
            if number or not rounds:
                times[name].append(seconds)
            repeats[name] = repeats[name] if number else max(1, round(SHORTEST_TURN / seconds))
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def added_memory(
    work: Callable[[Any], object], frame: pd.DataFrame, prepare: Callable[[Any], Any] | None = None
) -> float:
    """Return the megabytes that a piece of work adds at its peak, in a fresh process that has the input in memory.

    `prepare` makes another library's input of the frame first. Linux only; NaN elsewhere. Not `ru_maxrss`: it keeps the
    peak of the parent from before the start.
    """
    if not Path("/proc/self/clear_refs").exists():
        return float("nan")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.pickle"
        frame.to_pickle(path)
        fresh = multiprocessing.get_context("spawn")
        here, there = fresh.Pipe()
        process = fresh.Process(target=_measure, args=(work, path, prepare, there))
        process.start()
        there.close()
        megabytes: float = here.recv()
        process.join()
    return megabytes


def _measure(work: Callable[[Any], object], path: Path, prepare: Callable[[Any], Any] | None, pipe: Connection) -> None:
    warnings.simplefilter("ignore")
    frame = pd.read_pickle(path)
    frame = prepare(frame) if prepare else frame
    work(frame.head(WARM_UP_ROWS))
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is in use now
    before = _status("VmRSS")
    work(frame)
    pipe.send((_status("VmHWM") - before) / 1024)


def _status(entry: str) -> float:
    """Return a size of this process, in kilobytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(entry)).split()[1])


def require_floors(found: list[Comparison]) -> None:
    """End with an error if a floor was missed."""
    missed = [f"{row.what}: {row.ratio:.1f} < {row.floor:g}" for row in found if row.floor and row.ratio < row.floor]
    if missed:
        raise SystemExit("floor missed: " + "; ".join(missed))
