"""What is said of refunds that no purchase goes with."""

from customer_value.errors import DataWarning, InputError, warn


def nothing_bought(rows: int) -> InputError:
    """Return the error of a log in which every row is a refund."""
    return InputError(
        f"amount must be 0 or above in at least one row; all {rows} rows are refunds, and no customer bought anything. "
        "Look whether the sign of the amounts is turned."
    )


def warn_left_out(*, customers: int, refunds: int) -> None:
    """Warn of customers with refunds only, and of refunds that no purchase of their customer precedes."""
    if customers:
        warn(
            f"left out {customers} customer{'s' * (customers > 1)} with refunds only: without a purchase there is no "
            "first one to count time from. Their purchases may lie before the log begins.",
            DataWarning,
        )
    if refunds:
        warn(
            f"refunds='match' left out {refunds} refund row{'s' * (refunds > 1)} without an earlier purchase of the "
            "same customer; refunds='net' takes every refund off.",
            DataWarning,
        )
