"""Life tables, log-rank, Cox and its check on IBM's telco customers, against lifelines 0.30 and statsmodels 0.15.

Give the path of telco_ibm_7043.csv (IBM's "Telco customer churn", 7,043 customers); without it there is nothing to do.
Prints the largest deviations; fails above the stated limits.
"""

from __future__ import annotations

import sys
from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from customer_value.churn._risk_sets import risk_sets
from customer_value.churn._spells import read_spells
from customer_value.churn.cox import CoxModel
from customer_value.churn.life_tables import life_table
from customer_value.churn.survival_comparison import compare_survival
from customer_value.churn.survival_curves import survival_table

NAMES = {"duration": "tenure", "event": "churned"}
# Independent computations by lifelines 0.30 (Kaplan-Meier and Cox also by statsmodels 0.15).
SURVIVAL = {1: 0.9459613196814566, 6: 0.8848262389332724, 12: 0.8431995538158302, 24: 0.7887363983705965,
            36: 0.7485454148763702, 48: 0.7088401843460741, 60: 0.6644039143747397, 72: 0.5927901520522275}  # fmt: skip
MONTHLY = {12: 0.7030966363488644, 24: 0.5859154739046663, 60: 0.29715813465993696}
HAZARD = {1: 0.0540386803185438, 2: 0.019161863218569872, 3: 0.01520789516259505, 12: 0.007639726578206675,
          24: 0.005856888209829387}  # fmt: skip
LOG_RANK = 189.511486090142
# Covariate: slope and standard error (Efron), and chi-squared of its constancy over the rank of time.
COX = {
    "senior": (-0.059147751337315514, 0.05578933628115332, 0.19019051568752038),
    "partner": (-0.6122557614890776, 0.0543174370605003, 17.428358983403868),
    "dependents": (-0.09685374104224889, 0.06807573881145353, 0.13351139197384207),
    "paperless": (0.12878973261325175, 0.05591594725911019, 1.4146828999424013),
    "one_year": (-2.0320172211170777, 0.08496898260766375, 84.38002384569847),
    "two_year": (-3.905417814820937, 0.15970307350418658, 29.1665721513567),
    "fiber": (0.3138280012346961, 0.056335297244980244, 18.082618148725714),
    "no_internet": (-0.2661072577064313, 0.10700961811802127, 4.637907617893332),
}
LOG_LIKELIHOOD, CONCORDANCE = -14222.467847204163, 0.8174973256334355


def read(path):
    telco = pd.read_csv(path).assign(churned=lambda f: f["Churn"] == "Yes")
    covariates = {
        "senior": telco["SeniorCitizen"] == 1,
        "partner": telco["Partner"] == "Yes",
        "dependents": telco["Dependents"] == "Yes",
        "paperless": telco["PaperlessBilling"] == "Yes",
        "one_year": telco["Contract"] == "One year",
        "two_year": telco["Contract"] == "Two year",
        "fiber": telco["InternetService"] == "Fiber optic",
        "no_internet": telco["InternetService"] == "No",
    }
    return telco, telco[["tenure", "churned"]].assign(**covariates)


def off(found, expected):
    return max(abs(found[key] - value) for key, value in expected.items())


def constancy_in_order_of_the_file(frame, model):
    """The check as lifelines makes it: equal times ranked by the order of the rows, residuals shared among them."""
    table = nw.from_native(frame)
    spells = read_spells(table, **NAMES)
    matrix = model.covariates_.matrix(table, nulls=False)[spells.row]
    sets = risk_sets(spells, matrix, model.slopes_, "efron")
    _, at = np.unique(sets.time, return_inverse=True)
    mean = np.array([sets.mean[at == i].mean(axis=0) for i in range(at.max() + 1)])[at]
    residual = at.size * (matrix[sets.row] - mean) @ model.covariance_
    rank = np.arange(at.size) - (at.size - 1) / 2
    chi2 = (rank @ residual) ** 2 / (at.size * np.diag(model.covariance_) * (rank @ rank))
    return dict(zip(model.covariates_.names, chi2, strict=True))


def main():
    paths = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if not paths:
        print("no path of telco_ibm_7043.csv given: nothing to do")
        return
    telco, frame = read(paths[0])
    monthly = telco[telco["Contract"] == "Month-to-month"]
    curve = survival_table(telco, **NAMES).set_index("time")["survival"]
    table = life_table(telco, **NAMES).set_index("period")
    test = compare_survival(telco, **NAMES, by="PaperlessBilling")
    groups = compare_survival(telco, **NAMES, by="Contract").set_index("Contract")
    model = CoxModel().fit(frame, **NAMES)
    estimates = model.summary_table().set_index("parameter")
    check = constancy_in_order_of_the_file(frame, model)
    shuffled = constancy_in_order_of_the_file(frame.sample(frac=1, random_state=1), model)
    ours = model.check_proportional_hazards().set_index("parameter")["chi2"]
    rows = {
        "Kaplan-Meier": (off(curve, SURVIVAL), 1e-13),
        "Kaplan-Meier, monthly contracts": (
            off(survival_table(monthly, **NAMES).set_index("time")["survival"], MONTHLY), 1e-13,
        ),
        "their median of 35 months": (abs(groups["median_time"]["Month-to-month"] - 35), 1e-13),
        "hazard of the life table": (off(table["hazard"], HAZARD), 1e-13),
        "survival of the life table": (off(table["survival"], SURVIVAL), 1e-13),
        "log-rank": (abs(test["log_rank"][0] - LOG_RANK), 1e-9),
        "Cox: slopes": (off(estimates["estimate"], {name: row[0] for name, row in COX.items()}), 1e-8),
        "Cox: standard errors": (off(estimates["standard_error"], {name: row[1] for name, row in COX.items()}), 1e-9),
        "Cox: partial log-likelihood": (abs(model.log_likelihood_ - LOG_LIKELIHOOD), 1e-9),
        "Cox: concordance": (abs(model.concordance_ - CONCORDANCE), 1e-12),
        "constancy, equal times as in the file": (off(check, {name: row[2] for name, row in COX.items()}), 1e-6),
    }  # fmt: skip
    failed = False
    for what, (error, most) in rows.items():
        failed |= not error < most
        print(f"{what:40} {error:8.1e}  {'ok' if error < most else f'ABOVE {most}'}")
    print("\nconstancy of effects, chi-squared: equal times share their rank (ours); by the file's order; by another")
    for name in COX:
        print(f"  {name:12} {ours[name]:9.4f} {check[name]:9.4f} {shuffled[name]:9.4f}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
