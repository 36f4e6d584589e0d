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
# # Quickstart: from a transaction log to valued customers
#
# CDNOW, an online music shop, gained 23,570 customers in the first quarter of 1997. We stand at the end of September
# 1997: what is each of these customers worth over the next year, how sure is that, and did the forecast come true?

# %%
import pathlib

import pandas as pd

import customer_value as cv

pd.set_option("display.width", 120, "display.max_columns", 20, "display.float_format", "{:,.2f}".format)
END, HOLDOUT_END, HOLDOUT = "1997-09-30", "1998-06-30", "39 weeks"

# %% [markdown]
# ## What is the data like?

# %%
log = cv.datasets.load_cdnow()
quality = cv.data_quality(log)
print(f"{len(log):,} transactions of {log['customer_id'].nunique():,} customers\n")
found = quality[quality["rows"] > 0]
print(
    found.assign(share=found["share"].map("{:.1%}".format))[["check", "rows", "unit", "share"]].to_string(index=False)
)

# %% [markdown]
# ## Two models: when customers buy and leave, and how much they spend
#
# The models see the log up to the end of September 1997. The 39 weeks after that are kept back.

# %%
calibration, held_back = cv.split_holdout(log, observation_end=END)
summary = cv.summarize_customers(calibration, observation_end=END, time_unit="week")
purchase_model = cv.clv.ParetoNBD().fit(summary)
spend_model = cv.clv.GammaGamma().fit(summary)
for model in (purchase_model, spend_model):
    print(model, model.summary_table().to_string(index=False), sep="\n", end="\n\n")

# %% [markdown]
# ## How well did the forecast meet the 39 weeks that followed?

# %%
holdout = cv.summarize_holdout(held_back, customers=summary, observation_end=HOLDOUT_END)
forecast = cv.score_clv(
    summary,
    purchase_model=purchase_model,
    spend_model=spend_model,
    horizon=HOLDOUT,
    margin=1.0,
    interval=0.9,
    interval_for="outcome",
)
calibrated = cv.calibration_by_frequency(forecast, holdout)
expected, bought = forecast["expected_purchases"].sum(), holdout["holdout_purchases"].sum()
joined = forecast.merge(holdout, on="customer_id")
within = joined["holdout_purchases"].between(joined["purchases_lower"], joined["purchases_upper"]).mean()
print(f"Purchases in {HOLDOUT}: {expected:,.0f} expected, {bought:,.0f} observed ({expected / bought - 1:+.1%})")
print(f"Customers whose purchases lie within their own 90 % interval: {within:.1%}\n")
print("Mean purchases of a customer, by repeat purchases before:")
print(calibrated.to_string(index=False))

# %% [markdown]
# ## Who are the most valuable customers?
#
# Future value over 12 months, at a margin of 30 % and a discount rate of 10 % a year.

# %%
customers = cv.score_clv(
    summary,
    purchase_model=purchase_model,
    spend_model=spend_model,
    horizon="12 months",
    margin=0.3,
    annual_discount_rate=0.10,
    interval=0.9,
)
customers = customers.pipe(cv.score_rfm).pipe(cv.assign_segments)
shown = ["customer_id", "frequency", "p_alive", "expected_purchases", "expected_spend", "clv", "clv_lower", "clv_upper"]
print("The twenty most valuable customers (future value, 12 months, with 90 % intervals of the mean):")
print(customers.nlargest(20, "clv")[[*shown, "segment"]].to_string(index=False))

# %% [markdown]
# ## Which segments hold which share of value?

# %%
profile = cv.segment_profile(customers)
held = profile[profile["customers"] > 0]
shares = held[["share_of_customers", "share_of_value", "share_of_clv"]].map("{:.1%}".format)
print("Share of customers, of the value so far, and of the future value (12 months):")
print(held[["segment", "customers"]].join(shares).join(held["mean_clv"]).to_string(index=False))

# %% [markdown]
# ## Pictures

# %%
tracking = cv.tracking_table(log, purchase_model=purchase_model, calibration_end=END, observation_end=HOLDOUT_END)
figures = {
    "calibration": cv.plots.calibration_by_frequency(calibrated),
    "tracking": cv.plots.tracking(tracking),
    "rfm": cv.plots.rfm_heatmap(customers),
}
folder = pathlib.Path("notebooks/output" if pathlib.Path("notebooks").is_dir() else "output")
folder.mkdir(parents=True, exist_ok=True)
for name, axes in figures.items():
    axes.figure.savefig(folder / f"{name}.png", dpi=150, bbox_inches="tight")
print(f"Pictures written to {folder}: {', '.join(f'{name}.png' for name in figures)}")
