"""The random walker as a method."""

import numpy as np
import pytest

from segcli.errors import InputError, SettingError
from segcli.method import run
from segcli.methods.graphs.random_walker import random_walker
from segcli.numeric.contrast import STEPS, pair_views
from segcli.numeric.random_walks import walking_weights


def blob(seed=0, dtype=np.uint8):
    """A noisy bright square on a dark ground, its truth, and a stroke on each."""
    random = np.random.default_rng(seed)
    truth = np.zeros((30, 40), bool)
    truth[8:20, 10:26] = True
    values = np.clip(np.where(truth, 0.7, 0.3) + random.normal(0, 0.05, truth.shape), 0, 1)
    scribbles = np.zeros(truth.shape, np.int32)
    scribbles[13, 13:23], scribbles[3, 2:38], scribbles[26, 2:38] = 1, 2, 2
    return (np.rint(values * 255) if dtype == np.uint8 else values).astype(dtype), truth, scribbles


def test_probabilities_of_a_blind_walk_by_hand():
    # A flat row, markers at both ends: the walk is blind and meets 4 first from 3/4 of the way, 1/2, 1/4.
    result = run(random_walker, np.full((1, 5), 9, np.uint8), markers=np.array([[4, 0, 0, 0, 7]]))
    assert result.scores[0, 0] == pytest.approx([1, 0.75, 0.5, 0.25, 0], abs=1e-5)
    assert result.labels[0, [0, 1, 3, 4]].tolist() == [4, 4, 7, 7]
    assert result.numbers["objects"] == 2


def test_agrees_with_a_sparse_direct_solver_to_a_thousandth():
    sparse = pytest.importorskip("scipy.sparse")
    linalg = pytest.importorskip("scipy.sparse.linalg")
    image, _, scribbles = blob(1)
    weights = walking_weights(image, "auto", 2.0, 8, None)
    number, total = np.arange(image.size).reshape(image.shape), np.zeros((image.size, image.size))
    for plane, step in zip(weights, STEPS, strict=True):
        near, far = pair_views(number, step)
        total[near.ravel(), far.ravel()] = total[far.ravel(), near.ravel()] = pair_views(plane, step)[0].ravel()
    free = scribbles.ravel() == 0
    laplacian = np.diag(total.sum(axis=1)) - total
    wanted = (scribbles.ravel() == 1).astype(float)
    known = -laplacian[np.ix_(free, ~free)] @ wanted[~free]
    wanted[free] = linalg.spsolve(sparse.csc_array(laplacian[np.ix_(free, free)]), known)
    found = run(random_walker, image, scribbles=scribbles, prior=0.0).scores[1]
    assert np.abs(found - wanted.reshape(image.shape)).max() < 1e-3


def test_agrees_with_scikit_image_where_the_weights_are_the_same():
    segmentation = pytest.importorskip("skimage.segmentation")
    random = np.random.default_rng(2)
    # Gentle slopes: no link is so weak that the least weights, which differ, would count.
    image = (np.mgrid[:24, :30].sum(axis=0) / 54 + random.normal(0, 0.03, (24, 30))).astype(np.float32)
    markers = np.zeros(image.shape, np.int32)
    markers[2, 2], markers[20, 27], markers[3, 26] = 1, 2, 3
    squares = [np.square(np.diff(image.astype(float), axis=axis)) for axis in (0, 1)]
    mean = sum(part.sum() for part in squares) / sum(part.size for part in squares)
    # Theirs is exp(-beta squares / (10 standard deviation)).
    beta = 40 * mean / (10 * image.astype(float).std())
    found = run(random_walker, image, markers=markers, beta=beta, connectivity=4)
    wanted = segmentation.random_walker(image.astype(float), markers, beta=40, mode="bf", return_full_prob=True)
    assert np.abs(found.scores - wanted).max() < 1e-3
    assert np.mean(found.labels == wanted.argmax(axis=0) + 1) > 0.995


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("prior", [0.0, "auto"])
def test_a_scribbled_square_is_found(dtype, prior):
    image, truth, scribbles = blob(dtype=dtype)
    result = run(random_walker, image, scribbles=scribbles, prior=prior)
    assert result.kind == "mask"
    assert np.mean(result.labels == truth) > 0.99
    assert result.scores.sum(axis=0) == pytest.approx(1, abs=1e-5)


def test_without_hints_the_surest_pixels_are_the_seeds():
    image, truth, _ = blob()
    bright, dark = run(random_walker, image), run(random_walker, 255 - image)
    assert np.mean(bright.labels == truth) > 0.99
    assert bright.choices["foreground"] == "bright"
    assert np.mean(dark.labels == truth) > 0.99
    assert dark.choices["foreground"] == "dark"


def test_touching_objects_of_one_color_are_parted_at_their_neck():
    image = np.full((21, 40), 20, np.uint8)
    rows, columns = np.mgrid[:21, :40]
    for column in (11, 28):
        image[np.hypot(rows - 10, columns - column) < 9] = 200
    markers = np.zeros(image.shape, np.int32)
    markers[10, 11], markers[10, 28], markers[0, 0] = 1, 2, 3
    labels = run(random_walker, image, markers=markers, beta=10.0).labels
    assert (labels[10, 4:19] == 1).all()
    assert (labels[10, 21:36] == 2).all()
    assert (labels[0] == 3).all()


def test_a_prior_finds_what_no_walk_reaches_well():
    # Two bright squares of which one is scribbled: by their edges the other belongs to the ground around it.
    image = np.full((20, 40, 3), 40, np.uint8)
    image[5:15, 5:15] = image[5:15, 25:35] = (200, 60, 60)
    scribbles = np.zeros((20, 40), np.int32)
    scribbles[8:12, 8:12], scribbles[1, :] = 1, 2
    classical, informed = (run(random_walker, image, scribbles=scribbles, prior=prior).labels for prior in (0.0, 0.05))
    assert not classical[5:15, 25:35].any()
    assert informed[5:15, 25:35].all()


def test_where_no_walk_arrives_stays_background():
    image, _, scribbles = blob()
    valid = np.ones(image.shape, bool)
    valid[:, 30] = False
    scribbles[:, 30:] = 0
    result = run(random_walker, image, scribbles=scribbles, valid=valid, prior=0.0)
    assert not result.labels[:, 30:].any()
    assert not result.scores[:, :, 30:].any()


def test_one_marker_takes_everything():
    assert (run(random_walker, blob()[0], markers=np.eye(30, 40, dtype=np.int32) * 5).labels == 5).all()


@pytest.mark.parametrize(
    ("hints", "words", "kind"),
    [
        ({"scribbles": np.eye(5, dtype=np.int32)}, "no pixel of 2", InputError),
        ({"scribbles": 3 * np.eye(5, dtype=np.int32)}, "value 3", InputError),
        ({"markers": np.zeros((5, 5), np.int32)}, "no label above 0", InputError),
        ({"markers": np.eye(5), "scribbles": np.eye(5)}, "exclude", SettingError),
    ],
)
def test_hints_that_say_too_little_are_refused(hints, words, kind):
    with pytest.raises(kind, match=words):
        run(random_walker, np.arange(25, dtype=np.uint8).reshape(5, 5), **hints)


def test_lab_of_floats_beyond_one_is_refused():
    image = np.linspace(0, 300, 75, dtype=np.float32).reshape(5, 5, 3)
    with pytest.raises(InputError, match="0 to 1"):
        run(random_walker, image, space="lab")
