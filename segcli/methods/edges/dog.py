"""Difference of Gaussians: edges where two blurs of a picture are equal."""

from __future__ import annotations

from typing import Annotated, Literal

from segcli.arrays import Gray, Param, Valid
from segcli.numeric.edges import crossings, cut_response, on_window, rounding
from segcli.numeric.hessian import difference_of_gaussians
from segcli.segmentation import Segmentation


def dog(
    image: Gray,
    *,
    valid: Valid = None,
    sigma: Annotated[float, Param(min=0.5, max=50, unit="pixels")] = 2.0,
    ratio: Annotated[float, Param(min=1.01, max=4)] = 1.6,
    threshold: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
) -> Segmentation:
    """Mark edges where a wider and a narrower blur of the picture are equal.

    The difference of two Gaussians is nearly the Laplacian of one, and what the retina computes. Works as log does, on
    noise that is finer than sigma. Fails as it does at corners, and has one more knob.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; no edge lies along the others.
    sigma : float
        Standard deviation of the narrower Gaussian.
    ratio : float
        The wider one's, as a multiple; at 1.6 the difference is nearest to the Laplacian.
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
        response = G(ratio sigma) * I - G(sigma) * I
                 ~ (ratio - 1) sigma^2 (Laplacian of G(sigma)) * I,   as dG/dsigma = sigma Laplacian of G
        edge  <=>  the response changes its sign between neighbors, and jumps by more than threshold

    References
    ----------
    D. Marr, E. Hildreth, "Theory of edge detection", Proc. Royal Society of London B 207, 187-217, 1980, appendix B.

    Examples
    --------
    >>> dog(np.repeat(np.array([0, 90], np.uint8), 8)[None], sigma=1).labels.tolist()
    [[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]]
    """
    response = on_window(image, valid, lambda part: difference_of_gaussians(part, sigma, ratio))
    jump = crossings(response)
    return cut_response(valid, jump, threshold, {"response": response, "jump": jump}, rounding(image))
