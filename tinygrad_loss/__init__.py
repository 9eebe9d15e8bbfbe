"""A from-scratch reverse-mode autograd engine in Python on NumPy; independent of tinygrad."""

from .core.tensor import Tensor
from .modes import config, enable_grad, is_grad_enabled, no_grad, set_grad_enabled, set_random_seed
from .ops.activations import *
from .ops.elementwise import *
from .ops.indexing import *
from .ops.linalg import *
from .ops.reductions import *
from .ops.shaping import *
from .ops.softmax import *

from .transforms import *
from .ops.axes import *
from .ops.powers import *
from .ops.exponentials import *
from .ops.trigonometry import *
from .ops.hyperbolic import *
from .ops.comparisons import *
from .ops.selection import *
from .ops.rounding import *
from .ops.parts import *
from .ops.bits import *
from .ops.joining import *
from .ops.gathering import *
from .ops.losses import *
from .ops.cumulative import *
from .ops.creation import *
from .ops.statistics import *
from .ops.quantiles import *
from .ops.missing import *
from .ops.differences import *
from .ops.signals import *
