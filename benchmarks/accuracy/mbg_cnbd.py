"""MBG/CNBD-k against 80-digit arithmetic on a hard grid, integration over both rates, and simulated lives.

The living have the future of BG/CNBD-k's (`bg_cnbd.py` proves it); here stands what the first coin changes.
"""

from __future__ import annotations

import sys

from bg_cnbd import checks, report

from customer_value.clv import MBGCNBD

if __name__ == "__main__":
    sys.exit(report(checks(MBGCNBD, 20 if "--smoke" in sys.argv else 1)))
