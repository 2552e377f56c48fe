"""How far a share may be trusted: the Wilson score interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

#: 95 % of the normal distribution lie within so many standard deviations
Z: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A lowest and a highest share, both within 0 and 1."""

    low: float
    high: float


def wilson(hits: int, of: int) -> Interval | None:
    """Return the 95 % interval of the share `hits` out of `of`; None when there is nothing to count.

    Raises ValueError unless 0 <= hits <= of.
    Source: Wilson, Journal of the American Statistical Association 22 (1927), without continuity correction.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share")
    if of == 0:
        return None
    share, weight = hits / of, Z * Z / of
    middle = share + weight / 2
    reach = Z * sqrt(share * (1 - share) / of + weight / of / 4)
    low, high = (middle - reach) / (1 + weight), (middle + reach) / (1 + weight)
    # Rounding of floats must not push an end past the share itself, nor past 0 or 1.
    return Interval(low=max(0.0, min(low, share)), high=min(1.0, max(high, share)))
