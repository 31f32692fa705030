"""Label files, masks and scores: numbers that must come out as they were put in, or not at all."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import numpy as np

from segcli.arrays import Array, Labels, Mask, Scores
from segcli.errors import InputError
from segcli.files.limits import Limits
from segcli.files.npy import read_array
from segcli.files.read import Source, open_source, pick_page, read_bytes
from segcli.files.stored import Header, orient
from segcli.numeric.forms import as_gray

ColorMap = Mapping[tuple[int, int, int], int]

_LIMITS = Limits()
_LISTED = 8
_MOST = np.iinfo(np.int32).max


def read_labels(
    source: Source,
    *,
    name: str | None = None,
    colors: ColorMap | None = None,
    mask_threshold: float | None = None,
    page: int | None = None,
    limits: Limits = _LIMITS,
) -> Labels:
    """Read a label file as (H, W) int32.

    An indexed file gives its indices, gray its numbers in full depth, 1 bit 0 and 1 (white). RGB counts as
    gray where red, green and blue are equal. The EXIF orientation is applied, as it is to images.

    Parameters
    ----------
    source : path, or the contents of a file: an image format, NPY, or NPZ with 'labels' or one array.
    name : not used but for symmetry with `read_image`.
    colors : label of each (red, green, blue).
    mask_threshold : give 1 where the gray value is above it and 0 elsewhere, for any file, lossy ones too.
    page : page from 0; None is the first.
    limits : what a header may announce.

    Raises
    ------
    InputError : a lossy file, colors without a label, fractions, negative numbers, or what `read_image` refuses.
    """
    values, header = _numbers(source, page, limits)
    if mask_threshold is not None:
        return (_gray(values) > mask_threshold).astype(np.int32)
    if header is not None and header.lossy:
        found = len(np.unique(_gray(values)))
        raise InputError(
            f"is {header.compression}, which does not keep labels ({found} distinct values were found). "
            "Use PNG, or give --mask-threshold."
        )
    if values.ndim == 3:
        values = _by_color(values, colors)
    return _whole(values)


def read_mask(
    source: Source,
    *,
    name: str | None = None,
    colors: ColorMap | None = None,
    mask_threshold: float | None = None,
    page: int | None = None,
    limits: Limits = _LIMITS,
) -> Mask:
    """Read a mask as (H, W) bool: True where the label is above 0, or the gray value above `mask_threshold`.

    Raises
    ------
    InputError : as for `read_labels`.
    """
    labels = read_labels(source, colors=colors, mask_threshold=mask_threshold, page=page, limits=limits)
    return labels > 0


def read_map(source: Source, *, limits: Limits = _LIMITS) -> Array:
    """Read a mask, labels, a probability map or scores as the numbers that are stored, (H, W) or (K, H, W).

    RGB becomes gray. What the numbers mean is for the caller to find out.

    Raises
    ------
    InputError : a file that cannot be read.
    """
    data = source if isinstance(source, bytes) else read_bytes(source)
    if data.startswith(b"PK"):
        values = _from_archive(data, "scores", limits)
    elif data.startswith(b"\x93NUMPY"):
        values = read_array(io.BytesIO(data), limits)
    else:
        file, kind, _ = open_source(data, limits)
        if kind == "TIFF" and file.pages > 1:
            return read_scores(data, limits=limits)
        values = _numbers(data, None, limits)[0]
        if values.ndim == 3:
            values = values[:, :, 0] if (values == values[:, :, :1]).all() else _gray(values)
    if values.ndim not in (2, 3) or not values.size or values.dtype.kind not in "buif":
        raise InputError(f"holds {values.dtype} of shape {values.shape}; expected (height, width) or (classes, ...).")
    return values


def read_numbers(source: Source, *, limits: Limits = _LIMITS) -> tuple[Array, Header | None]:
    """Read the numbers of a label file as they are stored, upright: (H, W), or (H, W, 3) where it has colors.

    Returns
    -------
    The numbers, and what the file says of them (None for an archive); they may be of a lossy file.

    Raises
    ------
    InputError : a file that cannot be read.
    """
    return _numbers(source, None, limits)


def read_scores(source: Source, *, limits: Limits = _LIMITS) -> Scores:
    """Read (K, H, W) float32 scores from NPZ ('scores' or the only array), NPY, or the pages of a TIFF.

    Raises
    ------
    InputError : another shape, or a file that cannot be read.
    """
    data = source if isinstance(source, bytes) else read_bytes(source)
    if data.startswith(b"PK"):
        scores = _from_archive(data, "scores", limits)
    elif data.startswith(b"\x93NUMPY"):
        scores = read_array(io.BytesIO(data), limits)
    else:
        file, kind, _ = open_source(data, limits)
        if kind != "TIFF":
            raise InputError(f"is {kind}; scores are read from NPZ, NPY or the pages of a TIFF.")
        planes = []
        for page in range(file.pages):
            planes.append(orient(file.decode(page, "raw").values, file.header(page).orientation))
            if planes[-1].shape != planes[0].shape or planes[-1].ndim != 2:
                raise InputError(
                    f"has pages of shape {planes[0].shape} and {planes[-1].shape}; scores need one (H, W)."
                )
        scores = np.stack(planes)
    if scores.ndim != 3 or not scores.size:
        raise InputError(f"holds an array of shape {scores.shape}; scores are (classes, height, width).")
    with np.errstate(over="ignore"):
        return scores.astype(np.float32, copy=False)


def _numbers(source: Source, page: int | None, limits: Limits) -> tuple[Array, Header | None]:
    """The numbers as stored, upright, and what the file says of them."""
    data = source if isinstance(source, bytes) else read_bytes(source)
    if data.startswith(b"PK"):
        values = _from_archive(data, "labels", limits)
        if values.ndim != 2 or not values.size:
            raise InputError(f"holds labels of shape {values.shape}; expected (height, width).")
        return values, None
    file, _, _ = open_source(data, limits)
    number, _ = pick_page(file, page)
    header = file.header(number)
    values = orient(file.decode(number, "raw").values, header.orientation)
    if values.ndim == 3 and values.shape[2] != 3:
        raise InputError(f"has {values.shape[2]} channels; labels have 1, or 3 with a color map.")
    return values, header


def _from_archive(data: bytes, wanted: str, limits: Limits) -> Array:
    """One array of an NPZ archive: the wanted one, or the only one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
            if wanted not in names and len(names) != 1:
                raise InputError(
                    f"is an archive with the arrays {', '.join(names)[:200] or 'none'}; expected {wanted!r}."
                )
            with archive.open(f"{wanted if wanted in names else names[0]}.npy") as stream:
                values = read_array(stream, limits)
                # Read to the end, where the checksum is.
                if stream.read(1):
                    raise InputError("is damaged: an array of the archive is longer than its header says.")
                return values
    except (InputError, MemoryError):
        raise
    except Exception as failure:
        # zipfile raises BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError and struct.error.
        raise InputError(f"is a damaged NPZ archive: {' '.join(str(failure).split())[:160]}.") from failure


def _gray(values: Array) -> Array:
    """Gray of stored numbers of any type."""
    if values.ndim == 2:
        return values
    if values.dtype.name in ("uint8", "uint16", "float32"):
        return as_gray(values)
    return as_gray(values.astype(np.float32))


def _by_color(values: Array, colors: ColorMap | None) -> Array:
    """Labels of an RGB file: its gray value, or each color's number."""
    if (values == values[:, :, :1]).all() and colors is None:
        return values[:, :, 0]
    if values.dtype.kind not in "iu" or values.dtype.itemsize > 2:
        raise InputError(f"holds {values.dtype} colors; labels by color need 8 or 16 bits.")
    codes = values[:, :, 0].astype(np.int64) << 32 | values[:, :, 1].astype(np.int64) << 16 | values[:, :, 2]
    found, places = np.unique(codes, return_inverse=True)
    table = {red << 32 | green << 16 | blue: label for (red, green, blue), label in (colors or {}).items()}
    missing = [code for code in found.tolist() if code not in table]
    if missing:
        listed = ", ".join(f"({code >> 32}, {code >> 16 & 0xFFFF}, {code & 0xFFFF})" for code in missing[:_LISTED])
        more = ", ..." if len(missing) > _LISTED else ""
        which = "without a label" if colors is None else "that the color map lacks"
        raise InputError(
            f"has {len(missing)} colors {which}: {listed}{more}. "
            "Give a color map, or save labels as gray or indexed PNG."
        )
    numbers = np.array([table[code] for code in found.tolist()], np.int64)
    return np.asarray(numbers[places.reshape(codes.shape)])


def _whole(values: Array) -> Labels:
    """Check that numbers are labels."""
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.floor(values)).all()):
        raise InputError("holds fractions; labels are whole numbers. Give --mask-threshold to make a mask of it.")
    low, high = values.min(), values.max()
    if low < 0 or high > _MOST:
        raise InputError(f"holds labels from {low} to {high}; they must lie between 0 and {_MOST}.")
    return values.astype(np.int32)
