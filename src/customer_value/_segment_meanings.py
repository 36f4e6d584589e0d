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
TIERS = {
    "contribution_share": ("the customer's share of the net total of the value", SHARE),
    "contribution_rank": ("rank by value; equal values share one", "rank, 1 is best"),
    "contribution_cumulative_share": (
        "share of the net total held by the customer, all better ones and all equal ones; above 1 where others cost",
        "share, from 0 on",
    ),
    "potential": ("what more the customer could bring in a year, by the part that counts", "currency a year"),
    "potential_headroom": ("wallet less current value: what is bought elsewhere", "currency a year"),
    "share_of_wallet": ("current value / wallet", SHARE),
    "potential_growth": ("predicted less current value", "currency a year"),
    "potential_trend": ("recent rate of value as a multiple of the rate before", "ratio"),
    "loyalty": ("weighted mean of the parts of loyalty", "0 to 1"),
    "loyalty_tenure": ("length of the relationship, one half at its reference", "0 to 1"),
    "loyalty_rate": ("rate of repeat purchases, one half at its reference", "0 to 1"),
    "loyalty_regularity": ("1 / (1 + CV) of the gaps between purchases", "0 to 1"),
    "loyalty_active_share": ("share of periods, or of occasions, with a purchase", SHARE),
    "tier_previous": ("tier in the previous review; null for a new customer", "label"),
    "tier_proposed": ("tier that this review's scores propose", "label"),
    "tier_change": ("upgrade, downgrade, unchanged or new", "label"),
    "tier_pending": ("reviews in a row that have asked for a move not yet made", "count"),
    "key_account": ("whether any flag of a key account fired; null if none did and one is unknown", "true or false"),
    "key_account_economic": ("whether rank or volume make a key account", "true or false"),
    "key_account_important": ("whether a market leader or the like", "true or false"),
    "key_account_potential": ("whether growth makes a key account", "true or false"),
    "key_account_reason": ("the flags of a key account that fired", "text"),
    "cost_ratio": ("service cost / value; null where the value is not above 0", "ratio"),
    "margin_after_cost": ("value less service cost", "currency"),
    "cost_rank": ("rank by service cost per unit of value", "rank, 1 is dearest"),
    "serve_cheaper": ("whether of low value and dear to serve: a candidate for a cheaper channel", "true or false"),
    "serve_cheaper_reason": ("why a candidate for a cheaper channel, or why not", "text"),
    "quadrant": ("value x risk: core, at risk, ordinary, let go", "label"),
}
