"""Laplacian of Gaussian: edges at one scale, where the Mexican hat changes its sign."""

from __future__ import annotations

from typing import Annotated, Literal

from segcli.arrays import Gray, Param, Valid
from segcli.numeric.edges import crossings, cut_response, on_window, rounding
from segcli.numeric.hessian import laplacian_of_gaussian
from segcli.segmentation import Segmentation


def log(
    image: Gray,
    *,
    valid: Valid = None,
    sigma: Annotated[float, Param(min=0.5, max=50, unit="pixels")] = 2.0,
    threshold: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
) -> Segmentation:
    """Mark edges of one scale, where the Laplacian of the blur changes its sign.

    Blur and second derivative are one mask, the Mexican hat. Works on noise that is finer than sigma; its edges are
    closed curves if the threshold is 0. Fails at corners, which it rounds, and finds echoes beside strong edges.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; no edge lies along the others.
    sigma : float
        Scale: the standard deviation of the Gaussian.
    threshold : float or auto
        The least jump of the response across an edge; auto takes Otsu's threshold of all jumps.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8, 1 on edges.
        numbers : threshold.
        layers : response (H, W) float32; jump (H, W) float32, how far the response jumps where it changes sign.

    Notes
    -----
        G(r) = exp(-r^2 / (2 sigma^2)) / (2 pi sigma^2)
        response = sigma^2 (d^2/dx^2 + d^2/dy^2) (G * I) = sigma^2 (Laplacian of G) * I
        edge  <=>  the response changes its sign between neighbors, and jumps by more than threshold
    sigma^2 makes the responses of different scales comparable.

    References
    ----------
    D. Marr, E. Hildreth, "Theory of edge detection", Proc. Royal Society of London B 207, 187-217, 1980.

    Examples
    --------
    >>> log(np.repeat(np.array([0, 90], np.uint8), 8)[None], sigma=1).labels.tolist()
    [[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]]
    """
    response = on_window(image, valid, lambda part: laplacian_of_gaussian(part, sigma))
    jump = crossings(response)
    return cut_response(valid, jump, threshold, {"response": response, "jump": jump}, rounding(image))
