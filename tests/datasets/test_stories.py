"""The draws against the theory of each story, and against one customer at a time told in a plain loop.

Every draw is seeded. A sum is held within four standard errors, a distribution at a p-value of .001: chances of a
false alarm of about 1 in 16,000 and 1 in 1,000 once, at writing, and none afterwards.
"""

import numpy as np
import pytest
from scipy import integrate, special, stats

from customer_value.datasets._stories import STORIES

N = 40_000
PARETO = {"r": 0.55, "alpha": 10.6, "s": 0.61, "beta": 11.7}
BETA_GEOMETRIC = {"r": 0.53, "alpha": 6.2, "a": 0.9, "b": 1.6}
PARAMETERS = {"pareto_nbd": PARETO, "bg_nbd": BETA_GEOMETRIC, "mbg_nbd": BETA_GEOMETRIC}
P_VALUE = 1e-3


def draw(process, length, seed=1):
    return STORIES[process].draw(np.random.default_rng(seed), length, **PARAMETERS[process])


def within_four_errors(observed, expected):
    difference = observed - expected
    return abs(difference.mean()) < 4 * difference.std() / np.sqrt(difference.size)


def expected_purchases(process, t):
    """Expected repeat purchases by t of a customer drawn at random."""
    if process == "pareto_nbd":  # Schmittlein, Morrison and Colombo (1987), eq. 17
        r, alpha, s, beta = PARETO.values()
        return r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + t)) ** (s - 1))
    r, alpha, a, b = BETA_GEOMETRIC.values()
    if process == "bg_nbd":  # Fader, Hardie and Lee (2005), eq. 9
        hyper = special.hyp2f1(r, b, a + b - 1, t / (alpha + t))
        return (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * hyper)
    # Leaving at rate p * rate after surviving the first toss: integrate (1 - p)(1 - exp(-p rate t)) / p.

    def integrand(p):
        return (1 - p) / p * (1 - (alpha / (alpha + p * t)) ** r) * stats.beta.pdf(p, a, b)

    return integrate.quad(integrand, 0, 1, points=[1e-3])[0]


@pytest.mark.parametrize("process", STORIES)
@pytest.mark.parametrize("t", [8.0, 40.0, 104.0])
def test_mean_purchases(process, t):
    repeats = draw(process, np.full(N, t)).repeats
    assert within_four_errors(repeats, np.full(N, expected_purchases(process, t)))


@pytest.mark.parametrize("process", STORIES)
def test_traits_have_their_distributions(process):
    history = draw(process, np.full(N, 40.0))
    r, alpha, *rest = PARAMETERS[process].values()
    assert stats.kstest(history.rate, stats.gamma(r, scale=1 / alpha).cdf).pvalue > P_VALUE
    if process == "pareto_nbd":
        s, beta = rest
        assert stats.kstest(history.dropout, stats.gamma(s, scale=1 / beta).cdf).pvalue > P_VALUE
        assert stats.kstest(history.dropout * history.dropout_time, stats.expon.cdf).pvalue > P_VALUE
    else:
        assert stats.kstest(history.dropout, stats.beta(*rest).cdf).pvalue > P_VALUE
    assert abs(stats.spearmanr(history.rate, history.dropout).statistic) < 4 / np.sqrt(N)


@pytest.mark.parametrize("process", ["bg_nbd", "mbg_nbd"])
def test_time_of_leaving_has_its_distribution_beyond_the_window_too(process):
    """Given the rate and the chance, tosses come at rate `rate`, and `rate * chance * time` is exponential."""
    history = draw(process, np.full(N, 40.0))
    survived = history.dropout_time > 0
    if process == "mbg_nbd":
        assert within_four_errors((~survived).astype(float), history.dropout)
    else:
        assert survived.all()
    scaled = (history.rate * history.dropout * history.dropout_time)[survived]
    assert stats.kstest(scaled, stats.expon.cdf).pvalue > P_VALUE


def one_customer(rng, process, rate, dropout, length):
    """Tell a customer's story event by event: number and time of the last repeat purchase within the window."""
    alive_until = rng.exponential(1 / dropout) if process == "pareto_nbd" else np.inf
    if process == "mbg_nbd" and rng.random() < dropout:
        return 0, 0.0
    now, count, last = 0.0, 0, 0.0
    while True:
        now += rng.exponential(1 / rate)
        if now > min(length, alive_until):
            return count, last
        count, last = count + 1, now
        if process != "pareto_nbd" and rng.random() < dropout:
            return count, last


@pytest.mark.parametrize("process", STORIES)
def test_counts_and_recency_against_a_plain_loop(process):
    n, length = 20_000, 60.0
    history = draw(process, np.full(n, length))
    rng = np.random.default_rng(2)
    told = [one_customer(rng, process, *traits, length) for traits in zip(history.rate, history.dropout, strict=True)]
    counts, last = np.array(told).T
    most = 12
    table = [np.bincount(np.minimum(c, most).astype(int), minlength=most + 1) for c in (history.repeats, counts)]
    assert stats.chi2_contingency(table).pvalue > P_VALUE
    ends = np.cumsum(history.repeats)
    recency = history.times[ends[history.repeats > 0] - 1]
    assert stats.ks_2samp(recency, last[counts > 0]).pvalue > P_VALUE


@pytest.mark.parametrize("process", STORIES)
def test_times_are_ordered_and_within_the_window(process):
    length = np.linspace(1.0, 200.0, 4_000)
    history = draw(process, length)
    owner = np.repeat(np.arange(length.size), history.repeats)
    assert (history.times >= 0).all()
    assert (history.times <= np.minimum(length, history.dropout_time)[owner]).all()
    same = owner[1:] == owner[:-1]
    assert (np.diff(history.times)[same] >= 0).all()


@pytest.mark.parametrize("process", ["bg_nbd", "mbg_nbd"])
def test_one_who_left_did_so_at_the_last_purchase(process):
    history = draw(process, np.full(4_000, 60.0))
    ends = np.cumsum(history.repeats)
    left = (history.dropout_time <= 60.0) & (history.repeats > 0)
    assert left.sum() > 400
    np.testing.assert_array_equal(history.dropout_time[left], history.times[ends[left] - 1])


@pytest.mark.parametrize("process", STORIES)
def test_rates_at_the_edge_of_floating_point(process):
    """Shapes near 0 give rates and chances that underflow; such customers buy once and may stay for ever."""
    tiny = dict.fromkeys(PARAMETERS[process], 1e-3)
    history = STORIES[process].draw(np.random.default_rng(3), np.full(4_000, 1.0), **tiny)
    assert (history.rate == 0).any()
    assert np.isinf(history.dropout_time).any()
    assert not np.isnan(history.dropout_time).any()
    assert (history.repeats[history.rate == 0] == 0).all()
