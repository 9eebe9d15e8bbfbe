"""NumPy's own functions on Tensors: recorded, or refused by name; never an object array, never a silent ndarray."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions
from tinygrad_loss.core.tensor import Tensor
from tinygrad_loss.errors import ArgumentError, GraphError, NoRuleError, no_rule


def leaf(values=((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))):
    return tg.tensor(np.asarray(values, float), requires_grad=True)


CALLS = {
    "exp": np.exp,
    "sum": np.sum,
    "sum axis": lambda t: np.sum(t, 0),
    "sum keepdims": lambda t: np.sum(t, axis=1, keepdims=True),
    "sum explicit defaults": lambda t: np.sum(t, axis=None, dtype=None, out=None, keepdims=False),
    "mean": lambda t: np.mean(t, axis=0),
    "max": lambda t: np.max(t, axis=1),
    "abs": np.abs,
    "absolute": np.absolute,
    "negative": np.negative,
    "square": np.square,
    "maximum": lambda t: np.maximum(t, 2.5),
    "matmul": lambda t: np.matmul(t, np.ones((3, 2))),
    "where": lambda t: np.where(np.array([[True], [False]]), t, 0.0),
    "reshape": lambda t: np.reshape(t, (3, 2)),
    "reshape -1": lambda t: np.reshape(t, -1),
    "transpose": np.transpose,
    "transpose axes": lambda t: np.transpose(t, (1, 0)),
    "swapaxes": lambda t: np.swapaxes(t, 0, 1),
    "ravel": np.ravel,
    "squeeze": lambda t: np.squeeze(np.expand_dims(t, 0), 0),
    "broadcast_to": lambda t: np.broadcast_to(t, (2, 2, 3)),
    "concatenate": lambda t: np.concatenate([t, np.zeros((1, 3))]),
    "concatenate axis": lambda t: np.concatenate((t, t), axis=1),
    "stack": lambda t: np.stack([t, t]),
    "stack axis": lambda t: np.stack([t, t], axis=-1),
    "copy": np.copy,
    "add.reduce": np.add.reduce,
    "add.reduce axis": lambda t: np.add.reduce(t, axis=1),
    "multiply array first": lambda t: np.ones((2, 3)) * t,
    "scalar first": lambda t: np.float64(2.0) - t,
    "array @ tensor": lambda t: np.ones((4, 2)) @ t,
    "power": lambda t: np.power(t, 2),
    "divide": lambda t: np.divide(1.0, t),
    "true_divide": lambda t: np.true_divide(t, 2.0),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_are_numpys_and_recorded(name):
    t = leaf()
    y = CALLS[name](t)
    assert isinstance(y, Tensor)
    assert y.requires_grad
    np.testing.assert_array_equal(y.data, CALLS[name](np.array(t.data)))
    y.sum().backward()
    assert t.grad.shape == t.shape


@pytest.mark.parametrize(
    "f", [np.shape, np.ndim, np.size, lambda t: np.result_type(t, np.float32), lambda t: np.allclose(t, t)]
)
def test_questions_get_plain_answers(f):
    t = leaf()
    answer = f(t)
    assert not isinstance(answer, Tensor)
    assert answer == f(np.array(t.data))


class TestComparisons:
    def test_of_arrays_with_tensors(self):
        t = leaf([1.0, 2.0])
        for y in (np.array([1.0, 3.0]) == t, np.equal(t, [1.0, 3.0]), t == np.array([1.0, 3.0])):
            assert isinstance(y, Tensor)
            assert y.tolist() == [True, False]

    def test_array_equal_and_testing(self):
        t = leaf([1.0, 2.0])
        assert np.array_equal(t, np.array([1.0, 2.0]))
        np.testing.assert_allclose(t.detach(), [1.0, 2.0])
        np.testing.assert_array_equal(t.detach(), t.detach())


class TestOut:
    def test_what_carries_a_graph_cannot_go_into_an_array(self):
        t, array = leaf(), np.zeros((2, 3))
        for call in (
            lambda: np.exp(t, out=array),
            lambda: np.sum(t, axis=0, out=np.zeros(3)),
            lambda: np.add(array, t, out=array),
        ):
            with pytest.raises(ArgumentError, match=r"cannot be recorded"):
                call()
        assert not array.any()

    def test_in_place_on_an_array_is_refused_with_a_graph(self):
        array = np.zeros((2, 3))
        with pytest.raises(ArgumentError, match=r"np\.add\(out=\.\.\.\) cannot be recorded"):
            array += leaf()

    def test_plain_values_may_be_collected_in_an_array(self):
        array = np.ones(2)
        array += tg.tensor([1.0, 2.0])
        assert array.tolist() == [2.0, 3.0]
        assert np.exp(tg.tensor([0.0, 0.0]), out=array) is array
        assert array.tolist() == [1.0, 1.0]


class TestRefusals:
    @pytest.mark.parametrize(
        ("call", "key"),
        [
            (lambda t: np.matmul(t, t.T, axes=[(0, 1)] * 3), "axes"),
            (lambda t: np.sort(t, order="a"), "order"),
            (lambda t: np.vecdot(t, t, keepdims=True), "keepdims"),
        ],
    )
    def test_an_argument_that_would_be_lost_is_named(self, call, key):
        with pytest.raises(ArgumentError, match=f"does not take {key}=") as caught:
            call(leaf())
        assert "Its signature here is" in str(caught.value)

    @pytest.mark.parametrize(
        ("call", "shown"),
        [
            (np.linalg.eigvals, "np.linalg.eigvals"),
            (lambda t: np.nextafter(t, t), "np.nextafter"),
            (lambda t: np.hypot.at(t, 0, 1.0), "np.hypot.at"),
            (np.fft.fft, "np.fft.fft"),
        ],
    )
    def test_a_function_without_a_rule_is_refused_by_name(self, call, shown):
        with pytest.raises(NoRuleError) as caught:
            call(leaf())
        lines = str(caught.value).split("\n  ")
        assert lines[0] == f"{shown} has no derivative rule, so it cannot be applied to a Tensor."
        because = {
            "np.fft.fft": "A Fourier transform gives complex numbers, and complex numbers are not supported.",
            "np.linalg.eigvals": "It gives complex numbers, and complex numbers are not supported.",
        }
        assert lines[1] == because.get(shown, "NumPy functions on Tensors need an op of the same name.")
        assert lines[2].endswith("For a plain value use .detach().numpy().")
        assert isinstance(caught.value, TypeError)

    @pytest.mark.parametrize(
        "call",
        [
            lambda t: np.sum(t, where=np.array([[True], [False]])),
            lambda t: np.sum(t, initial=5.0),
            lambda t: np.sum(t, dtype=np.float32),
            lambda t: np.max(t, initial=5.0),
            lambda t: np.reshape(t, (3, 2), order="F"),
        ],
    )
    def test_these_arguments_are_honoured(self, call):
        x = leaf()
        np.testing.assert_array_equal(call(x).detach(), call(np.array(x.data)))

    def test_the_nearest_name_is_offered(self):
        assert "Did you mean 'maximum'" in str(no_rule("np.maximun", "maximun", ["maximum", "sum"]))

    def test_nothing_private_is_offered(self):
        with pytest.raises(NoRuleError) as caught:
            np.packbits(leaf())
        last = str(caught.value).split("\n  ")[2]
        offered = set(last.replace(",", " ").replace("'", " ").replace(".", " ").split())
        assert not offered & {"backward", "item", "tensor", "index_set"}


class TestNoObjectArrays:
    @pytest.mark.parametrize("value", [1.0, [1.0, 2.0], [[1.0], [2.0]]])
    def test_lists_of_tensors(self, value):
        plain = tg.tensor(value)
        made = np.array([plain, plain])
        assert made.dtype == np.float64
        assert made.shape == (2, *plain.shape)
        graph = tg.tensor(value, requires_grad=True)
        for convert in (np.array, np.asarray, lambda t: np.array(t, dtype=object), tg.tensor):
            with pytest.raises(GraphError, match=r"tg\.stack"):
                convert([graph, graph])

    @pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**", "@", "<", ">=", "=="])
    def test_operators_with_an_array_on_either_side(self, symbol):
        names = {"array": np.array([1.0, 2.0]), "t": leaf([3.0, 4.0])}
        for result in (eval(f"array {symbol} t", names), eval(f"t {symbol} array", names)):
            assert isinstance(result, Tensor)
            assert result.dtype.kind in "fb"

    @pytest.mark.parametrize("symbol", ["+", "*", "/", "@"])
    def test_operators_with_a_list(self, symbol):
        assert isinstance(eval(f"t {symbol} [1.0, 2.0]", {"t": leaf([3.0, 4.0])}), Tensor)

    @pytest.mark.parametrize("other", ["a", None, object(), {}])
    def test_operators_with_nonsense(self, other):
        t = leaf([1.0])
        for call in (lambda: t + other, lambda: other + t, lambda: t * other):
            with pytest.raises(TypeError):
                call()


def test_every_public_function_named_as_numpys_is_found_by_it():
    shared = [name for name in functions if callable(getattr(np, name, None)) and "." not in name]
    assert {"exp", "sum", "where", "concatenate", "stack"} <= set(shared)
    for name in shared:
        theirs = getattr(np, name)
        own = theirs.__name__ if isinstance(theirs, np.ufunc) else name
        assert own in functions or own in ("amax", "amin")
