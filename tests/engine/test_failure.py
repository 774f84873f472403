"""Exceptions told as the last event of a run."""

from __future__ import annotations

import pytest
import torch

from engine.failure import failure, out_of_memory

CPU = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate "
    "400000000000000 bytes. Error code 12 (Cannot allocate memory)"
)
WINDOWS = (
    "[enforce fail at alloc_cpu.cpp:121] data. DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes."
)
MPS = "MPS backend out of memory (MPS allocated: 17.88 GB, other allocations: 3.50 MB, max allowed: 18.13 GB)."


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        *map(
            RuntimeError,
            [
                CPU, WINDOWS, MPS, "Invalid buffer size: 74.51 GB", "could not create a primitive", "std::bad_alloc",
                "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call",
                "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
                "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
            ],
        ),
    ],
)  # fmt: skip
def test_want_of_memory_is_told_as_such(error):
    assert out_of_memory(error)
    assert failure(error, (), 7).text.code == "out-of-memory"


@pytest.mark.parametrize("error", [
    RuntimeError("mat1 and mat2 shapes cannot be multiplied"), RuntimeError("CUDA error: device-side assert triggered"),
    ValueError("can't allocate memory for such a thing"), KeyError("out of memory"),
])  # fmt: skip
def test_other_errors_are_not_taken_for_it(error):
    assert not out_of_memory(error)
    assert failure(error, (), 7).text.code == "run-failed"


def test_what_this_pytorch_says_of_a_tensor_beyond_all_memory_is_understood():
    with pytest.raises(RuntimeError) as error:
        torch.empty(2**58, dtype=torch.uint8)
    assert out_of_memory(error.value)
