# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From an export to a decision
#
# A shop exports its orders. Three questions follow: what are the customers worth, whom should we write to, and how
# much may a new customer cost? One call answers the first, and says how far to trust the answer.
#
# The orders are those of CDNOW, a tenth of its customers, made as ugly as exports are: dates and amounts as text, with
# decimal commas, some rows without a customer, some money given back, and columns with names of their own.

# %%
import numpy as np
import pandas as pd

import customer_value as cv

pd.set_option("display.width", 120, "display.max_columns", 20, "display.float_format", "{:,.2f}".format)

log = cv.datasets.load_cdnow(sample=True)[["customer_id", "date", "amount"]]
refunds = log.sample(60, random_state=1)
refunds = refunds.assign(amount=-refunds["amount"], date=refunds["date"] + pd.Timedelta(days=5))
rows = pd.concat([log, refunds[refunds["date"] <= "1998-06-30"]]).sort_values("date", kind="stable", ignore_index=True)
export = pd.DataFrame(
    {
        "Customer": rows["customer_id"].astype("Int64").mask(np.arange(len(rows)) % 150 == 7),
        "Ordered": rows["date"].dt.strftime("%d/%m/%Y"),
        "Total": rows["amount"].map("{:.2f}".format).str.replace(".", ","),
    }
)
export.head()

# %% [markdown]
# ## One call
#
# It needs what nobody can guess: the columns' names, how dates and decimals are written, the last day that the export
# covers, how far ahead to look, and what share of revenue stays. It warns of the rows that it leaves out.

# %%
report = cv.value_customers(
    export,
    customer_id="Customer",
    date="Ordered",
    amount="Total",
    date_format="%d/%m/%Y",
    decimal=",",
    observation_end="1998-06-30",
    horizon="12 months",
    margin=0.3,
    annual_discount_rate=0.10,
)
print(report)

# %% [markdown]
# ## How far to trust it
#
# Every part of the report is a frame. The candidates were fitted on the first year and asked for the half year after
# it; two naive forecasts stand beside them. A model that does not beat these is not worth having.

# %%
report.comparison[["model", "expected_purchases", "observed_purchases", "rmse", "log_score"]]

# %%
cv.plots.calibration_by_frequency(report.holdout)
# %% [markdown]
# One holdout is one draw of luck. A backtest asks the same models at several dates:

# %%
clean = cv.clean_log(
    export,
    customer_id="Customer",
    date="Ordered",
    amount="Total",
    date_format="%d/%m/%Y",
    decimal=",",
    anonymous="drop",
)
models = {"BG/NBD": cv.clv.BGNBD(), "MBG/NBD": cv.clv.MBGNBD(), "Pareto/NBD": cv.clv.ParetoNBD()}
board = cv.clv.backtest(clean, models, cutoffs=["1997-07-01", "1997-10-01", "1998-01-01"], horizon="3 months")
board.pivot_table(index="model", columns="cutoff", values="rmse")

# %% [markdown]
# ## Whom to write to
#
# Not those who are surely gone, and not those who come anyway. `clv_if_alive` is what a customer is worth if still one;
# times the probability of buying nothing it is the value at risk. Twenty customers with the most of it:

# %%
customers = report.customers
at_risk = customers.assign(value_at_risk=(1 - customers["p_active"]) * customers["clv_if_alive"])
shown = ["customer_id", "frequency", "time_since_last", "p_active", "clv", "clv_if_alive", "value_at_risk"]
at_risk.nlargest(20, "value_at_risk")[shown]

# %% [markdown]
# ## What a new customer may cost
#
# The models value customers who are not yet here as well. At what cost does a new one pay, and when?

# %%
pd.DataFrame(
    [
        {
            "cost": cost,
            **cv.clv.acquisition_value(
                purchase_model=report.purchase_model,
                spend_model=report.spend_model,
                horizon="24 months",
                margin=0.3,
                annual_discount_rate=0.10,
                acquisition_cost=cost,
                interval=0.9,
            ),
        }
        for cost in (10, 15, 20, 30)
    ]
)[["cost", "value", "value_lower", "value_upper", "net_value", "payback_time"]]

# %% [markdown]
# `payback_time` is in weeks, 0 where the first purchase pays already, and missing where 24 months do not suffice. The
# interval is that of the mean of many new customers, who are taken to be like those of the export.
