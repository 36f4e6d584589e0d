"""A valid call of something public, on frames of every library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

import pandas as pd
import polars as pl
import pyarrow as pa

LIBRARIES = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "polars[lazy]": lambda frame: pl.from_pandas(frame).lazy(),
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
}


@dataclass(frozen=True)
class Call:
    """How to call something: `run(frame, **arguments)`, or `run(**arguments)` where it takes no frame."""

    of: Callable[..., Any]
    run: Callable[..., Any]
    frame: pd.DataFrame | None = None
    columns: Mapping[str, str] = field(default_factory=dict)  # columns of the frame that are read -> their kind
    other: Mapping[str, pd.DataFrame] = field(default_factory=dict)  # further frames, by the name of their argument
    arguments: Mapping[str, Any] = field(default_factory=dict)
    maker: str = ""  # what the message about a missing column recommends
    library: str = "pandas"

    def __call__(self, frame=None, **changes):
        """Make the call on a frame of the library, with some arguments changed."""
        arguments = {name: LIBRARIES[self.library](other) for name, other in self.other.items()}
        arguments |= {**self.arguments, **changes}
        if self.frame is None:
            return self.run(**arguments)
        return self.run(LIBRARIES[self.library](frame) if isinstance(frame, pd.DataFrame) else frame, **arguments)

    def within(self, library):
        """Return the same call on frames of a library."""
        return replace(self, library=library)

    def by_turns(self, column):
        """Return the same call on frames of pandas, and of one other library, which changes from column to column.

        All columns come in by the same few doors, so that each library still meets hundreds of them.
        """
        others = [library for library in LIBRARIES if library != "pandas"]
        return [self, self.within(others[crc32(f"{self.of.__qualname__} {column}".encode()) % len(others)])]

    def everywhere(self):
        """Return the same call on frames of each library."""
        return [self.within(library) for library in LIBRARIES]
