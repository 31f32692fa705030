"""Samples that are not whole bytes."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array

_REVERSED = np.packbits(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)[:, ::-1], axis=1)[:, 0]
_SAMPLES_AT_ONCE = 1 << 20


def unpack_bits(rows: Array, bits: int) -> Array:
    """Spread (H, bytes) of packed samples, most significant bit first, to (H, samples); 1 to 16 bits.

    Samples of up to 8 bits come as uint8, wider ones as uint16. The last samples may be padding.

    Examples
    --------
    >>> unpack_bits(np.array([[0b00011011]], np.uint8), 2).tolist()
    [[0, 1, 2, 3]]
    """
    if bits == 8:
        return rows
    if bits == 1:
        return np.unpackbits(rows, axis=1)
    if bits in (2, 4):
        shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
        return ((rows[:, :, None] >> shifts) & np.uint8(2**bits - 1)).reshape(len(rows), -1)
    count = rows.shape[1] * 8 // bits
    samples = np.empty((len(rows), count), np.uint8 if bits < 8 else np.uint16)
    step = max(1, _SAMPLES_AT_ONCE // max(count, 1))
    weights = 1 << np.arange(bits - 1, -1, -1, dtype=np.uint16)
    for start in range(0, len(rows), step):
        single = np.unpackbits(rows[start : start + step], axis=1)[:, : count * bits]
        samples[start : start + step] = single.reshape(-1, count, bits) @ weights
    return samples


def reverse_bits(data: bytes) -> bytes:
    """Turn each byte's bits around."""
    return _REVERSED[np.frombuffer(data, np.uint8)].tobytes()


def stretch(values: Array, bits: int) -> Array:
    """Stretch uint8 samples of fewer than 8 bits to 0..255, rounded."""
    full = 2**bits - 1
    if 255 % full == 0:
        return values * np.uint8(255 // full)
    rounded: Array = (values.astype(np.uint16) * 255 + full // 2) // full
    return rounded.astype(np.uint8)
