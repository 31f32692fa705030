"""Compiled inner loops of `dense_crf`: what lies between two filters, row by row of (N, K)."""

from __future__ import annotations

from typing import Any

from segcli.numeric.compiled import compiled


@compiled
def center(unary: Any, logits: Any, shares: Any) -> float:
    """Take the largest logit of each row off it; return half the sum of shares * (unary - logits) before."""
    total = 0.0
    for row in range(len(logits)):
        largest = logits[row, 0]
        for label in range(logits.shape[1]):
            total += shares[row, label] * (unary[row, label] - logits[row, label])
            largest = max(largest, logits[row, label])
        for label in range(logits.shape[1]):
            logits[row, label] -= largest
    return total / 2


@compiled
def share(logits: Any, masses: Any, logarithms: Any, shares: Any) -> Any:
    """Turn masses exp(logits) into shares of their row; return the sum of changes and of shares * ln(shares)."""
    change, information = 0.0, 0.0
    for row in range(len(logits)):
        total = masses[row].sum()
        for label in range(logits.shape[1]):
            fresh = masses[row, label] / total
            change += abs(fresh - shares[row, label])
            information += fresh * logits[row, label]
            shares[row, label] = fresh
        logarithms[row] = total
    return change, information
