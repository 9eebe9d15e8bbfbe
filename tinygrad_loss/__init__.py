from .core.tensor import Tensor
from .ops.elementwise import *
from .ops.reductions import *
from .ops.shaping import *
from .ops.indexing import *
from .ops.linalg import *
from .ops.activations import *
from .ops.softmax import *
from .modes import *
def tensor(data, requires_grad=False, dtype=None, name=None): return Tensor(data, requires_grad, dtype, name)
