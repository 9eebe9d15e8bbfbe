"""`python -m tinygrad_loss`: the command line."""

import sys

from .cli import main

sys.exit(main())
