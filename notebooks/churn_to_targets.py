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
# # From events to a ranked list
#
# Which customers are about to leave, which of them are worth a letter, and what does the letter bring? Two businesses
# ask. A shop sees nobody leave: its customers only stop buying. A subscription service sees everyone leave: there is a
# day on which it happens.
#
# ## A shop without contracts
#
# The orders are those of CDNOW, a tenth of its customers. All of them bought first in early 1997, and today is 1 July
# 1998.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import customer_value as cv

pd.set_option("display.width", 120, "display.max_columns", 20, "display.max_colwidth", None)
pd.set_option("display.float_format", "{:,.2f}".format)

today = "1998-07-01"
log = cv.datasets.load_cdnow(sample=True)[["customer_id", "date", "amount"]]
log.tail(3)

# %% [markdown]
# ### When is a customer lost?
#
# Nobody tells us. What can be counted is how many come back after so many days of silence. We call a customer lost when
# at most one in four comes back within half a year.

# %%
silence = cv.choose_inactivity_window(log, observation_end="1998-06-30", step_days=15, max_return_rate=0.25)
shown = ["silent_days", "return_rate", "false_alarm_rate", "late_alarm_rate", "recommended"]
silence.loc[silence["silent_days"].isin([30, 60, 90, 120, 150, 180]), shown]

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
cv.plots.inactivity(silence, ax=left)
cv.plots.inactivity(silence, kind="alarms", ax=right)

# %% [markdown]
# So it is 120 days. A shorter rule would call more customers lost who are not; a longer one would notice later that
# they are.
#
# ### What was known, and what happened then
#
# We go back to five days of the past. For each of them the table holds the customers who had bought within 120 days,
# what was known of them that morning, and whether they then bought nothing for 120 days.

# %%
panel = cv.churn_snapshots(
    log,
    cutoffs=["1997-07-01", "1997-09-01", "1997-11-01", "1998-01-01", "1998-03-01"],
    horizon="120 days",
    active_within="120 days",
    lookbacks=("30 days", "90 days"),
)
panel.groupby("cutoff")["churned"].agg(customers="size", share_lost="mean").astype(float)

# %% [markdown]
# Half of the customers are lost within four months, and in the first summer it was two thirds. Does a column know the
# outcome already? A model would love it, and be of no use. A report looks for the signs:

# %%
cv.churn.leakage_report(panel)[["check", "finding", "severity"]]

# %% [markdown]
# ### Is the model any good?
#
# It is tested on days later than those it has learnt from, and on other customers. Beside it stands a rule that needs
# no model: the longer silent, the likelier gone. A customer kept is worth about 55, a letter costs 0.50, and the
# voucher in it 3. One in five takes it up; a quarter of those would have come back without it, so we count 15 %.

# %%
model = cv.churn.ChurnClassifier("logistic")
campaign = {"clv": 55, "incentive": 3, "contact_cost": 0.5, "acceptance": 0.15}
report = cv.churn.evaluate_churn(model, panel, horizon="120 days", **campaign)
report.discrimination[["model", "customers", "churn_rate", "auc", "auc_lower", "auc_upper", "top_decile_lift"]]

# %%
report.against_baseline.round(3)

# %% [markdown]
# The model is better than the rule in every line, and by no wide margin: of two customers, one lost and one not, it
# names the right one in 68 cases of 100, the rule in 61. Who buys how often is mostly chance, and no model changes
# that. `print(report)` gives the whole report.

# %%
fig, axes = plt.subplots(1, 3, figsize=(17, 4.6), layout="constrained")
cv.plots.gains(report.lift, ax=axes[0])
cv.plots.reliability(report.reliability, ax=axes[1])
cv.plots.profit(report.profit_curve, ax=axes[2])

# %% [markdown]
# On the left: how many of the lost a list reaches. In the middle: of those with a probability of 40 %, did 40 % leave?
# The model is somewhat too sure at both ends: the days it had learnt from were few, and the first of them unlike the
# rest. On the right: what a letter to so many customers brings. If everyone were worth 55, it would pay to write to
# four in five. They are not all worth 55.
#
# ### Who is at risk today, and what is at stake
#
# The probability is one half of the answer. The other is what each customer would be worth if he stayed.

# %%
X, y, customers = cv.churn.split_xy(panel)
model.fit(X, y, groups=customers)
now = cv.churn_features(log, cutoff=today, lookbacks=("30 days", "90 days"))
now = now[now["days_since_last"] <= 120]  # the others are lost already

summary = cv.summarize_customers(log, observation_end="1998-06-30", time_unit="week")
valued = cv.score_clv(
    summary,
    purchase_model=cv.clv.ParetoNBD().fit(summary),
    spend_model=cv.clv.GammaGamma().fit(summary),
    horizon="12 months",
    margin=0.4,
    annual_discount_rate=0.10,
)
scored = now.merge(valued[["customer_id", "clv_if_alive"]], on="customer_id").pipe(cv.score_churn, model=model)
scored[["churn_probability", "clv_if_alive", "clv_at_risk"]].describe().loc[["count", "mean", "min", "50%", "max"]]

# %% [markdown]
# ### The list
#
# There are 200 to spend.

# %%
targets = cv.assign_targets(scored, cost=0.5, incentive=3, acceptance=0.15, budget=200)
targets.groupby("target_reason", as_index=False)["expected_profit"].agg(["size", "mean", "sum"])

# %%
chosen = targets[targets["target"]].sort_values("target_rank")
shown = ["customer_id", "target_rank", "days_since_last", "churn_probability", "clv_if_alive", "expected_profit"]
chosen[shown].head(8)

# %% [markdown]
# Every second customer is not worth a letter, and for a quarter of them the money does not suffice. Since money is
# short, the order goes by profit for each unit of it. The chosen ones are not the riskiest customers. A list of the
# same length by risk alone would pick those who buy little and are nearly gone:

# %%
riskiest = targets.nlargest(len(chosen), "churn_probability")
pd.DataFrame(
    {
        list_: {
            "letters": len(rows),
            "mean probability": rows["churn_probability"].mean(),
            "mean value if kept": rows["clv_if_alive"].mean(),
            "expected profit": rows["expected_profit"].sum(),
        }
        for list_, rows in {"by profit": chosen, "by risk alone": riskiest}.items()
    }
)

# %% [markdown]
# ### Why these
#
# Whoever writes the letter wants a reason. Customers without one do nothing unusual: they are at risk because many
# others with such a history left.

# %%
reasons = cv.reason_codes(chosen, wide=True, top=2)
reasons.loc[reasons["reason_1"].notna(), ["customer_id", "target_rank", "reason_1", "reason_2"]].head(8).fillna("")

# %% [markdown]
# ### Whom the list would notice too late
#
# Between two lists, regular customers are watched against their own habit. Most customers of this shop buy too seldom
# for a quiet quarter to mean anything, and the report says so. Of all 23,570, one stands out:

# %%
everyone = cv.datasets.load_cdnow()[["customer_id", "date", "amount"]]
warned = cv.early_warnings(everyone, cutoff=today, window="90 days", baseline="365 days")
warned.loc[warned["warning"], ["customer_id", "purchases_recent", "purchases_expected", "warning_reason"]]

# %%
warned["warning_reason"].str.split(":").str[0].value_counts()

# %% [markdown]
# ## A subscription service
#
# Now there is a contract, and an end that can be seen. The customers are made up: two plans, billed by the month,
# people who differ in how easily they leave, log in less before they do, and complain more.

# %%
rng = np.random.default_rng(11)
n, today = 1500, np.datetime64("2026-01-15")
begin = np.datetime64("2023-01-01") + rng.integers(0, 1096, n)
plan = rng.choice(["basic", "plus"], n, p=[0.65, 0.35])
leaves = np.clip(rng.beta(0.9, np.where(plan == "plus", 16.0, 8.0)), 0.001, 1)  # each one's own monthly chance
days = (rng.geometric(leaves) * 30.44).astype(int)
subscriptions = pd.DataFrame({"customer_id": np.arange(n), "plan": plan, "mrr": np.where(plan == "plus", 49.0, 19.0)})
subscriptions["started"] = begin
subscriptions["ended"] = pd.Series(begin + days).where(begin + days <= today)

logins, tickets = [], []
for i in range(n):
    life = min(int(days[i]), int((today - begin[i]).astype(int)))  # days as a customer so far
    to_the_end = days[i] - np.arange(life)
    rate = rng.gamma(3, 1 / 12) * np.clip(to_the_end / 90, 0.05, 1)
    day = np.flatnonzero(rng.random(life) < rate)
    logins.append(pd.DataFrame({"customer_id": i, "date": begin[i] + day}))
    day = np.flatnonzero(rng.random(life) < np.where(to_the_end < 60, 0.02, 0.005))
    tickets.append(pd.DataFrame({"customer_id": i, "date": begin[i] + day}))
usage = pd.concat(logins, ignore_index=True)
complaints = pd.concat(tickets, ignore_index=True)
print(f"{len(usage):,} logins, {len(complaints):,} complaints, {subscriptions['ended'].isna().sum()} running contracts")
subscriptions.head(3)

# %% [markdown]
# ### How long do they stay?
#
# A share of those who left says little: the others have not finished. The curve counts every customer for as long as he
# was seen.

# %%
subscriptions["tenure"] = (subscriptions["ended"].fillna(today) - subscriptions["started"]).dt.days / 30.44
subscriptions["left"] = subscriptions["ended"].notna()
curve = cv.survival_table(subscriptions, duration="tenure", event="left", by="plan")
cv.plots.survival_steps(curve, by="plan", unit="month")

# %% [markdown]
# One model answers for any time ahead. Those who have stayed for two years leave half as often as new ones:

# %%
hazard = cv.churn.DiscreteTimeHazard().fit(subscriptions, duration="tenure", event="left", features=["plan"])
asked = pd.DataFrame({"plan": ["basic", "basic", "plus", "plus"], "tenure": [0, 24, 0, 24]})
hazard.predict(asked, horizon=12, given="tenure", interval=0.9)

# %% [markdown]
# ### Who leaves in the next three months?
#
# A subscription table becomes a log of bills. Bills, logins and complaints give the features, and the end of the
# contract the outcome.

# %%
bills = cv.expand_subscriptions(subscriptions, amount="mrr", grain="month", observation_end="2026-01-14")
logs = {"usage": usage, "complaints": complaints, "bills": bills}
lookbacks = ("30 days", "90 days")
panel = cv.churn_snapshots(
    logs,
    roster=subscriptions,
    cutoffs=["2025-02-15", "2025-04-15", "2025-06-15", "2025-08-15", "2025-10-15"],
    horizon="3 months",
    definition="contractual",
    observation_end="2026-01-14",
    lookbacks=lookbacks,
)
panel.groupby("cutoff")["churned"].agg(customers="size", share_lost="mean").astype(float)

# %%
model = cv.churn.ChurnClassifier("logistic")
report = cv.churn.evaluate_churn(
    model, panel, horizon="3 months", clv=335, incentive=20, contact_cost=5, acceptance=0.25
)
report.discrimination[["model", "customers", "churn_rate", "auc", "auc_lower", "auc_upper", "top_decile_lift"]]

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), layout="constrained")
cv.plots.reliability(report.reliability, ax=left)
cv.plots.profit(report.profit_curve, ax=right)

# %% [markdown]
# One in eight leaves, so that most calls would go to people who stay, and a call to everybody loses money. The model is
# worth having for that reason: the best tenth of the customers brings most, and beyond the best 40 % a campaign loses
# money.
#
# ### What is each contract worth, and whom do we call?
#
# The value of a contract is what it brings over two years, counting that some end by themselves. A call costs 5, three
# months at a lower price 20, one in four of those who would leave says yes, and there are 60 calls to make.

# %%
renewals = cv.summarize_renewals(subscriptions, observation_end="2026-01-14")
contracts = cv.summarize_contracts(subscriptions, observation_end="2026-01-14")
valued = cv.score_clv(
    contracts.merge(subscriptions[["customer_id", "plan", "mrr"]], on="customer_id"),
    purchase_model=cv.clv.ShiftedBetaGeometric().fit(renewals),
    spend_model="mrr",
    horizon="24 months",
    margin=0.8,
    annual_discount_rate=0.10,
)
X, y, customers = cv.churn.split_xy(panel)
model.fit(X, y, groups=customers)
now = cv.churn_features(logs, roster=subscriptions, cutoff=today, lookbacks=lookbacks)
targets = (
    now.merge(valued[["customer_id", "plan", "clv_if_alive"]], on="customer_id")
    .pipe(cv.score_churn, model=model)
    .pipe(cv.assign_targets, cost=5, incentive=20, acceptance=0.25, budget=1500, capacity=60)
    .pipe(cv.reason_codes, wide=True, top=2)
)
targets.groupby("target_reason", as_index=False)["expected_profit"].agg(["size", "mean", "sum"])

# %%
calls = targets[targets["target"]].sort_values("target_rank")
shown = ["customer_id", "plan", "churn_probability", "clv_if_alive", "expected_profit", "reason_1", "reason_2"]
calls[shown].head(8).fillna("")

# %% [markdown]
# The list stops before the 60 calls are used up: the next call would cost more than it brings. The reasons come with
# it, and the riskiest customer is not on top, for he pays less than those before him.
#
# ### Between two lists
#
# Logins come often enough to be watched from day to day. The alarm needs no model and nobody who has left before; it
# sets each customer against his own half year.

# %%
running = now["customer_id"]
warned = cv.early_warnings(
    bills[bills["customer_id"].isin(running)],
    contacts=usage[usage["customer_id"].isin(running)],
    cutoff=today,
    window="60 days",
    baseline="180 days",
    watch={"contacts": "fewer"},
    observation_end="2026-01-14",
)
alarms = warned[warned["warning"]].merge(targets[["customer_id", "churn_probability", "target"]], on="customer_id")
alarms[["customer_id", "warning_reason", "churn_probability", "target"]].head(8)

# %% [markdown]
# Both had been found by the model as well.
#
# ## What to take along
#
# - Say first when a customer counts as lost, and count what that rule gets wrong.
# - Let a model see only what was known on the day, and test it on later days and other customers.
# - Rank by what a contact brings, not by risk.
# - Leave a random group in peace. The acceptance above is a guess until a campaign has measured it.
#
# What to choose for a business of another kind: {doc}`../how_to/churn`. More on reasons, warnings and drift:
# {doc}`../how_to/watching_churn`.
