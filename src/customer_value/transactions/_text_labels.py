"""Text ids as integers in the same order, without a hash table of the texts.

Few bits of an id's bytes differ between customers: a digit varies in four, a fixed prefix in none. These bits, first
byte first, are an integer that sorts like the text. Where they exceed one word, what is packed so far is replaced by
its rank, and bytes that follow from it (all but the first few of a random id) are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from customer_value.transactions._blocks import blocks, in_threads
from customer_value.transactions._row_order import Integers, Words, dense_codes

_LONGEST = 256  # bytes; beyond, reading them piece by piece takes longer than hashing them
_PIECE = 8  # bytes that are read at a time
_WORD = 64
_UPPER_HALF = ((1 << 32) - 1) << 32
_INLINE = 12  # bytes that a string view holds itself, padded with zeros
_VIEW = 16  # bytes of a string view: the length, then the text or where it is
_KEEP_BYTES = np.array([(1 << _WORD) - (1 << (_WORD - 8 * n)) for n in range(_PIECE + 1)], dtype=np.uint64)


def text_labels(chunks: Sequence[Any]) -> Integers | None:
    """Return an order-preserving integer per text of consecutive Arrow arrays; None where a text is very long."""
    chunks = [chunk for chunk in chunks if len(chunk)]
    texts = [_Views(chunk) if str(chunk.type) == "string_view" else _Offsets(chunk) for chunk in chunks]
    longest = max((int(text.lengths(slice(0, text.size)).max()) for text in texts), default=0)
    if longest > _LONGEST:
        return None
    if longest > _INLINE:
        texts = [_Offsets(c.cast("large_string")) if str(c.type) == "string_view" else _Offsets(c) for c in chunks]
    packed = _Packed(sum(map(len, chunks)))
    for number in range(-(-longest // _PIECE)):
        packed.append(*_read(texts, number, packed.size))
    # Padding with zeros hides only how many zeros a text ends in; its length tells.
    packed.append(*_read(texts, None, packed.size))
    return packed.labels


class _Packed:
    """Labels of rows that grow by the bits in which further words differ."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.labels: Integers = np.zeros(size, dtype=np.uint64)
        self._width = 0
        self._ranks: int | None = None  # how many there are, while the labels are ranks

    def append(self, words: Words, varying: int) -> None:
        """Put words behind the labels; `varying` has the bits set in which they are not all equal."""
        if not varying:
            return
        if self._width + varying.bit_count() > _WORD:
            self._rank()
        if self._ranks is not None and self._follow(words, self._ranks):
            return
        fits = self._width + varying.bit_count() <= _WORD
        for part in [varying] if fits else [varying & _UPPER_HALF, varying & ~_UPPER_HALF]:
            if self._width + part.bit_count() > _WORD:
                self._rank()  # a rank and half a word always fit
            self._push(words, part)

    def _rank(self) -> None:
        self.labels, self._ranks = dense_codes(self.labels)
        self._width = (self._ranks - 1).bit_length()

    def _follow(self, words: Words, ranks: int) -> bool:
        """Tell whether rows of equal label have equal words, which then tell nothing new."""
        word_of = np.empty(ranks, dtype=np.uint64)
        word_of[self.labels] = words
        same = in_threads(lambda rows: np.array_equal(word_of.take(self.labels[rows]), words[rows]), blocks(self.size))
        return all(same)

    def _push(self, words: Words, bits: int) -> None:
        width = bits.bit_count()
        runs = _runs(bits)
        labels = np.empty(self.size, dtype=np.uint64)

        def push(rows: slice) -> None:
            packed = self.labels[rows].astype(np.uint64)
            packed <<= np.uint64(width)
            for shift, mask in runs:
                packed |= (words[rows] >> shift) & mask
            labels[rows] = packed

        in_threads(push, blocks(self.size))
        self.labels, self._width, self._ranks = labels, self._width + width, None


def _runs(bits: int) -> list[tuple[np.uint64, np.uint64]]:
    """Return the shift and mask that bring each run of set bits to its place when all are moved together."""
    runs, place = [], 0
    while bits:
        first = (bits & -bits).bit_length() - 1
        length = ((~(bits >> first)) & -(~(bits >> first))).bit_length() - 1
        mask = (1 << length) - 1
        runs.append((np.uint64(first - place), np.uint64(mask << place)))
        bits &= ~(mask << first)
        place += length
    return runs


def _read(texts: Sequence[_Views | _Offsets], number: int | None, size: int) -> tuple[Words, int]:
    """Read a piece of all texts (None: their lengths), and which of its bits vary."""
    words = np.empty(size, dtype=np.uint64)
    always, ever = (1 << _WORD) - 1, 0
    start = 0
    for text in texts:
        part = words[start : start + text.size]

        def read(rows: slice, text: _Views | _Offsets = text, part: Words = part) -> tuple[int, int]:
            piece = text.lengths(rows) if number is None else text.piece(number, rows)
            part[rows] = piece
            return int(np.bitwise_and.reduce(part[rows])), int(np.bitwise_or.reduce(part[rows]))

        for in_all, in_any in in_threads(read, blocks(text.size)):
            always &= in_all
            ever |= in_any
        start += text.size
    return words, ever & ~always


class _Views:
    """Texts of a string-view array that are short enough to be held inside their views."""

    def __init__(self, chunk: Any) -> None:
        self.size = len(chunk)
        self._views = np.frombuffer(chunk.buffers()[1], dtype=np.uint8)[chunk.offset * _VIEW :]

    def _column(self, dtype: str, offset: int) -> np.ndarray[Any, Any]:
        return np.ndarray(self.size, dtype, self._views, offset, (_VIEW,))

    def lengths(self, rows: slice) -> Integers:
        return self._column("<i4", 0)[rows]

    def piece(self, number: int, rows: slice) -> Words:
        words: Words = self._column(">u8" if number == 0 else ">u4", 4 + _PIECE * number)[rows].astype(np.uint64)
        return words


class _Offsets:
    """Texts of a string array: one buffer with all of them, and where each begins."""

    def __init__(self, chunk: Any) -> None:
        _, offsets, data = chunk.buffers()
        self.size = len(chunk)
        dtype = np.int64 if str(chunk.type) == "large_string" else np.int32
        self._offsets = np.frombuffer(offsets, dtype=dtype)[chunk.offset : chunk.offset + self.size + 1]
        self._data = np.frombuffer(b"" if data is None else data, dtype=np.uint8)

    def lengths(self, rows: slice) -> Integers:
        return np.diff(self._offsets[rows.start : rows.stop + 1])

    def piece(self, number: int, rows: slice) -> Words:
        start, end = (self._offsets[rows.start + i : rows.stop + i].astype(np.int64) for i in (0, 1))
        start += _PIECE * number
        kept = np.clip(end - start, 0, _PIECE)
        data = self._data
        np.minimum(start, data.size, out=start)  # a start beyond the data is past the end of its text
        if int(start.max()) + _PIECE > data.size:
            low = int(start.min())
            data, start = np.append(data[low:], np.zeros(_PIECE, dtype=np.uint8)), start - low
        # Bytes at any offset, as a type without alignment.
        at = np.ndarray(data.size - _PIECE + 1, f"V{_PIECE}", data, 0, (1,))
        words: Words = at[start].view(">u8").astype(np.uint64)
        words &= _KEEP_BYTES[kept]
        return words
