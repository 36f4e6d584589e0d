"""Posterior draws of BG/NBD on CDNOW against the No-U-Turn sampler of numpyro, and the time of both.

The sampler gets the likelihood written anew in jax from the paper (Fader, Hardie & Lee 2005, equation 6), the same flat
priors on the logarithms, and long chains. numpyro is not among this project's dependencies: install it beside it.

    pip install numpyro
    python benchmarks/accuracy/nuts.py [--smoke]

Fails where a mean differs by more than four standard errors of both, or a standard deviation by more than 5 %.
"""

from __future__ import annotations

import importlib.util
import sys
import time

import numpy as np

import customer_value as cv

CHAINS, WARMUP, DRAWS = 2, 500, 5000


def summary() -> tuple[object, list[np.ndarray], np.ndarray]:
    """CDNOW's calibration weeks, and their distinct rows with counts."""
    calibration, _ = cv.split_holdout(cv.datasets.load_cdnow(sample=True), observation_end="1997-09-30")
    frame = cv.summarize_customers(calibration, observation_end="1997-09-30", time_unit="week")
    rows, counts = np.unique(frame[["frequency", "recency", "T"]].to_numpy(float), axis=0, return_counts=True)
    return frame, list(rows.T), counts


def nuts(rows: list[np.ndarray], counts: np.ndarray, warmup: int, draws: int) -> tuple[np.ndarray, float, float]:
    """Chains of the four log parameters, the least effective size among them, and seconds."""
    import jax
    import numpyro
    from jax import numpy as jnp
    from jax.scipy.special import betaln, gammaln
    from numpyro.diagnostics import effective_sample_size
    from numpyro.infer import MCMC, NUTS

    numpyro.set_host_device_count(1)
    jax.config.update("jax_enable_x64", True)
    x, t_x, T = (jnp.asarray(column) for column in rows)
    n = jnp.asarray(counts)

    def potential(theta: dict[str, jax.Array]) -> jax.Array:
        logs = theta["logs"]
        r, alpha, a, b = jnp.exp(logs)
        common = gammaln(r + x) - gammaln(r) + r * jnp.log(alpha)
        alive = betaln(a, b + x) - betaln(a, b) - (r + x) * jnp.log(alpha + T)
        gone = betaln(a + 1, b + jnp.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * jnp.log(alpha + t_x)
        both = jnp.where(x > 0, jnp.logaddexp(alive, gone), alive)
        return -((common + both) @ n)

    start = time.perf_counter()
    sampler = MCMC(
        NUTS(potential_fn=potential), num_warmup=warmup, num_samples=draws, num_chains=CHAINS,
        chain_method="sequential", progress_bar=False,
    )  # fmt: skip
    centre = jnp.log(jnp.array([0.243, 4.414, 0.793, 2.426]))
    sampler.run(jax.random.PRNGKey(0), init_params={"logs": jnp.stack([centre + 0.1 * i for i in range(CHAINS)])})
    chains = np.asarray(sampler.get_samples(group_by_chain=True)["logs"])
    return chains.reshape(-1, 4), float(effective_sample_size(chains).min()), time.perf_counter() - start


def main() -> None:
    smoke = "--smoke" in sys.argv
    frame, rows, counts = summary()
    model = cv.clv.BGNBD().fit(frame)
    model.posterior_draws(100)
    wall, processor = time.perf_counter(), time.process_time()
    draws = model.posterior_draws(4000)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"ours: 4,000 draws, effective size {draws.effective_size:,.0f}, k-hat {draws.k_hat:.2f}, ", end="")
    print(f"{wall:.3f} s ({processor:.3f} s of processor time)")
    if importlib.util.find_spec("numpyro") is None:
        print("numpyro is not installed: no chain to compare with")
        return
    chain, effective, seconds = nuts(rows, counts, 50 if smoke else WARMUP, 100 if smoke else DRAWS)
    print(f"NUTS: {len(chain):,} draws, least effective size {effective:,.0f}, {seconds:.1f} s, compiling included")
    ours = np.log(draws.params)
    error = chain.std(axis=0) * np.sqrt(1 / draws.effective_size + 1 / effective)
    off = (ours.mean(axis=0) - chain.mean(axis=0)) / error
    ratio = ours.std(axis=0) / chain.std(axis=0)
    print("| parameter | ln mean, ours | NUTS | difference in standard errors | ln sd, ours | NUTS | ratio |")
    print("|---|---|---|---|---|---|---|")
    for i, name in enumerate(draws.parameters):
        cells = [ours[:, i].mean(), chain[:, i].mean(), off[i], ours[:, i].std(), chain[:, i].std(), ratio[i]]
        print(f"| {name} | {' | '.join(f'{c:.4f}' for c in cells)} |")
    if not smoke and (np.abs(off).max() > 4 or np.abs(ratio - 1).max() > 0.05):
        sys.exit("posterior draws differ from the sampler's")


if __name__ == "__main__":
    main()
