"""NumPy's path to linear algebra: `tg.linalg.solve`."""

from .ops.decompositions import cholesky, eigh, eigvalsh, qr, svd, svdvals
from .ops.linalg import matmul
from .ops.norms import matrix_norm, norm, vector_norm
from .ops.products import cross, multi_dot, outer, tensordot, vecdot
from .ops.products import matrix_diagonal as diagonal
from .ops.products import matrix_trace as trace
from .ops.solving import cond, det, inv, lstsq, matrix_power, matrix_rank, pinv, slogdet, solve, tensorinv, tensorsolve

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]
