"""Heat maps: the scale and its ends, colours that the colour-blind can tell apart, norms and gains of nodes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import UnknownNameError
from tinygrad_loss.visualize.heat import BAD, ZERO, heat_of, scale_of
from tinygrad_loss.visualize.theme import balance_colour, heat_colour, ink_on
from tinygrad_loss.visualize.walk import walk

# How the eyes of people without red, green or blue cones mix linear RGB: G. M. Machado, M. M. Oliveira, L. A. F.
# Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009), severity 1.
COLOUR_BLIND = {
    "none": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lightness(rgb):
    """CIE L* of linear sRGB: 116 f(Y) - 16."""
    y = float(np.clip(rgb, 0, 1) @ [0.2126, 0.7152, 0.0722])
    return 116 * y ** (1 / 3) - 16 if y > 216 / 24389 else y * 24389 / 27


def layers(count, deviation, activation="tanh"):
    tg.set_random_seed(0)
    initializer = tg.initializers.RandomNormal(stddev=deviation)
    dense = [tg.layers.Dense(8, activation=activation, kernel_initializer=initializer) for _ in range(count)]
    model = tg.Sequential(dense)
    return tg.losses.MeanSquaredError()(np.ones((4, 8)), model(np.random.default_rng(0).normal(size=(4, 8))))


class TestColours:
    @pytest.mark.parametrize("eyes", COLOUR_BLIND)
    def test_the_sequence_rises_in_lightness_for_every_eye(self, eyes):
        seen = [lightness(np.array(COLOUR_BLIND[eyes]) @ linear(heat_colour(k / 20))) for k in range(21)]
        steps = np.diff(seen)
        assert steps.min() > 1.5
        assert seen[-1] - seen[0] > 60

    @pytest.mark.parametrize("eyes", COLOUR_BLIND)
    def test_gains_below_and_above_one_differ_for_every_eye(self, eyes):
        matrix = np.array(COLOUR_BLIND[eyes])
        for away in (0.2, 0.5, 1.0):
            low, high = (matrix @ linear(balance_colour(0.5 + side * away / 2)) for side in (-1, 1))
            assert np.abs(low - high).max() > 0.1 * away
        middle = lightness(linear(balance_colour(0.5)))
        assert middle > 94
        assert max(lightness(linear(balance_colour(end))) for end in (0, 1)) < middle - 35

    @pytest.mark.parametrize("colour", [scale(k / 20) for scale in (heat_colour, balance_colour) for k in range(21)])
    def test_text_on_a_colour_can_be_read(self, colour):
        lights = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (colour, ink_on(colour)))
        assert (lights[1] + 0.05) / (lights[0] + 0.05) > 4.0  # contrast as WCAG 2 counts it


class TestScale:
    def test_ends_are_powers_of_ten_around_what_is_shown(self):
        scale = scale_of("gradient", [3e-7, 0.02, None])
        assert (scale.low, scale.high) == pytest.approx((1e-7, 0.1))
        assert scale.marks() == ["10⁻⁷", "10⁻⁴", "0.1"]
        assert [scale.share(x) for x in (1e-7, 1e-4, 0.1)] == pytest.approx([0, 0.5, 1])
        assert scale.at(scale.share(3e-5)) == pytest.approx(3e-5)

    def test_one_number_makes_a_scale(self):
        scale = scale_of("gradient", [1.0])
        assert (scale.low, scale.high) == (1.0, 10.0)
        assert scale.share(1.0) == 0

    def test_gains_are_balanced_at_one(self):
        scale = scale_of("gain", [0.3, 2.0])
        assert (scale.low, scale.high) == (0.2, 5.0)
        assert scale.marks() == ["0.2", "1", "5"]
        assert scale.share(1.0) == 0.5
        assert scale_of("gain", [0.02]).high == pytest.approx(100)

    def test_what_has_no_logarithm_stands_beside_the_scale(self):
        scale = scale_of("gradient", [0.0, math.nan, 0.5, math.inf])
        assert (scale.zeros, scale.bad) == (True, True)
        assert (scale.low, scale.high) == pytest.approx((0.1, 1.0))
        assert (scale.colour(0.0), scale.colour(math.nan), scale.colour(math.inf)) == (ZERO, BAD, BAD)


class TestHeat:
    def test_of_the_gradient_is_its_norm(self):
        x = tg.tensor([3.0, 4.0], requires_grad=True)
        graph = walk((x * x).sum() / 2)
        leaf = next(record for record in graph.nodes.values() if record.kind == "leaf")
        assert heat_of("gradient", leaf, graph) == 5.0
        assert heat_of("gain", leaf, graph) is None

    def test_gain_is_what_goes_on_to_other_ops(self):
        x, w = tg.tensor([1.0, 1.0], requires_grad=True), tg.tensor(100.0, requires_grad=True)
        graph = walk(((x * 2.0) * w).sum())
        inner, outer = (record for record in graph.nodes.values() if record.title == "multiply")
        assert heat_of("gain", outer, graph) == pytest.approx(100.0)  # to the op; w's own gradient does not count
        assert heat_of("gain", inner, graph) == pytest.approx(2.0)  # to its leaf, as there is no other op

    def test_vanishing_layers_are_dark_and_exploding_ones_too(self):
        for deviation, activation, vanish in ((0.1, "tanh", True), (1.0, None, False)):
            view = tg.draw(layers(30, deviation, activation), depth=1, heat="gradient").view
            heats = [box.heat for box in view.boxes if box.kind == "layer"]
            assert len(heats) == 30
            assert (heats[-1] / heats[0] > 1e3) is vanish
            assert (heats[0] / heats[-1] > 1e3) is not vanish
            assert view.scale.low <= min(heats) <= max(heats) <= view.scale.high

    def test_layer_gains_multiply_to_the_whole(self):
        gains, norms = (
            [box.heat for box in tg.draw(layers(6, 0.3), depth=1, heat=heat).view.boxes if box.kind == "layer"]
            for heat in ("gain", "gradient")
        )
        assert gains[0] is None  # it passes on to its own parameters only
        assert np.prod(gains[1:]) == pytest.approx(norms[0] / norms[-1], rel=1e-12)

    def test_the_picture_has_a_scale_bar(self):
        picture = tg.draw(layers(3, 0.3), heat="gradient")
        assert "norm of the gradient" in picture.dot
        assert picture.dot.count('WIDTH="6"') == 40
        assert "logarithmic" in picture.text()
        assert "style n" in picture.mermaid()
        assert ">0<" not in picture.dot  # the swatch of 0 is there only where it is needed

    def test_a_dead_gradient_stands_out(self):
        x = tg.tensor([-1.0, -2.0], requires_grad=True)
        picture = tg.draw(tg.relu(x).sum(), heat="gradient")
        assert f'fillcolor="{ZERO}"' in picture.dot
        assert ">0<" in picture.dot

    def test_an_unknown_heat_is_refused(self):
        with pytest.raises(UnknownNameError) as caught:
            tg.draw(layers(1, 0.3), heat="grandient")
        assert str(caught.value) == (
            "heat= got 'grandient'.\n  It needs one of 'gradient', 'gain'.\n  Did you mean 'gradient' or 'gain'?"
        )
