"""Maps of each element."""

from __future__ import annotations

import math

import numpy as np

import tinygrad_loss as tg

from .table import composed, same, written

for name in (
    "abs acos acosh add mul sub asin asinh atan atan2 atanh ceil positive conj copysign cos cosh deg2rad "
    "true_divide exp floor fmax fmin fmod remainder log log1p log10 log2 logaddexp logaddexp2 maximum minimum "
    "rad2deg real sin sinc sinh sign tan tanh trunc exp2 expm1 reciprocal sqrt square hypot float_power "
    "i0 erf erfc erfinv sigmoid pow angle frexp"
).split():
    numpys = {"mul": "multiply", "sub": "subtract"}.get(name, name)
    function = getattr(np, numpys, None) or getattr(tg, numpys)
    if name not in ("add", "sub"):
        same(name, function)

same("conj_physical resolve_conj", np.conj)
same("resolve_neg", np.positive)
same("neg", np.negative)
same("sgn", np.sign)
same("max.binary", np.maximum)
same("min.binary", np.minimum)
same("special.i1", tg.i1)
same("clamp_max", np.minimum)
same("clamp_min", np.maximum)
same("__radd__", lambda x, a: a + x)
same("__rmul__", lambda x, a: a * x)
same("__rsub__", lambda x, a: a - x)
same("__rdiv__", lambda x, a: a / x)
same("__rpow__", lambda x, a: a**x)
same("__rmod__", lambda x, a: a % x)


@written("add")
def add(a, b, *, alpha=1):
    return np.add(a, b if alpha == 1 else alpha * b)


@written("sub")
def subtract(a, b, *, alpha=1):
    return np.subtract(a, b if alpha == 1 else alpha * b)


@written("rsub")
def rsub(a, b, alpha=1):
    return b - (a if alpha == 1 else alpha * a)


@written("div.no_rounding_mode div.trunc_rounding div.floor_rounding")
def divide(a, b, *, rounding_mode=None):
    y = np.divide(a, b)
    return y if rounding_mode is None else np.trunc(y) if rounding_mode == "trunc" else np.floor(y)


@written("round round.decimals_0 round.decimals_3 round.decimals_neg_3")
def rounded(x, decimals=0):
    return np.round(x, decimals)


@written("clamp")
def clamp(x, low=None, high=None, **keywords):
    return np.clip(x, keywords.get("min", low), keywords.get("max", high))


@written("nan_to_num")
def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    return np.nan_to_num(x, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


@written("where")
def where(a, condition, b):
    return np.where(condition, a, b)


@composed("addcmul")
def addcmul(x, a, b, value=1):
    return x + value * a * b


@composed("addcdiv")
def addcdiv(x, a, b, value=1):
    return x + value * a / b


@composed("ldexp")
def ldexp(x, exponent):
    return x * np.exp2(exponent)  # NumPy's takes whole exponents only


@composed("frac")
def frac(x):
    return x - np.trunc(x)


@composed("rsqrt")
def rsqrt(x):
    return 1 / np.sqrt(x)


@composed("lerp")
def lerp(a, b, weight):
    return a + weight * (b - a)


@composed("xlogy")
def xlogy(x, y):
    return np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, y)))


@composed("special.xlog1py")
def xlog1py(x, y):
    return np.where(x == 0, 0.0, x * np.log1p(np.where(x == 0, 1.0, y)))


@composed("special.entr")
def entropy(x):
    return np.where(x > 0, -x * np.log(np.where(x > 0, x, 1.0)), np.where(x == 0, 0.0, -math.inf))


@composed("logit")
def logit(x, eps=None):
    x = x if eps is None else np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


@composed("special.i0e")
def i0e(x):
    return np.exp(-np.abs(x)) * np.i0(x)


@composed("special.i1e")
def i1e(x):
    return np.exp(-np.abs(x)) * tg.i1(x)


@composed("special.ndtr")
def normal_distribution(x):
    return 0.5 * tg.erfc(-x / math.sqrt(2))


@composed("special.ndtri")
def normal_quantile(p):
    return math.sqrt(2) * tg.erfinv(2 * p - 1)


@composed("masked.logaddexp")
def masked_logaddexp(a, b, *, input_mask=None, other_mask=None):
    a = a if input_mask is None else np.where(input_mask, a, -math.inf)
    b = b if other_mask is None else np.where(other_mask, b, -math.inf)
    y = np.logaddexp(a, b)
    either = input_mask is None or other_mask is None
    return y if either else np.where(np.logical_and(input_mask, other_mask), y, 0.0)
