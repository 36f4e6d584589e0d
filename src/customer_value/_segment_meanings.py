"""What the columns of scores, segments, clusters and tiers mean: column -> (meaning, unit)."""

from customer_value._meanings import SHARE

SEGMENTS = {
    "r_score": ("score of time_since_last: the highest bought last", "score, 1 is lowest"),
    "f_score": ("score of purchases: the highest bought most often", "score, 1 is lowest"),
    "m_score": ("score of total_value: the highest brought most", "score, 1 is lowest"),
    "rfm_score": ("the three scores as digits: 100 R + 10 F + M", "number"),
    "segment": ("named segment of the customer's scores, best first", "label"),
    "customers": ("number of customers in the row's group", "count"),
    "share_of_customers": ("the group's share of all customers", SHARE),
    "share_of_value": ("the group's share of total_value, or of the value column that was named", SHARE),
    "mean_value": ("mean of the value column over the group's customers", "currency"),
    "median_value": ("median of the value column over the group's customers", "currency"),
    "share_of_clv": ("the group's share of the future value of all customers", SHARE),
    "mean_clv": ("mean future value of the group's customers", "currency"),
}
CLUSTERS: dict[str, tuple[str, str]] = {}
TIERS: dict[str, tuple[str, str]] = {}
