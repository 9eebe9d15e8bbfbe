"""Every public function of numpy and numpy.linalg, called with Tensors: none goes by silently.

Each gives NumPy's values as Tensors, or is a question with a plain answer, or is refused by name for a
reason listed here, or takes no arrays at all. A function that NumPy adds later has to be put somewhere.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy_agreement import flat

import tinygrad_loss as tg
from tinygrad_loss.arguments import PLAIN_ANSWERS, numpy_path
from tinygrad_loss.core.registry import functions
from tinygrad_loss.errors import DTypeError, GraphError, NoRuleError

REFUSED = {
    "busday_count": "dates",
    "busday_offset": "dates",
    "datetime_as_string": "dates",
    "is_busday": "dates",
    "isnat": "dates",
    "linalg.eig": "complex numbers",
    "linalg.eigvals": "complex numbers",
    "real_if_close": "complex numbers",
    "roots": "complex numbers",
    "sort_complex": "complex numbers",
    "save": "files",
    "savetxt": "files",
    "savez": "files",
    "savez_compressed": "files",
    "packbits": "truth values packed into bytes",
    "unpackbits": "truth values packed into bytes",
    "nextafter": "how numbers are kept, not arithmetic",
    "in1d": "deprecated",  # up to NumPy 2.3
    "trapz": "deprecated",  # up to NumPy 2.3
}
WITHOUT_ARRAYS = {
    "making arrays": """arange array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray asmatrix
    bartlett blackman bmat empty eye from_dlpack frombuffer fromfunction fromiter fromstring full hamming hanning
    identity kaiser ones require tri zeros""",
    "index arrays from shapes": "broadcast_shapes diag_indices indices mask_indices tril_indices triu_indices",
    "files": "fromfile fromregex genfromtxt load loadtxt",
    "dtypes": "isdtype issubdtype mintypecode promote_types typename datetime_data",
    "text": "base_repr binary_repr format_float_positional format_float_scientific",
    "settings": """get_include get_printoptions getbufsize geterr geterrcall info printoptions set_printoptions
    setbufsize seterr seterrcall show_config show_runtime test""",
    "questions about objects": "isfortran isscalar iterable",
    "functions from functions": "frompyfunc nested_iters",
    "deprecated": "row_stack",
}
M = np.array([[0.3, 0.8, 0.5], [0.9, 0.2, 0.6]])
V, W = np.array([0.7, 0.2, 0.4]), np.array([0.1, 0.6, 0.9])
N, T = np.array([6, 5, 12]), np.array([True, False, True])
SQUARE = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.2]])
CUBE = np.linspace(-1.0, 1.0, 24).reshape(2, 3, 4) ** 3
CALLS = {  # the arguments of functions that are not called with one matrix, or two vectors
    "append": (V, W),
    "apply_along_axis": (np.sum, 0, M),
    "apply_over_axes": (np.sum, M, (0, 1)),
    "arccosh": (1.0 + V,),
    "argpartition": (M, 1),
    "array_split": (M, 2, 1),
    "astype": (M, np.float32),
    "bincount": (N, V),
    "bitwise_count": (N,),
    "block": ([[M, M], [V, W]],),
    "broadcast_to": (V, (2, 3)),
    "can_cast": (np.float32, np.float64),
    "choose": (np.array([0, 1, 0]), [V, W]),
    "clip": (M, 0.3, 0.6),
    "column_stack": ((V, W),),
    "compress": (T, V),
    "concatenate": ((V, W),),
    "convolve": (V, W),
    "copysign": (V, -W),
    "correlate": (V, W),
    "cross": (V, W),
    "cumulative_prod": (V,),
    "cumulative_sum": (V,),
    "delete": (V, 1),
    "diag_indices_from": (SQUARE,),
    "digitize": (M, V[[1, 2, 0]]),
    "dsplit": (CUBE, 2),
    "dstack": ((V, W),),
    "einsum": ("ij,j->i", M, V),
    "einsum_path": ("ij,j->i", M, V),
    "expand_dims": (M, 1),
    "extract": (T, V),
    "full_like": (M, 2.0),
    "gcd": (N, N[::-1]),
    "histogramdd": (M, 2),
    "hsplit": (M, 3),
    "hstack": ((V, W),),
    "insert": (V, 1, 0.5),
    "interp": (M, np.array([0.0, 0.45, 1.0]), V),
    "invert": (N,),
    "ix_": (np.array([0, 1]), np.array([2, 0])),
    "lcm": (N, N[::-1]),
    "ldexp": (V, np.array([1, 2, 3])),
    "left_shift": (N, np.array([1, 2, 3])),
    "lexsort": ((V, W),),
    "linspace": (V, W, 4),
    "logspace": (V, W, 4),
    "geomspace": (V, W, 4),
    "matmul": (M, SQUARE),
    "matvec": (M, V),
    "max": (M, 1),
    "min": (M, 1),
    "moveaxis": (CUBE, 0, 2),
    "nan_to_num": (np.where(M > 0.5, np.nan, M),),
    "nonzero": (T,),
    "pad": (M, 1),
    "partition": (M, 1),
    "percentile": (M, 30),
    "nanpercentile": (M, 30),
    "piecewise": (V, [V > 0.5], [np.sqrt, 0.1]),
    "poly": (V,),
    "polyder": (V,),
    "polyfit": (np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.3, 0.1, 0.5, 0.9]), 2),
    "polyint": (V,),
    "quantile": (M, 0.3),
    "nanquantile": (M, 0.3),
    "ravel_multi_index": ((np.array([0, 1]), np.array([2, 0])), (2, 3)),
    "repeat": (V, 2),
    "reshape": (M, (3, 2)),
    "resize": (M, (2, 2)),
    "right_shift": (N, np.array([1, 2, 3])),
    "roll": (M, 1),
    "rollaxis": (CUBE, 2),
    "round": (M, 1),
    "around": (M, 1),
    "searchsorted": (V[[1, 2, 0]], M),
    "select": ([V > 0.5, V > 0.3], [V, W]),
    "split": (M, 2),
    "stack": ((V, W),),
    "swapaxes": (M, 0, 1),
    "take": (M, [0, 4]),
    "take_along_axis": (M, np.array([[0], [2]]), 1),
    "tensordot": (M, SQUARE, 1),
    "tile": (M, 2),
    "trim_zeros": (np.array([0.0, 0.5, 0.0]),),
    "union1d": (V, W),
    "unravel_index": (N % 6, (2, 3)),
    "vander": (V,),
    "vdot": (V, W),
    "vecdot": (V, W),
    "vecmat": (V, SQUARE),
    "vsplit": (M, 2),
    "vstack": ((V, W),),
    "where": (T, V, W),
    "linalg.cross": (V, W),
    "linalg.lstsq": (SQUARE, V),
    "linalg.matmul": (M, SQUARE),
    "linalg.matrix_power": (SQUARE, 3),
    "linalg.multi_dot": ([M, SQUARE, V],),
    "linalg.outer": (V, W),
    "linalg.solve": (SQUARE, V[:, None]),
    "linalg.tensordot": (SQUARE, SQUARE),
    "linalg.tensorinv": (SQUARE, 1),
    "linalg.tensorsolve": (SQUARE, V),
    "linalg.vecdot": (V, W),
}
CALLS |= {"cumulative_sum": (V,), "cumulative_prod": (V,), "linalg.tensordot": (M, M)}
CALLS |= {"linalg.tensorsolve": (SQUARE, V), "polyfit": (V, W, 1)}
IN_PLACE = {  # their first argument is written into: on Tensors, assigned
    "copyto": (V, W),
    "fill_diagonal": (SQUARE, 0.0),
    "place": (V, T, W),
    "put": (V, [0, 2], W[:2]),
    "put_along_axis": (M, np.array([[0], [2]]), 0.5, 1),
    "putmask": (V, T, W),
}
IN_STEPS = set(  # their values do not move with the input, or only in steps
    """all any argmax argmin argpartition argsort argwhere bitwise_and bitwise_count bitwise_or bitwise_xor
    ceil count_nonzero digitize diag_indices_from einsum_path empty_like equal fix flatnonzero floor
    floor_divide full_like gcd greater greater_equal histogram histogram2d histogram_bin_edges histogramdd
    imag angle invert isclose iscomplex isfinite isin isinf isnan isneginf isposinf isreal ix_ lcm left_shift
    less less_equal lexsort logical_and logical_not logical_or logical_xor nanargmax nanargmin nonzero
    not_equal ones_like ravel_multi_index right_shift rint round around searchsorted sign signbit spacing
    tril_indices_from triu_indices_from trunc unravel_index zeros_like linalg.matrix_rank""".split()
)


def public(module):
    """The public functions of a module by their path below numpy, as __array_function__ is told it."""
    found = {}
    for name in dir(module):
        if name.startswith("_"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function = getattr(module, name)
        if callable(function) and hasattr(function, "__name__") and not isinstance(function, type):
            own = function.__name__ if isinstance(function, np.ufunc) else numpy_path(function)
            found[own if isinstance(function, np.ufunc) or handed_over(function) else name] = function
    return found


def handed_over(function):
    """Whether NumPy asks its arguments for an implementation of their own."""
    return isinstance(function, np.ufunc) or hasattr(function, "_implementation")


ALL = {**public(np), **{n: f for n, f in public(np.linalg).items() if n.startswith("linalg.")}}
HANDED_OVER = {name: function for name, function in ALL.items() if handed_over(function)}
PROVIDED = sorted(HANDED_OVER.keys() - REFUSED.keys() - PLAIN_ANSWERS)


def arguments(name):
    """NumPy arguments for that function."""
    if name in CALLS:
        return CALLS[name]
    if name in IN_PLACE:
        return IN_PLACE[name]
    if name.startswith("bitwise"):
        return (N, N[::-1])
    if name in BINARY:
        return (V, W)
    return (SQUARE if name.startswith("linalg.") else M,)


BINARY = {name for name, f in HANDED_OVER.items() if isinstance(f, np.ufunc) and f.nin == 2} | set(
    """array_equal array_equiv allclose broadcast_arrays dot histogram2d inner intersect1d isclose isin kron
    may_share_memory meshgrid outer polyadd polydiv polymul polysub polyval setdiff1d setxor1d shares_memory""".split()
)


def as_tensors(value, requires_grad=False):
    """The arguments with every array in them as a Tensor."""
    if isinstance(value, (list, tuple)):
        return type(value)(as_tensors(item, requires_grad) for item in value)
    if isinstance(value, np.ndarray):
        return tg.tensor(value, requires_grad=requires_grad and value.dtype.kind == "f")
    return value


def test_every_function_is_accounted_for():
    plain = {name for names in WITHOUT_ARRAYS.values() for name in names.split()}
    assert not ALL.keys() - HANDED_OVER.keys() - plain, "these take no arrays, or ought to be handed over"
    missing = [name for name in PROVIDED if name not in functions]
    assert not missing, f"np.{', np.'.join(missing)}: neither provided nor refused for a reason"


def test_what_is_refused_is_not_provided():
    assert not [name for name in REFUSED if name in functions or name in PLAIN_ANSWERS]


@pytest.mark.parametrize("name", [name for name in PROVIDED if name not in IN_PLACE])
def test_values_are_numpys(name):
    given = arguments(name)
    expected = HANDED_OVER[name](*given)
    for requires_grad in (False, True):
        got = HANDED_OVER[name](*as_tensors(given, requires_grad))
        if name == "einsum_path":
            assert got == expected
            return
        several = zip(flat(tuple(got) if isinstance(got, tuple) else got), flat(expected), strict=True)
        for mine, numpys in several:
            assert isinstance(mine, tg.Tensor)
            assert mine.shape == np.shape(numpys)
            assert mine.dtype == np.asarray(numpys).dtype
            if name != "empty_like":
                np.testing.assert_allclose(mine.data, numpys, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in PROVIDED if name not in IN_PLACE])
def test_it_has_a_derivative_unless_it_goes_in_steps(name):
    got = HANDED_OVER[name](*as_tensors(arguments(name), True))
    connected = any(isinstance(y, tg.Tensor) and y.requires_grad for y in flat(got))
    assert connected == (name not in IN_STEPS)


@pytest.mark.parametrize("name", sorted(IN_PLACE))
def test_what_writes_into_its_argument_assigns(name):
    target, *rest = arguments(name)
    array, t = target.copy(), tg.tensor(target)
    HANDED_OVER[name](array, *rest)
    HANDED_OVER[name](t, *as_tensors(rest))
    np.testing.assert_array_equal(t.data, array)


@pytest.mark.parametrize("name", sorted(PLAIN_ANSWERS & HANDED_OVER.keys()))
def test_questions_have_plain_answers(name):
    given = arguments(name)
    got = HANDED_OVER[name](*as_tensors(given))
    assert not isinstance(got, tg.Tensor)
    if name not in ("may_share_memory", "shares_memory"):
        assert got == HANDED_OVER[name](*given)


@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize("name", sorted(REFUSED.keys() & HANDED_OVER.keys()))
def test_the_others_are_refused_by_name(name, requires_grad):
    x = tg.tensor(SQUARE, requires_grad=requires_grad)
    given = {"busday_offset": (x, 1), "busday_count": (x, x), "nextafter": (x, x), "savetxt": ("", x)}.get(name)
    given = given or (("", x) if name.startswith("save") else (x,))
    with pytest.raises(NoRuleError, match=rf"np\.{name} has no derivative rule") as caught:
        HANDED_OVER[name](*given)
    assert ".detach().numpy()" in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", sorted(n for n in dir(np.fft) if handed_over(getattr(np.fft, n))))
def test_fourier_transforms_are_refused_with_the_reason(name):
    with pytest.raises(NoRuleError, match=rf"np\.fft\.{name} has no derivative rule") as caught:
        getattr(np.fft, name)(tg.tensor(M))
    assert "complex numbers are not supported" in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t * 1j,
        lambda t: 1j + t,
        lambda t: np.add(t, np.array([1j, 2j, 3j])),
        lambda t: np.where(t > 0.5, t, 1j),
        lambda t: np.concatenate([t, np.array([1j])]),
        lambda t: tg.tensor(np.array([1j])),
        lambda t: t.astype(complex),
        lambda t: tg.zeros(3, complex),
    ],
)
def test_complex_numbers_are_refused(call):
    with pytest.raises(DTypeError, match="complex numbers"):
        call(tg.tensor(V, requires_grad=True))


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        np.array,
        np.ascontiguousarray,
        np.asfortranarray,
        np.asanyarray,
        np.asarray_chkfinite,
        np.require,
        lambda t: np.array([t, t]),
        lambda t: np.r_[t, t],
        lambda t: np.c_[t, t],
        lambda t: np.vectorize(lambda v: v * 2)(t),
        lambda t: np.full((2, 3), t),
        lambda t: np.kaiser(3, t[0]),
    ],
)
def test_conversions_refuse_to_lose_a_graph(convert):
    found = convert(tg.tensor(V))
    assert isinstance(found, np.ndarray)
    assert found.dtype == float
    with pytest.raises(GraphError, match="the graph would be lost"):
        convert(tg.tensor(V, requires_grad=True))
