"""Labels of the wrong kind name the loss they belong to."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors, losses

P = np.full((4, 3), 1 / 3)


def message(kind, call):
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert len(text.splitlines()) == 3
    return text


def sparse(labels, p=P, **options):
    return losses.SparseCategoricalCrossentropy(**options)(labels, tg.tensor(p))


class TestSparse:
    @pytest.mark.parametrize("labels", [[0, 1, 2, 0], [[0], [1], [2], [0]], [0.0, 1.0, 2.0, 0.0], np.zeros(4, bool)])
    def test_labels_in_any_form(self, labels):
        np.testing.assert_allclose(float(sparse(labels)), np.log(3), rtol=1e-6)
        np.testing.assert_allclose(float(sparse(tg.tensor(labels))), np.log(3), rtol=1e-6)

    def test_one_hot(self):
        assert message(errors.LabelError, lambda: sparse(np.eye(4, 3))).splitlines() == [
            "sparse_categorical_crossentropy got y_true of shape (4, 3), the shape of y_pred: "
            "that is one-hot, or probabilities.",
            "  It needs the numbers of the right classes, of shape (4,).",
            "  Use CategoricalCrossentropy, or np.argmax(y_true, axis=-1) for the numbers.",
        ]

    def test_too_large(self):
        assert message(errors.LabelError, lambda: sparse([0, 1, 3, 0])).splitlines() == [
            "sparse_categorical_crossentropy got the label 3 for 3 classes.",
            "  Labels are the numbers of classes, from 0 to 2.",
            "  Number the classes from 0, or end the model with 4 units.",
        ]

    def test_negative(self):
        text = message(errors.LabelError, lambda: sparse([0, -1, 2, 0]))
        assert "got the label -1 for 3 classes." in text
        assert "Say ignore_class=-1 for a label to be skipped" in text

    def test_not_whole(self):
        text = message(errors.LabelError, lambda: sparse([0.0, 0.5, 2.0, 0.0]))
        assert "labels that are not whole numbers, such as 0.5." in text
        assert "CategoricalCrossentropy" in text

    def test_not_as_many(self):
        assert message(errors.ShapeError, lambda: sparse([0, 1])).splitlines() == [
            "sparse_categorical_crossentropy cannot compare y_true of shape (2,) with y_pred of shape (4, 3).",
            "  It needs one class number per prediction: y_true of shape (4,).",
            "  Give as many labels as samples.",
        ]
        assert "an axis too many or too few" in message(errors.ShapeError, lambda: sparse(np.zeros((2, 4, 1), int)))

    @pytest.mark.parametrize("axis", [2, -3, True, 1.0])
    def test_axis(self, axis):
        text = message(errors.ArgumentError, lambda: sparse([0, 1, 2, 0], axis=axis))
        assert f"got axis={axis!r} for y_pred of shape (4, 3)." in text

    def test_classes_along_another_axis(self):
        z = np.random.default_rng(3).normal(size=(2, 3, 5))
        labels = np.random.default_rng(4).integers(0, 3, size=(2, 5))
        moved = losses.sparse_categorical_crossentropy(labels, np.moveaxis(z, 1, -1), from_logits=True)
        np.testing.assert_allclose(
            losses.sparse_categorical_crossentropy(labels, z, from_logits=True, axis=1), moved, rtol=1e-12
        )

    def test_ignored_labels_count_nowhere(self):
        z = tg.tensor(np.random.default_rng(3).normal(size=(4, 3)), requires_grad=True)
        loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255, dtype="float64")
        loss(np.array([[2], [255], [0], [255]], np.uint8), z).backward()
        few = tg.tensor(z.detach().numpy()[[0, 2]], requires_grad=True)
        losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")([2, 0], few).backward()
        np.testing.assert_allclose(z.grad.numpy()[[0, 2]], few.grad.numpy(), rtol=1e-12)
        np.testing.assert_array_equal(z.grad.numpy()[[1, 3]], np.zeros((2, 3)))

    def test_all_ignored(self):
        assert float(sparse([-1, -1, -1, -1], ignore_class=-1)) == 0


class TestCategorical:
    @pytest.mark.parametrize("kind", [losses.CategoricalCrossentropy, losses.CategoricalFocalCrossentropy])
    @pytest.mark.parametrize("labels", [np.array([0, 1, 2, 0]), np.array([[0], [1], [2], [0]])])
    def test_class_numbers(self, kind, labels):
        text = message(errors.LabelError, lambda: kind()(labels, tg.tensor(P)))
        assert f"got y_true of shape {labels.shape} for y_pred of shape (4, 3): those are class numbers." in text
        assert "  It needs a probability for each class (one-hot): y_true of shape (4, 3)." in text
        assert text.endswith("Use SparseCategoricalCrossentropy, or one-hot labels.")

    def test_one_class(self):
        text = message(errors.ShapeError, lambda: losses.CategoricalCrossentropy()(np.ones((4, 1)), np.ones((4, 1))))
        assert "got y_pred of shape (4, 1): one class, whose probability is always 1." in text
        assert "BinaryCrossentropy" in text

    def test_other_classes(self):
        text = message(errors.ShapeError, lambda: losses.CategoricalCrossentropy()(np.eye(4), tg.tensor(P)))
        assert "End the model with 4 units, or give y_true 3 columns." in text

    @pytest.mark.parametrize("value", [-0.1, 1.5, "0.1", True])
    @pytest.mark.parametrize(
        "kind",
        [
            losses.CategoricalCrossentropy,
            losses.BinaryCrossentropy,
            losses.CategoricalFocalCrossentropy,
            losses.BinaryFocalCrossentropy,
        ],
    )
    def test_label_smoothing(self, kind, value):
        text = message(errors.ArgumentError, lambda: kind(label_smoothing=value))
        assert text.startswith(f"{kind.__name__} cannot use label_smoothing={value!r}.")

    def test_smoothing_of_a_function(self):
        text = message(errors.ArgumentError, lambda: losses.categorical_crossentropy(np.eye(3), np.eye(3), False, 2))
        assert text.startswith("categorical_crossentropy cannot use label_smoothing=2.")


class TestBinary:
    @pytest.mark.parametrize("kind", [losses.BinaryCrossentropy, losses.BinaryFocalCrossentropy])
    @pytest.mark.parametrize(("labels", "shown"), [([[2.0], [0.0]], "0 to 2"), ([[-1.0], [1.0]], "-1 to 1")])
    def test_labels_out_of_range(self, kind, labels, shown):
        text = message(errors.LabelError, lambda: kind()(labels, tg.tensor([[0.5], [0.5]])))
        assert f"got y_true from {shown}." in text
        assert "use SparseCategoricalCrossentropy, for -1 and 1 use Hinge." in text

    def test_a_rounding_error_passes(self):
        assert np.isfinite(losses.binary_crossentropy([[1.0]], [[1.0 + 1e-6]]))


@pytest.mark.parametrize(
    "kind",
    [
        "CategoricalCrossentropy",
        "SparseCategoricalCrossentropy",
        "BinaryCrossentropy",
        "KLDivergence",
        "MeanSquaredError",
    ],
)
def test_no_samples(kind):
    classes = 3 if kind != "BinaryCrossentropy" else 1
    y_true = np.zeros((0,), int) if kind.startswith("Sparse") else np.zeros((0, classes))
    x = tg.tensor(np.zeros((0, classes)), requires_grad=True)
    loss = getattr(losses, kind)()(y_true, x)
    loss.backward()
    assert float(loss) == 0
    assert x.grad.shape == (0, classes)
