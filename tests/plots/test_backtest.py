"""The picture of a backtest: a row for each forecast, the best on top."""

import datetime as dt

import pandas as pd
import pytest

import customer_value as cv
from customer_value.errors import InputError
from customer_value.plots import backtest
from customer_value.plots._axes import EXPECTED, QUIET

BOARD = {
    "cutoff": [dt.date(1997, 10, 1), dt.date(1998, 1, 1)] * 3,
    "model": ["BG", "BG", "Pareto", "Pareto", "no purchases", "no purchases"],
    "parameters": [4.0, 4.0, 4.0, 4.0, None, None],
    "rmse": [1.2, 0.8, 0.9, 0.7, 1.6, 1.4],
    "log_score": [-0.6, -0.5, -0.7, -0.8, None, None],
}


def pandas_board():
    return pd.DataFrame({**BOARD, "cutoff": pd.to_datetime(BOARD["cutoff"])})


def drawn(ax):
    return [(line.get_xdata().tolist(), line.get_color()) for line in ax.lines]


def test_forecasts_from_worst_to_best(make_frame):
    ax = backtest(pandas_board() if make_frame is pd.DataFrame else make_frame(BOARD))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["no purchases", "BG", "Pareto"]
    assert drawn(ax) == [([1.6, 1.4], QUIET), ([1.2, 0.8], EXPECTED), ([0.9, 0.7], EXPECTED)]
    assert [text.get_text() for text in ax.texts if text.get_text()[0].isdigit()] == ["1.5", "1", "0.8"]
    assert ax.get_xlabel() == "Root mean squared error of a customer's purchases"


def test_a_larger_log_score_is_better_and_naive_forecasts_have_none():
    ax = backtest(pandas_board().iloc[::-1], measure="log_score")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Pareto", "BG"]
    assert any("larger is better" in text.get_text() for text in ax.texts)


def test_what_the_library_gives_is_drawn():
    log = cv.datasets.load_cdnow(sample=True)
    board = cv.clv.backtest(log, {"BG": cv.clv.BGNBD()}, cutoffs=["1997-10-01", "1998-01-01"], horizon="3 months")
    ax = backtest(board)
    assert ax.lines[-1].get_xdata().tolist() == board.loc[board["model"] == "BG", "rmse"].tolist()
    assert [line.get_color() for line in ax.lines] == [QUIET, QUIET, EXPECTED]


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(InputError, match="measure must be one of"):
        backtest(pandas_board(), measure="aic")
    with pytest.raises(InputError, match=r"lacks \['rmse_value'\]"):
        backtest(pandas_board(), measure="rmse_value")
    with pytest.raises(InputError, match="rmse is null in every row"):
        backtest(pandas_board().assign(rmse=float("nan")))
