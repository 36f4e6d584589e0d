"""Numbers as text in expressions, in whole numbers throughout: engines round and print floats in ways of their own."""

from __future__ import annotations

from customer_value._frames import nw


def decimal(value: nw.Expr, one: str = "", many: str = "") -> nw.Expr:
    """Write a number from 0 on to one decimal, none where it is 0, with its unit."""
    tenths = _whole(value * 10)
    units = tenths // 10
    part = tenths - units * 10
    tail = nw.when(part == 0).then(nw.lit("")).otherwise(nw.concat_str(nw.lit("."), part.cast(nw.String)))
    written = [units.cast(nw.String), tail]
    if one or many:
        written.append(nw.lit(many) if one == many else nw.when(tenths == 10).then(nw.lit(one)).otherwise(nw.lit(many)))
    return nw.concat_str(*written)


def hundredths(value: nw.Expr) -> nw.Expr:
    """Write a probability to two decimals."""
    parts = _whole(value * 100)
    units = parts // 100
    rest = parts - units * 100
    pad = nw.when(rest < 10).then(nw.lit(".0")).otherwise(nw.lit("."))
    return nw.concat_str(units.cast(nw.String), pad, rest.cast(nw.String))


def whole(value: nw.Expr, one: str = "", many: str = "") -> nw.Expr:
    """Write a whole number with its unit."""
    count = _whole(value)
    if one == many:
        return nw.concat_str(count.cast(nw.String), nw.lit(many))
    return nw.concat_str(count.cast(nw.String), nw.when(count == 1).then(nw.lit(one)).otherwise(nw.lit(many)))


def fill(template: str, parts: dict[str, nw.Expr]) -> nw.Expr:
    """Put texts of expressions into a template's places."""
    pieces: list[nw.Expr] = []
    for piece in template.split("{"):
        name, closed, rest = piece.partition("}")
        pieces += [parts[name], nw.lit(rest)] if closed else [nw.lit(piece)]
    return nw.concat_str(*pieces)


def _whole(value: nw.Expr) -> nw.Expr:
    return (value + 0.5).floor().fill_null(0).cast(nw.Int64)
