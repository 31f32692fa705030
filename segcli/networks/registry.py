"""The table of networks. To add one: write `networks/<module>.py`, put its row here.

Nothing imports torch until `build`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal

from segcli.errors import SettingError, UsageError

if TYPE_CHECKING:
    from torch import nn

Task = Literal["segmentation", "classification", "map", "image"]
"""What comes out: logits a pixel, logits a picture, one value a pixel (saliency), a picture (auto-encoders)."""


@dataclass(frozen=True)
class Architecture:
    """One network of the literature.

    Attributes
    ----------
    name : what users call it.
    module, cls : where its class is, below segcli.networks.
    task : what comes out.
    year, paper : of the primary publication: authors, title, venue.
    in_channels, classes : those of the paper, for which `parameters` holds.
    parameters : trainable tensors' elements at full width.
    receptive_field : side in pixels of the square that one output sees; None for the whole picture.
    multiple : pictures are padded inside to a multiple of it.
    published : a result of the paper, with the data it was measured on; empty where there is none.
    options : arguments of the class that make this row, such as the depth of its backbone.
    """

    name: str
    module: str
    cls: str
    task: Task
    year: int
    paper: str
    in_channels: int
    classes: int
    parameters: int
    receptive_field: int | None
    multiple: int = 1
    published: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def _classifiers(
    module: str, cls: str, year: int, paper: str, *rows: tuple[str, int, dict[str, Any]]
) -> tuple[Architecture, ...]:
    """Rows of networks for the 1000 classes of ImageNet that differ in name, parameters and options alone."""
    first = Architecture("", f"backbones.{module}", cls, "classification", year, paper, 3, 1000, 0, None)
    return tuple(replace(first, name=name, parameters=count, options=options) for name, count, options in rows)


def _segmenters(
    module: str,
    cls: str,
    year: int,
    paper: str,
    multiple: int,
    *rows: tuple[str, int, int | None, dict[str, Any], str],
    classes: int = 21,
) -> tuple[Architecture, ...]:
    """Rows of networks, VOC's 21 classes by default: name, parameters, receptive field, options, published result."""
    first = Architecture("", module, cls, "segmentation", year, paper, 3, classes, 0, None, multiple)
    return tuple(
        replace(first, name=name, parameters=count, receptive_field=field, options=options, published=published)
        for name, count, field, options, published in rows
    )


SEGNET = "Badrinarayanan, Kendall, Cipolla: SegNet: a deep convolutional encoder-decoder architecture, IEEE TPAMI 2017"
DILATED = "Yu, Koltun: Multi-scale context aggregation by dilated convolutions, ICLR 2016"

ARCHITECTURES: tuple[Architecture, ...] = (
    # backbones
    Architecture(
        name="lenet5",
        module="backbones.lenet",
        cls="LeNet",
        task="classification",
        year=1998,
        paper="LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, PIEEE 1998",
        in_channels=1,
        classes=10,
        parameters=61_706,
        receptive_field=None,
    ),
    *_classifiers(
        "alexnet",
        "AlexNet",
        2014,
        "Krizhevsky: One weird trick for parallelizing convolutional neural networks, arXiv 2014",
        ("alexnet", 61_100_840, {}),
    ),
    *_classifiers(
        "alexnet",
        "CaffeNet",
        2012,
        "Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks, NIPS 2012",
        ("caffenet", 60_965_224, {}),
    ),
    *_classifiers(
        "vgg",
        "VGG",
        2014,
        "Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, ICLR 2015",
        ("vgg16", 138_357_544, {"depth": 16}),
        ("vgg16_bn", 138_365_992, {"depth": 16, "batch_norm": True}),
        ("vgg19", 143_667_240, {"depth": 19}),
        ("vgg19_bn", 143_678_248, {"depth": 19, "batch_norm": True}),
    ),
    *_classifiers(
        "googlenet",
        "GoogLeNet",
        2014,
        "Szegedy et al.: Going deeper with convolutions, CVPR 2015",
        ("googlenet", 6_624_904, {}),
        ("googlenet_paper", 6_998_552, {"layout": "paper"}),
    ),
    *_classifiers(
        "inception",
        "InceptionV3",
        2015,
        "Szegedy et al.: Rethinking the Inception architecture for computer vision, CVPR 2016",
        ("inception_v3", 27_161_264, {}),
    ),
    *_classifiers(
        "resnet",
        "ResNet",
        2015,
        "He, Zhang, Ren, Sun: Deep residual learning for image recognition, CVPR 2016",
        ("resnet18", 11_689_512, {"depth": 18}),
        ("resnet34", 21_797_672, {"depth": 34}),
        ("resnet50", 25_557_032, {"depth": 50}),
        ("resnet101", 44_549_160, {"depth": 101}),
        ("resnet152", 60_192_808, {"depth": 152}),
    ),
    *_classifiers(
        "densenet",
        "DenseNet",
        2016,
        "Huang, Liu, van der Maaten, Weinberger: Densely connected convolutional networks, CVPR 2017",
        ("densenet121", 7_978_856, {"depth": 121}),
        ("densenet161", 28_681_000, {"depth": 161}),
        ("densenet169", 14_149_480, {"depth": 169}),
        ("densenet201", 20_013_928, {"depth": 201}),
    ),
    # sliding windows and full resolution
    Architecture(
        name="patch_classifier",
        module="patch_classifier",
        cls="PatchClassifier",
        task="segmentation",
        year=2012,
        paper="Ciresan et al.: Deep neural networks segment neuronal membranes in electron microscopy, NIPS 2012",
        in_channels=1,
        classes=2,
        parameters=219_290,
        receptive_field=95,
        published="ISBI 2012 EM: warping error .000420, Rand error .0504, pixel error .0613",
    ),
    Architecture(
        name="full_resolution_fcn",
        module="full_resolution",
        cls="FullResolutionFCN",
        task="segmentation",
        year=2017,
        paper="Li, Johnson, Yeung: Detection and segmentation, CS231n lecture 11, Stanford 2017; layers are segcli's",
        in_channels=3,
        classes=21,
        parameters=187_797,
        receptive_field=13,
    ),
    # fully convolutional networks
    Architecture(
        name="fcn32s",
        module="fcn",
        cls="FCN",
        task="segmentation",
        year=2014,
        paper="Long, Shelhamer, Darrell: Fully convolutional networks for semantic segmentation, CVPR 2015",
        in_channels=3,
        classes=21,
        parameters=134_346_581,
        receptive_field=436,
        published="VOC 2011 segval: mIoU 63.6 (authors' release)",
        options={"stride": 32},
    ),
    Architecture(
        name="fcn16s",
        module="fcn",
        cls="FCN",
        task="segmentation",
        year=2014,
        paper="Long, Shelhamer, Darrell: Fully convolutional networks for semantic segmentation, CVPR 2015",
        in_channels=3,
        classes=21,
        parameters=134_357_354,
        receptive_field=468,
        published="VOC 2011 segval: mIoU 65.0 (authors' release)",
        options={"stride": 16},
    ),
    Architecture(
        name="fcn8s",
        module="fcn",
        cls="FCN",
        task="segmentation",
        year=2014,
        paper="Long, Shelhamer, Darrell: Fully convolutional networks for semantic segmentation, CVPR 2015",
        in_channels=3,
        classes=21,
        parameters=134_362_751,
        receptive_field=468,
        published="VOC 2011 segval: mIoU 65.5 (authors' release)",
        options={"stride": 8},
    ),
    Architecture(
        name="fcn_alexnet",
        module="fcn_alexnet",
        cls="FCNAlexNet",
        task="segmentation",
        year=2014,
        paper="Long, Shelhamer, Darrell: Fully convolutional networks for semantic segmentation, CVPR 2015",
        in_channels=3,
        classes=21,
        parameters=56_954_261,
        receptive_field=387,
        published="VOC 2011 segval: mIoU 48.0 (authors' release)",
    ),
    # u-nets
    Architecture(
        name="unet_valid",
        module="unet",
        cls="UNet",
        task="segmentation",
        year=2015,
        paper="Ronneberger, Fischer, Brox: U-Net: convolutional networks for biomedical image segmentation, "
        "MICCAI 2015",
        in_channels=1,
        classes=2,
        parameters=31_030_658,
        receptive_field=204,
        multiple=16,
        published="ISBI EM: warping error 0.000353, Rand 0.0382; IoU PhC-U373 92.0 %, DIC-HeLa 77.6 %",
        options={"valid": True, "batch_norm": False, "dropout": 0.5},
    ),
    Architecture(
        name="unet",
        module="unet",
        cls="UNet",
        task="segmentation",
        year=2015,
        paper="Ronneberger, Fischer, Brox: U-Net: convolutional networks for biomedical image segmentation, "
        "MICCAI 2015",
        in_channels=3,
        classes=2,
        parameters=31_037_698,
        receptive_field=204,
        multiple=16,
    ),
    Architecture(
        name="unet_plus_plus",
        module="unet_plus_plus",
        cls="UNetPlusPlus",
        task="segmentation",
        year=2018,
        paper="Zhou, Siddiquee, Tajbakhsh, Liang: UNet++: a nested U-Net architecture for medical image segmentation, "
        "DLMIA 2018",
        in_channels=3,
        classes=1,
        parameters=9_042_276,
        receptive_field=204,
        multiple=16,
        published="IoU: nuclei 92.5 %, polyps 32.1 %, liver 82.9 %, lung nodules 77.2 %",
    ),
    Architecture(
        name="sunet64",
        module="stacked_unets",
        cls="SUNet",
        task="segmentation",
        year=2018,
        paper="Shah, Ghosh, Davis, Goldstein: Stacked U-Nets: a no-frills approach to natural image segmentation, 2018",
        in_channels=3,
        classes=21,
        parameters=5_906_773,
        receptive_field=3067,
        multiple=16,
        options={"variant": "64"},
    ),
    Architecture(
        name="sunet64_classifier",
        module="stacked_unets",
        cls="SUNetClassifier",
        task="classification",
        year=2018,
        paper="Shah, Ghosh, Davis, Goldstein: Stacked U-Nets: a no-frills approach to natural image segmentation, 2018",
        in_channels=3,
        classes=1000,
        parameters=6_910_248,
        receptive_field=None,
        options={"variant": "64"},
    ),
    Architecture(
        name="sunet128",
        module="stacked_unets",
        cls="SUNet",
        task="segmentation",
        year=2018,
        paper="Shah, Ghosh, Davis, Goldstein: Stacked U-Nets: a no-frills approach to natural image segmentation, 2018",
        in_channels=3,
        classes=21,
        parameters=22_698_389,
        receptive_field=3067,
        multiple=16,
        options={"variant": "128"},
    ),
    Architecture(
        name="sunet128_classifier",
        module="stacked_unets",
        cls="SUNetClassifier",
        task="classification",
        year=2018,
        paper="Shah, Ghosh, Davis, Goldstein: Stacked U-Nets: a no-frills approach to natural image segmentation, 2018",
        in_channels=3,
        classes=1000,
        parameters=24_704_360,
        receptive_field=None,
        options={"variant": "128"},
    ),
    Architecture(
        name="sunet7_128",
        module="stacked_unets",
        cls="SUNet",
        task="segmentation",
        year=2018,
        paper="Shah, Ghosh, Davis, Goldstein: Stacked U-Nets: a no-frills approach to natural image segmentation, 2018",
        in_channels=3,
        classes=21,
        parameters=36_857_237,
        receptive_field=4795,
        multiple=16,
        options={"variant": "7-128"},
    ),
    Architecture(
        name="sunet7_128_classifier",
        module="stacked_unets",
        cls="SUNetClassifier",
        task="classification",
        year=2018,
        paper="Shah, Ghosh, Davis, Goldstein: Stacked U-Nets: a no-frills approach to natural image segmentation, 2018",
        in_channels=3,
        classes=1000,
        parameters=39_113_832,
        receptive_field=None,
        options={"variant": "7-128"},
    ),
    Architecture(
        name="cunet",
        module="coupled_unets",
        cls="CUNet",
        task="segmentation",
        year=2018,
        paper="Tang, Peng, Geng, Zhu, Metaxas: CU-Net: coupled U-Nets, BMVC 2018",
        in_channels=3,
        classes=16,
        parameters=8_009_984,
        receptive_field=3133,
        multiple=64,
    ),
    # encoders and decoders
    Architecture(
        name="carvana",
        module="encoder_decoder",
        cls="CarvanaNet",
        task="segmentation",
        year=2017,
        paper="Pattanayak: Pro deep learning with TensorFlow, Apress 2017, chapter 6",
        in_channels=3,
        classes=1,
        parameters=34_475_585,
        receptive_field=156,
        multiple=16,
        published="Carvana at 128 x 128: loss about .045",
    ),
    *_segmenters(
        "segnet",
        "SegNet",
        2015,
        SEGNET,
        1,
        ("segnet", 29_449_355, 404, {}, "CamVid mIoU 60.1, of 3,433 training pictures"),
        classes=11,
    ),
    *_segmenters("segnet", "SegNetBasic", 2015, SEGNET, 1, ("segnet_basic", 1_416_587, 202, {}, ""), classes=11),
    *_segmenters(
        "deconvnet",
        "DeconvNet",
        2015,
        "Noh, Hong, Han: Learning deconvolution network for semantic segmentation, ICCV 2015",
        32,
        ("deconvnet", 251_805_653, 788, {}, "VOC2012 test mIoU 69.6; with FCN-8s and CRF 72.5"),
    ),
    *_segmenters(
        "fc_densenet",
        "FCDenseNet",
        2016,
        "Jégou, Drozdzal, Vazquez, Romero, Bengio: The one hundred layers tiramisu: fully convolutional DenseNets for "
        "semantic segmentation, CVPR Workshops 2017",
        1,
        ("fc_densenet56", 1_376_795, 826, {"layers": (4,) * 11, "growth": 12}, ""),
        ("fc_densenet67", 3_463_243, 1016, {"layers": (5,) * 11, "growth": 16}, ""),
        (
            "fc_densenet103",
            9_322_091,
            2294,
            {"layers": (4, 5, 7, 10, 12, 15, 12, 10, 7, 5, 4), "growth": 16},
            "CamVid test mIoU 66.9, pixel accuracy 91.5",
        ),
        classes=11,
    ),
    # dilated networks
    *_segmenters(
        "dilated",
        "DilatedNet",
        2015,
        DILATED,
        8,
        ("dilated_front_end", 134_346_581, 388, {"context": "none"}, "VOC2012 test mIoU 71.3; val 69.8"),
        ("dilation8", 141_149_720, 916, {"context": "large"}, "VOC2012 test mIoU 73.5, with CRF-RNN 75.3; val 72.1"),
    ),
    *_segmenters(
        "dilated",
        "DilatedNet",
        2015,
        DILATED,
        8,
        ("dilation8_camvid", 134_313_443, 916, {"context": "basic"}, "CamVid mIoU 65.3"),
        classes=11,
    ),
    *_segmenters(
        "dilated",
        "DilatedNet",
        2015,
        DILATED,
        8,
        ("dilation10", 134_368_179, 2452, {"context": "basic", "layers": 10}, "Cityscapes mIoU 67.1"),
        classes=19,
    ),
    *_segmenters(
        "deeplab_v1",
        "DeepLabV1",
        2014,
        "Chen, Papandreou, Kokkinos, Murphy, Yuille: Semantic image segmentation with deep convolutional nets and "
        "fully connected CRFs, ICLR 2015",
        8,
        (
            "deeplab_v1",
            20_505_429,
            443,
            {"head": "large_fov"},
            "VOC2012 val mIoU 62.25, with CRF 67.64; test with CRF 70.3",
        ),
    ),
    *_segmenters(
        "deeplab_v2",
        "DeepLabV2",
        2016,
        "Chen, Papandreou, Kokkinos, Murphy, Yuille: DeepLab: semantic image segmentation with deep convolutional "
        "nets, atrous convolution, and fully connected CRFs, IEEE TPAMI 2018",
        8,
        ("deeplab_v2_vgg16", 37_877_652, 619, {"backbone": "vgg16"}, "VOC2012 val mIoU 68.96, with CRF 71.57"),
        (
            "deeplab_v2_resnet101",
            44_048_532,
            1419,
            {"backbone": "resnet101"},
            "VOC2012 val mIoU 76.35, with CRF 77.69; test with CRF 79.7",
        ),
    ),
    # residual backbones
    *_segmenters(
        "deeplab_v3",
        "DeepLabV3",
        2017,
        "Chen, Papandreou, Schroff, Adam: Rethinking atrous convolution for semantic image segmentation, 2017",
        16,
        ("deeplab_v3_resnet50", 39_048_533, None, {"depth": 50}, ""),
        (
            "deeplab_v3_resnet101",
            58_040_661,
            None,
            {"depth": 101},
            "VOC2012 val mIoU 77.21, at stride 8 78.51; test 85.7",
        ),
    ),
    *_segmenters(
        "deeplab_v3_plus",
        "DeepLabV3Plus",
        2018,
        "Chen, Zhu, Papandreou, Schroff, Adam: Encoder-decoder with atrous separable convolution for semantic "
        "image segmentation, ECCV 2018",
        16,
        ("deeplab_v3_plus_resnet50", 40_352_181, None, {"depth": 50}, ""),
        ("deeplab_v3_plus_resnet101", 59_344_309, None, {"depth": 101}, "VOC2012 val mIoU 78.85, at stride 8 79.35"),
    ),
    *_segmenters(
        "resnet_heads",
        "ResNetHeads",
        2015,
        "Long, Shelhamer, Darrell: Fully convolutional networks for semantic segmentation, CVPR 2015; torchvision",
        1,
        ("fcn_resnet50", 32_957_013, 451, {"depth": 50, "head": "fcn"}, ""),
        ("fcn_resnet101", 51_949_141, 995, {"depth": 101, "head": "fcn"}, ""),
    ),
    *_segmenters(
        "resnet_heads",
        "ResNetHeads",
        2017,
        "Chen, Papandreou, Schroff, Adam: Rethinking atrous convolution for semantic image segmentation, 2017; "
        "torchvision",
        1,
        ("deeplabv3_resnet50", 39_638_869, None, {"depth": 50, "head": "deeplab"}, ""),
        ("deeplabv3_resnet101", 58_630_997, None, {"depth": 101, "head": "deeplab"}, ""),
    ),
    *_segmenters(
        "refinenet",
        "RefineNet",
        2016,
        "Lin, Milan, Shen, Reid: RefineNet: multi-path refinement networks for high-resolution semantic "
        "segmentation, CVPR 2017",
        32,
        ("refinenet50", 99_060_309, 3083, {"depth": 50}, ""),
        ("refinenet101", 118_052_437, 3627, {"depth": 101}, ""),
        ("refinenet152", 133_696_085, 4107, {"depth": 152}, "VOC2012 test mIoU 83.4"),
    ),
    # saliency
    Architecture(
        name="shallow_saliency",
        module="saliency",
        cls="ShallowSaliency",
        task="map",
        year=2016,
        paper="Pan et al.: Shallow and deep convolutional networks for saliency prediction, CVPR 2016",
        in_channels=3,
        classes=1,
        parameters=34_864_384,
        receptive_field=None,
        published="SALICON test, LSUN 2015: CC .5957, AUC-Judd .8364",
    ),
    Architecture(
        name="deep_saliency",
        module="saliency",
        cls="DeepSaliency",
        task="map",
        year=2016,
        paper="Pan et al.: Shallow and deep convolutional networks for saliency prediction, CVPR 2016",
        in_channels=3,
        classes=1,
        parameters=25_806_209,
        receptive_field=217,
        multiple=4,
        published="MIT300: CC .58, AUC-Judd .83",
    ),
    # auto-encoders
    Architecture(
        name="dense_autoencoder",
        module="autoencoders",
        cls="DenseAutoEncoder",
        task="image",
        year=2008,
        paper="Vincent et al.: Extracting and composing robust features with denoising autoencoders, ICML 2008",
        in_channels=1,
        classes=1,
        parameters=785_284,
        receptive_field=28,
        multiple=28,
    ),
    Architecture(
        name="conv_autoencoder",
        module="autoencoders",
        cls="ConvolutionalAutoEncoder",
        task="image",
        year=2011,
        paper="Masci et al.: Stacked convolutional auto-encoders, ICANN 2011; layers are segcli's",
        in_channels=1,
        classes=1,
        parameters=31_457,
        receptive_field=14,
        multiple=4,
    ),
)
"""Every network, in the order of the lectures."""


def find_architecture(name: str) -> Architecture:
    """Return the row of a name (`fcn8s`, `fc-densenet56`), or raise UsageError with the nearest one."""
    key = name.lower().replace("-", "_").replace("+", "_plus")
    rows = {row.name: row for row in ARCHITECTURES}
    if key not in rows:
        from difflib import get_close_matches

        close = get_close_matches(key, rows, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(rows)}."
        raise UsageError(f"there is no network {name!r}; {hint}")
    return rows[key]


def build(
    name: str,
    *,
    in_channels: int | None = None,
    classes: int | None = None,
    width: float = 1.0,
    seed: int = 0,
    device: str = "cpu",
    **options: Any,
) -> nn.Module:
    """Make a network with the start values of its paper.

    Parameters
    ----------
    name : of a row of the table.
    in_channels, classes : of the pictures and of the logits; by default the paper's.
    width : scales the channels of all layers; 1 is the paper's.
    seed : of the start values. The global random state is left as it was.
    device : where the network is made; "meta" for its shapes alone, without memory.
    options : arguments of the network's class, such as depth.

    Returns
    -------
    torch.nn.Module
        float32, in training mode. It takes (N, in_channels, H, W) and gives (N, classes, H, W) at any size,
        (N, classes) where the task is classification.

    Raises
    ------
    UsageError : there is no such network, or it has no such option.
    SettingError : a number is out of range.

    Examples
    --------
    >>> network = build("vgg16", classes=10, width=1 / 16, device="meta")
    >>> sum(parameter.numel() for parameter in network.parameters())
    527854
    """
    import torch

    row = find_architecture(name)
    in_channels = row.in_channels if in_channels is None else in_channels
    classes = row.classes if classes is None else classes
    for knob, value in (("channels", in_channels), ("classes", classes)):
        if value < 1:
            raise SettingError(knob, f"is {value}; it must be at least 1.")
    if not 0 < width <= 16:
        raise SettingError("width", f"is {width:g}; it must be above 0, at most 16.")
    network = getattr(import_module(f"segcli.networks.{row.module}"), row.cls)
    known = [option for option in signature(network).parameters if option not in ("in_channels", "classes", "width")]
    for option in options:
        if option not in known:
            raise UsageError(f"the network {row.name} has no option {option!r}; it has {', '.join(known) or 'none'}.")
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(seed)
        made: nn.Module = network(in_channels, classes, width=width, **{**row.options, **options})
    return made
