"""Networks in ONNX files of segcli and of others: what they give, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
import torch
from onnx import TensorProto
from tools.onnx_files import convolution, scattered

from segcli.errors import InputError, SettingError, UsageError
from segcli.learning.export import export_onnx
from segcli.learning.member import load_member
from segcli.learning.onnx_card import open_onnx
from segcli.learning.onnx_network import OnnxNetwork
from segcli.learning.predict import Predictor
from segcli.networks.registry import build

from .test_predict import member, picture, whole


def loaded(path):
    return load_member(str(path), open_onnx(str(path)).digest, "cpu")


def beside(path, **said):
    path.with_suffix(".json").write_text(json.dumps(said))
    return path


def share(values, scale):
    """Probability of the second of two classes by hand: logits are scale * -(x - .5) and scale * 2 (x - .5)."""
    return 1 / (1 + np.exp(-3 * scale * (values - 0.5)))


@pytest.mark.parametrize(
    ("name", "options"), [("unet", {"depth": 2}), ("unet_valid", {"depth": 2}), ("unet", {"depth": 1, "classes": 1})]
)
@pytest.mark.parametrize("views", [{}, {"tile": 64}, {"flip": True}])
def test_what_is_exported_predicts_as_torch_does(tmp_path, name, options, views):
    one = member(name, **options)
    path = tmp_path / "net.onnx"
    path.write_bytes(export_onnx(one).data)
    copy = loaded(path)
    assert copy.card.as_dict() == json.loads(json.dumps(one.card.as_dict()))
    assert (copy.field, copy.multiple, copy.margin) == (one.field, one.multiple, one.margin)
    assert copy.bytes_per_pixel == pytest.approx(one.bytes_per_pixel, rel=1e-4)
    for size in ((1, 1), (37, 50), (90, 131)):
        image = picture(*size)
        expected = whole(Predictor([one], **views), image)
        np.testing.assert_allclose(whole(Predictor([copy], **views), image), expected, rtol=0, atol=1e-4)


def test_networks_of_torch_and_onnx_vote_together(tmp_path):
    one, other, image = member(depth=1), member(depth=1, seed=2), picture(40, 50)
    (tmp_path / "net.onnx").write_bytes(export_onnx(other).data)
    found = whole(Predictor([one, loaded(tmp_path / "net.onnx")], scale=True), image)
    np.testing.assert_allclose(found, whole(Predictor([one, other], scale=True), image), rtol=0, atol=1e-5)


def test_a_network_that_gives_something_else_as_onnx_is_not_written():
    one = member(depth=1)

    class Sized(torch.nn.Module):
        """Adds its picture's height, which tracing freezes."""

        def __init__(self):
            super().__init__()
            self.network = one.network

        def forward(self, image):
            return self.network(image) + float(image.shape[-2])

    with pytest.raises(InputError, match=r"gives other logits as ONNX: .* apart at \d+ x \d+ pixels"):
        export_onnx(replace(one, network=Sized(), field=3))


@pytest.mark.parametrize("end", [None, "Softmax", "Sigmoid"])
def test_logits_and_scores_of_others_are_told_apart(tmp_path, end):
    path = beside(convolution(tmp_path / "net.onnx", end=end), names=["a", "b"])
    model = open_onnx(str(path))
    assert model.scores == (end is not None)
    image = picture(20, 24)
    found = whole(Predictor([loaded(path)]), image)
    values = image / 255
    if end == "Sigmoid":
        low, high = 1 / (1 + np.exp(values - 0.5)), 1 / (1 + np.exp(-2 * (values - 0.5)))
        expected = high / (low + high)
    else:
        expected = share(values, 1)
    np.testing.assert_allclose(found[1], expected, atol=1e-5)


def test_one_class_of_others_is_object_or_not(tmp_path):
    path = convolution(tmp_path / "net.onnx", classes=1, end="Sigmoid")
    model = open_onnx(str(path))
    assert (model.card.planes, model.card.names) == (2, ("background", "object"))
    image = picture(9, 7)
    np.testing.assert_allclose(
        whole(Predictor([loaded(path)]), image)[1], 1 / (1 + np.exp(image / 255 - 0.5)), atol=1e-5
    )


def test_what_is_not_said_is_assumed_and_told(tmp_path):
    gray = open_onnx(str(convolution(tmp_path / "gray.onnx", classes=3)))
    assert gray.card.names == ("class 0", "class 1", "class 2")
    assert "pictures go in as 0 to 1; gray.json beside it may say names" in gray.notes[0]
    color = open_onnx(str(convolution(tmp_path / "color.onnx", channels=3)))
    assert color.card.scaling.mean == (0.485, 0.456, 0.406)
    path = beside(convolution(tmp_path / "said.onnx", channels=3), names=["x", "y"], mean=[0, 0, 0], std=[1, 1, 1])
    said = open_onnx(str(path))
    assert (said.card.scaling.kind, said.notes, said.card.names) == ("dataset", (), ("x", "y"))
    assert open_onnx(str(beside(path, names=["x", "z"], scaling="imagenet"))).digest != said.digest


@pytest.mark.parametrize("views", [{}, {"flip": True}, {"scale": True}, {"tile": 500}])
def test_a_network_of_one_size_sees_large_pictures_by_windows(tmp_path, views):
    path = beside(convolution(tmp_path / "net.onnx", sides=(64, 96), batch=1), names=["a", "b"])
    one = loaded(path)
    assert one.largest == 64
    for size in ((5, 3), (64, 64), (150, 201)):
        image = picture(*size)
        found = whole(Predictor([one], **views), image)
        np.testing.assert_allclose(found.sum(0), 1, atol=1e-5)
        if "scale" not in views:
            np.testing.assert_allclose(found[1], share(image / 255, 1), atol=1e-5)


def test_logits_of_a_smaller_size_are_enlarged(tmp_path):
    path = convolution(tmp_path / "net.onnx", stride=4)
    image = np.full((50, 70), 204, np.uint8)
    np.testing.assert_allclose(whole(Predictor([loaded(path)]), image)[1], share(0.8, 1), atol=1e-5)


def test_weights_beside_the_network_are_taken_in(tmp_path):
    path, plain = scattered(tmp_path / "net.onnx", "weights.bin"), convolution(tmp_path / "plain.onnx")
    image = picture(12, 13)
    expected = whole(Predictor([loaded(plain)]), image)
    np.testing.assert_array_equal(whole(Predictor([loaded(path)]), image), expected)
    before = open_onnx(str(path)).digest
    (tmp_path / "weights.bin").write_bytes(bytes(100))
    assert open_onnx(str(path)).digest != before


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("../weights.bin", "only files of its own folder are read"),
        ("/etc/passwd", "only files of its own folder are read"),
        ("sub/weights.bin", "only files of its own folder are read"),
        ("", "only files of its own folder are read"),
        ("link.bin", "only files of its own folder are read"),
        ("absent.bin", "'absent.bin', which is not beside it"),
    ],
)
def test_weights_elsewhere_are_not_read(tmp_path, place, complaint):
    (tmp_path / "link.bin").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match=complaint):
        open_onnx(str(scattered(tmp_path / "net.onnx", place)))


def test_weights_that_end_too_early_are_an_error(tmp_path):
    with pytest.raises(InputError, match=r"cannot be (read|made)"):
        loaded(scattered(tmp_path / "net.onnx", "weights.bin", length=10**6))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"inputs": 2}, "has 2 inputs"),
        ({"channels": 4}, "takes 4 channels; pictures have 1 or 3"),
        ({"kind": TensorProto.UINT8}, "takes uint8; expected are floats"),
        ({"end": "ArgMax"}, "gives int64; expected are floats .* Leave out what comes after the logits"),
        ({"classes": 300}, "gives 300 classes"),
        ({"unknown": True}, "gives an unknown number of classes; name them"),
        ({"sides": (64, 3), "channels": 64}, "takes channels last"),
        ({"metadata": {"segcli": "{}"}}, "is damaged: what segcli wrote"),
        ({"metadata": {"segcli": "["}}, "is damaged: what segcli wrote"),
    ],
)
def test_networks_that_do_not_make_classes_of_a_picture_are_refused(tmp_path, settings, complaint):
    with pytest.raises(InputError, match=complaint):
        open_onnx(str(convolution(tmp_path / "net.onnx", **settings)))


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"name": ["a"]}, "says 'name'; it may say names, channels"),
        ({"names": ["a"]}, "names 1 classes and has 3"),
        ({"names": "abc", "mean": [0.0]}, None),
        ({"names": [1, 2, 3]}, "no words"),
        ({"mean": [0, 0]}, "does not fit 1 channels"),
        ({"std": [0]}, "divides by 0"),
        ({"scaling": "imagenet"}, "does not fit 1 channels"),
        ({"scaling": "zscore"}, "scaling is dataset, picture or imagenet"),
        ({"outputs": "labels"}, "outputs is logits or scores"),
        ({"multiple": 0}, "multiple is from 1 to 1024"),
        ({"channels": 3}, "takes 1 channels"),
        ({"target": "edges"}, "target is 'edges'"),
        ({"licence": "x" * 400}, "licence is"),
    ],
)
def test_what_stands_beside_a_network_is_checked(tmp_path, said, complaint):
    path = beside(convolution(tmp_path / "net.onnx", classes=3), **said)
    if complaint is None:
        assert open_onnx(str(path)).card.names == ("a", "b", "c")
        return
    with pytest.raises(InputError, match=complaint):
        open_onnx(str(path))


def test_nothing_but_an_object_stands_beside_a_network(tmp_path):
    path = convolution(tmp_path / "net.onnx")
    path.with_suffix(".json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="no JSON object"):
        open_onnx(str(path))


def test_networks_that_give_no_numbers_say_so(tmp_path):
    import onnx

    path = convolution(tmp_path / "net.onnx")
    model = onnx.load(path)
    model.graph.initializer[1].raw_data = np.full(2, np.nan, np.float32).tobytes()
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="numbers that are not numbers"):
        whole(Predictor([loaded(path)]), picture(5, 5))


def test_networks_that_ask_for_all_memory_are_an_error(tmp_path):
    import onnx

    path = convolution(tmp_path / "net.onnx")
    model = onnx.load(path)
    # Sixteen billion of billions of numbers to be added.
    sides = onnx.helper.make_node("Constant", [], ["sides"], value_ints=[1 << 32, 1 << 32])
    many = onnx.helper.make_node("ConstantOfShape", ["sides"], ["many"])
    total = onnx.helper.make_node("ReduceSum", ["many"], ["total"], keepdims=0)
    added = onnx.helper.make_node("Add", ["made", "total"], ["out"])
    model.graph.node.extend([sides, many, total, added])
    model.graph.output[0].name = "out"
    path.write_bytes(model.SerializeToString())
    with pytest.raises((InputError, MemoryError)):
        whole(Predictor([loaded(path)]), picture(5, 5))


def test_operations_that_nobody_knows_are_an_error(tmp_path):
    import onnx

    path = convolution(tmp_path / "net.onnx", end="Relu")
    model = onnx.load(path)
    model.graph.node[-1].op_type = "Nonsense"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="cannot be made a network"):
        loaded(path)


def test_other_devices_are_strict_unless_anything_will_do(tmp_path):
    path = str(convolution(tmp_path / "net.onnx"))
    digest = open_onnx(path).digest
    with pytest.raises(SettingError, match="onnxruntime cannot compute there"):
        load_member(path, digest, "mps")
    assert load_member(path, digest, "mps", strict=False).device == "cpu"
    with pytest.raises(InputError, match="has changed"):
        load_member(path, "0" * 64, "cpu")


def test_without_the_packages_a_line_says_what_to_install(tmp_path, monkeypatch):
    path = str(convolution(tmp_path / "net.onnx"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'segcli\[onnx\]'"):
        open_onnx(path)


def test_sizes_in_fixed_networks_go_no_further(tmp_path):
    network = OnnxNetwork(open_onnx(str(convolution(tmp_path / "net.onnx", sides=(8, 8)))))
    with pytest.raises(InputError, match=r"takes \(8, 8\) pixels"):
        network(torch.zeros(1, 1, 9, 8))


@pytest.mark.parametrize("name", ["fcn8s", "segnet", "sunet64", "fc_densenet56", "deeplab_v3_resnet50", "refinenet50"])
def test_other_families_are_exported_for_all_sizes(name):
    one = member("unet", depth=1)
    network = build(name, in_channels=1, classes=3, width=1 / 16).eval()
    made = export_onnx(replace(one, network=network, need=1.0))
    assert made.difference <= 1e-3 * max(1, made.largest)
    assert made.largest > 0 or name == "fcn8s"


@pytest.mark.slow
def test_every_network_for_segmentation_is_exported():
    from segcli.networks.registry import ARCHITECTURES

    one = member("unet", depth=1)
    for row in ARCHITECTURES:
        if row.task == "segmentation":
            network = build(row.name, in_channels=1, classes=3, width=1 / 16).eval()
            multiple = int(getattr(network, "multiple", row.multiple))
            margin = int(getattr(network, "margin", 0))
            assert export_onnx(replace(one, network=network, need=1.0, multiple=multiple, margin=margin)).sizes
