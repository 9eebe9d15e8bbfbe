"""Colours and fonts, and the heat scale: from dark blue to yellow, even in lightness, safe for colour-blind readers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

__all__ = ["DARK", "LIGHT", "Theme", "balance_colour", "heat_colour", "ink_on"]

FONT = "Helvetica,Arial,sans-serif"


@dataclass(frozen=True)
class Theme:
    """The colours of a picture, each as #rrggbb."""

    paper: str  # the background
    ink: str  # text
    faint: str  # labels, formulas
    line: str  # arrows
    gradient: str  # everything that flows back
    layer: str  # the ground of a layer
    layer_line: str
    fills: dict[str, str]  # of a box, by kind
    borders: dict[str, str]
    good: str = "#1a7f64"
    bad: str = "#c4314b"


LIGHT = Theme(
    paper="#ffffff",
    ink="#1c2330",
    faint="#6b7482",
    line="#8a94a3",
    gradient="#b3470b",
    layer="#f5f7fa",
    layer_line="#c9d1dc",
    fills={
        "leaf": "#e3effc",
        "constant": "#f2f2f0",
        "op": "#ffffff",
        "output": "#fff4d9",
        "layer": "#eceff5",
        "bypassed": "#fafafa",
        "summary": "#ffffff",
    },
    borders={
        "leaf": "#3b7cc4",
        "constant": "#b9b9b2",
        "op": "#8a94a3",
        "output": "#c99a1e",
        "layer": "#7a86a0",
        "bypassed": "#b9b9b2",
        "summary": "#8a94a3",
    },
)

DARK = Theme(
    paper="#12161d",
    ink="#e8ecf2",
    faint="#98a3b3",
    line="#6d7889",
    gradient="#ffab70",
    layer="#181e27",
    layer_line="#384252",
    fills={
        "leaf": "#17304d",
        "constant": "#22252a",
        "op": "#1e2530",
        "output": "#43350f",
        "layer": "#242d3b",
        "bypassed": "#191d23",
        "summary": "#1e2530",
    },
    borders={
        "leaf": "#5a9be0",
        "constant": "#555b63",
        "op": "#566173",
        "output": "#d3a93c",
        "layer": "#6b7a94",
        "bypassed": "#555b63",
        "summary": "#566173",
    },
    good="#5fd0ae",
    bad="#ff7a90",
)


@cache
def heat_colour(share: float) -> str:
    """The colour of a place between 0 (dark blue) and 1 (yellow) on the heat scale.

    In the perceptual space OKLab lightness rises evenly, while the hue turns from blue through green to
    yellow: by lightness alone every eye can read it, whichever hues it tells apart. Source: B. Ottosson,
    "A perceptual color space for image processing" (2020).
    """
    share = min(max(share, 0.0), 1.0)
    hue = math.radians(280 - 170 * share)
    chroma = 0.13 - 0.12 * share * (1 - share) + 0.02 * share
    return _from_oklab(0.30 + 0.60 * share, chroma * math.cos(hue), chroma * math.sin(hue))


@cache
def balance_colour(share: float) -> str:
    """The colour of a place between 0 (blue) and 1 (orange), pale in the middle: for gains, which are balanced at 1.

    Blue and orange stay apart for every common colour blindness, and both darken evenly away from the middle.
    """
    away = min(max(2 * share - 1, -1.0), 1.0)
    reach = abs(away)
    a, b = (0.10, 0.125) if away > 0 else (-0.035, -0.155)
    return _from_oklab(0.965 - 0.455 * reach, a * reach, b * reach)


def _from_oklab(lightness: float, a: float, b: float) -> str:
    """OKLab to #rrggbb, through linear sRGB."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return "#" + "".join(f"{round(255 * _gamma(channel)):02x}" for channel in (red, green, blue))


def _gamma(channel: float) -> float:
    """The sRGB transfer curve, cut to [0, 1]."""
    channel = min(max(channel, 0.0), 1.0)
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def ink_on(colour: str) -> str:
    """Black or white: the text colour that reads better on `colour`."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#111111" if luminance > 0.186 else "#ffffff"  # there the contrast with both is the same
