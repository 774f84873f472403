"""The headless trainer. It knows no Qt and names no single technique."""

import os

# Idle threads of OpenMP spin for milliseconds by default, which beside any busy program slows training a hundredfold.
# OpenMP reads this when PyTorch is loaded, so it is set before (docs/decisions/0010-threads-spin-briefly.md).
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
