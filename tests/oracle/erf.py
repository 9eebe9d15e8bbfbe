"""Find the coefficients in tinygrad_loss/ops/special.py: rational functions of least largest error.

python tests/oracle/erf.py      (needs mpmath; prints the tables, highest power first)

The exchange method of E. Remez for rational functions: the error of the best one has its largest size at
(numerator's degree + denominator's degree + 2) points, with signs in turn.
"""

from __future__ import annotations

import mpmath as mp

mp.mp.dps = 80


def polynomial(coefficients, s):
    return mp.polyval(coefficients[::-1], s)


def balanced(value, weight, degrees, points, denominator):
    """The rational function whose weighted errors at `points` are equal but for signs in turn, and that error."""
    n, m = degrees
    size = n + m + 2
    for _ in range(25):
        rows, right = mp.matrix(size, size), mp.matrix(size, 1)
        for i, s in enumerate(points):
            v = value(s)
            for k in range(n + 1):
                rows[i, k] = s**k
            for k in range(1, m + 1):
                rows[i, n + k] = -v * s**k
            rows[i, size - 1] = (-1) ** i / weight(s) * polynomial(denominator, s)
            right[i] = v
        found = mp.lu_solve(rows, right)
        old, denominator = denominator, [mp.mpf(1), *(found[n + k] for k in range(1, m + 1))]
        if max(abs(a - b) / abs(a) for a, b in zip(denominator[1:], old[1:], strict=True)) < mp.mpf(10) ** -12:
            break
    return [found[k] for k in range(n + 1)], denominator, abs(found[size - 1])


def extremes(errors, count):
    """Where the error is largest between its changes of sign."""
    runs = [[0]]
    for k in range(1, len(errors)):
        if (errors[k] > 0) == (errors[runs[-1][0]] > 0):
            runs[-1].append(k)
        else:
            runs.append([k])
    found = [max(run, key=lambda k: abs(errors[k])) for run in runs]
    while len(found) > count:
        found.pop(0 if abs(errors[found[0]]) < abs(errors[found[-1]]) else -1)
    return found


def minimax(value, weight, degrees, high, crowding):
    """The rational function on 0 ... high with the least largest weighted error: numerator, denominator, error."""
    size = sum(degrees) + 2
    grid = [high * (mp.mpf(k) / 700) ** crowding for k in range(1, 701)]
    points = [high * ((1 - mp.cos(mp.pi * (2 * i + 1) / (2 * size))) / 2) ** crowding for i in range(size)]
    denominator = [mp.binomial(degrees[1], k) / mp.mpf(high) ** k for k in range(degrees[1] + 1)]
    for _ in range(25):
        numerator, denominator, level = balanced(value, weight, degrees, points, denominator)
        errors = [(polynomial(numerator, s) / polynomial(denominator, s) - value(s)) * weight(s) for s in grid]
        worst = max(map(abs, errors))
        chosen = extremes(errors, size)
        if worst < level * mp.mpf("1.01") or len(chosen) < size:
            break
        points = [grid[k] for k in chosen]
    return numerator, denominator, worst


def scaled(a):
    """exp(a²) erfc(a)."""
    return mp.exp(a * a) * mp.erfc(a)


def remainder(a):
    """What exp(a²) erfc(a) = 1/(√π·a + remainder) asks for: 1 at 0, small further out."""
    return 1 / scaled(a) - mp.sqrt(mp.pi) * a


def stretch(v):
    """erfinv(y)/y where v = √(-ln(1 - y²))."""
    y = mp.sqrt(-mp.expm1(-v * v))
    return mp.erfinv(y) / y


def show(title, numerator, denominator, worst):
    lead = denominator[-1]
    print(f"{title}: error {mp.nstr(worst, 3)}")
    for part in (numerator, denominator):
        print("   ", ", ".join(mp.nstr(c / lead, 17, strip_zeros=True) for c in reversed(part)))


if __name__ == "__main__":
    show("erfc", *minimax(remainder, scaled, (9, 10), mp.mpf("27.5"), 3))
    show("the first guess of erfinv", *minimax(stretch, lambda v: 1 / stretch(v), (7, 6), mp.mpf("6.1"), 2))
