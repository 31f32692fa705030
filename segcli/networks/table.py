"""The rows of the table of networks, in the order of the lectures."""

from __future__ import annotations

from segcli.networks.architecture import Architecture, rows_of
from segcli.networks.backbones.table import BACKBONES

LONG_2014 = "Long, Shelhamer, Darrell: Fully convolutional networks for semantic segmentation, CVPR 2015"
RONNEBERGER_2015 = (
    "Ronneberger, Fischer, Brox: U-Net: convolutional networks for biomedical image segmentation, MICCAI 2015"
)
SHAH_2018 = "Shah, Ghosh, Davis, Goldstein: Stacked U-Nets: a no-frills approach to natural image segmentation, 2018"
BADRINARAYANAN_2015 = (
    "Badrinarayanan, Kendall, Cipolla: SegNet: a deep convolutional encoder-decoder architecture, IEEE TPAMI 2017"
)
YU_2015 = "Yu, Koltun: Multi-scale context aggregation by dilated convolutions, ICLR 2016"
PAN_2016 = "Pan et al.: Shallow and deep convolutional networks for saliency prediction, CVPR 2016"


ARCHITECTURES: tuple[Architecture, ...] = (
    *BACKBONES,
    # sliding windows and full resolution
    *rows_of(
        "patch_classifier",
        "PatchClassifier",
        "segmentation",
        2012,
        "Ciresan et al.: Deep neural networks segment neuronal membranes in electron microscopy, NIPS 2012",
        (
            "patch_classifier",
            219_290,
            95,
            {},
            "ISBI 2012 EM: warping error .000420, Rand error .0504, pixel error .0613",
        ),
        in_channels=1,
        classes=2,
    ),
    *rows_of(
        "full_resolution",
        "FullResolutionFCN",
        "segmentation",
        2017,
        "Li, Johnson, Yeung: Detection and segmentation, CS231n lecture 11, Stanford 2017; layers are segcli's",
        ("full_resolution_fcn", 187_797, 13),
    ),
    # fully convolutional networks
    *rows_of(
        "fcn",
        "FCN",
        "segmentation",
        2014,
        LONG_2014,
        ("fcn32s", 134_346_581, 436, {"stride": 32}, "VOC 2011 segval: mIoU 63.6 (authors' release)"),
        ("fcn16s", 134_357_354, 468, {"stride": 16}, "VOC 2011 segval: mIoU 65.0 (authors' release)"),
        ("fcn8s", 134_362_751, 468, {"stride": 8}, "VOC 2011 segval: mIoU 65.5 (authors' release)"),
    ),
    *rows_of(
        "fcn_alexnet",
        "FCNAlexNet",
        "segmentation",
        2014,
        LONG_2014,
        ("fcn_alexnet", 56_954_261, 387, {}, "VOC 2011 segval: mIoU 48.0 (authors' release)"),
    ),
    # u-nets
    *rows_of(
        "unet",
        "UNet",
        "segmentation",
        2015,
        RONNEBERGER_2015,
        (
            "unet_valid",
            31_030_658,
            204,
            {"valid": True, "batch_norm": False, "dropout": 0.5},
            "ISBI EM: warping error 0.000353, Rand 0.0382; IoU PhC-U373 92.0 %, DIC-HeLa 77.6 %",
        ),
        in_channels=1,
        classes=2,
        multiple=16,
    ),
    *rows_of("unet", "UNet", "segmentation", 2015, RONNEBERGER_2015, ("unet", 31_037_698, 204), classes=2, multiple=16),
    *rows_of(
        "unet_plus_plus",
        "UNetPlusPlus",
        "segmentation",
        2018,
        "Zhou, Siddiquee, Tajbakhsh, Liang: UNet++: a nested U-Net architecture for medical image "
        "segmentation, DLMIA 2018",
        ("unet_plus_plus", 9_042_276, 204, {}, "IoU: nuclei 92.5 %, polyps 32.1 %, liver 82.9 %, lung nodules 77.2 %"),
        classes=1,
        multiple=16,
    ),
    *rows_of(
        "stacked_unets",
        "SUNet",
        "segmentation",
        2018,
        SHAH_2018,
        ("sunet64", 5_906_773, 3067, {"variant": "64"}),
        multiple=16,
    ),
    *rows_of(
        "stacked_unets",
        "SUNetClassifier",
        "classification",
        2018,
        SHAH_2018,
        ("sunet64_classifier", 6_910_248, None, {"variant": "64"}),
    ),
    *rows_of(
        "stacked_unets",
        "SUNet",
        "segmentation",
        2018,
        SHAH_2018,
        ("sunet128", 22_698_389, 3067, {"variant": "128"}),
        multiple=16,
    ),
    *rows_of(
        "stacked_unets",
        "SUNetClassifier",
        "classification",
        2018,
        SHAH_2018,
        ("sunet128_classifier", 24_704_360, None, {"variant": "128"}),
    ),
    *rows_of(
        "stacked_unets",
        "SUNet",
        "segmentation",
        2018,
        SHAH_2018,
        ("sunet7_128", 36_857_237, 4795, {"variant": "7-128"}),
        multiple=16,
    ),
    *rows_of(
        "stacked_unets",
        "SUNetClassifier",
        "classification",
        2018,
        SHAH_2018,
        ("sunet7_128_classifier", 39_113_832, None, {"variant": "7-128"}),
    ),
    *rows_of(
        "coupled_unets",
        "CUNet",
        "segmentation",
        2018,
        "Tang, Peng, Geng, Zhu, Metaxas: CU-Net: coupled U-Nets, BMVC 2018",
        ("cunet", 8_009_984, 3133),
        classes=16,
        multiple=64,
    ),
    # encoders and decoders
    *rows_of(
        "encoder_decoder",
        "CarvanaNet",
        "segmentation",
        2017,
        "Pattanayak: Pro deep learning with TensorFlow, Apress 2017, chapter 6",
        ("carvana", 34_475_585, 156, {}, "Carvana at 128 x 128: loss about .045"),
        classes=1,
        multiple=16,
    ),
    *rows_of(
        "segnet",
        "SegNet",
        "segmentation",
        2015,
        BADRINARAYANAN_2015,
        ("segnet", 29_449_355, 404, {}, "CamVid mIoU 60.1, of 3,433 training pictures"),
        classes=11,
    ),
    *rows_of(
        "segnet", "SegNetBasic", "segmentation", 2015, BADRINARAYANAN_2015, ("segnet_basic", 1_416_587, 202), classes=11
    ),
    *rows_of(
        "deconvnet",
        "DeconvNet",
        "segmentation",
        2015,
        "Noh, Hong, Han: Learning deconvolution network for semantic segmentation, ICCV 2015",
        ("deconvnet", 251_805_653, 788, {}, "VOC2012 test mIoU 69.6; with FCN-8s and CRF 72.5"),
        multiple=32,
    ),
    *rows_of(
        "fc_densenet",
        "FCDenseNet",
        "segmentation",
        2016,
        "Jégou, Drozdzal, Vazquez, Romero, Bengio: The one hundred layers tiramisu: fully "
        "convolutional DenseNets for semantic segmentation, CVPR Workshops 2017",
        ("fc_densenet56", 1_376_795, 826, {"layers": (4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4), "growth": 12}),
        ("fc_densenet67", 3_463_243, 1016, {"layers": (5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5), "growth": 16}),
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
    *rows_of(
        "dilated",
        "DilatedNet",
        "segmentation",
        2015,
        YU_2015,
        ("dilated_front_end", 134_346_581, 388, {"context": "none"}, "VOC2012 test mIoU 71.3; val 69.8"),
        ("dilation8", 141_149_720, 916, {"context": "large"}, "VOC2012 test mIoU 73.5, with CRF-RNN 75.3; val 72.1"),
        multiple=8,
    ),
    *rows_of(
        "dilated",
        "DilatedNet",
        "segmentation",
        2015,
        YU_2015,
        ("dilation8_camvid", 134_313_443, 916, {"context": "basic"}, "CamVid mIoU 65.3"),
        classes=11,
        multiple=8,
    ),
    *rows_of(
        "dilated",
        "DilatedNet",
        "segmentation",
        2015,
        YU_2015,
        ("dilation10", 134_368_179, 2452, {"context": "basic", "layers": 10}, "Cityscapes mIoU 67.1"),
        classes=19,
        multiple=8,
    ),
    *rows_of(
        "deeplab_v1",
        "DeepLabV1",
        "segmentation",
        2014,
        "Chen, Papandreou, Kokkinos, Murphy, Yuille: Semantic image segmentation with deep "
        "convolutional nets and fully connected CRFs, ICLR 2015",
        (
            "deeplab_v1",
            20_505_429,
            443,
            {"head": "large_fov"},
            "VOC2012 val mIoU 62.25, with CRF 67.64; test with CRF 70.3",
        ),
        multiple=8,
    ),
    *rows_of(
        "deeplab_v2",
        "DeepLabV2",
        "segmentation",
        2016,
        "Chen, Papandreou, Kokkinos, Murphy, Yuille: DeepLab: semantic image segmentation with "
        "deep convolutional nets, atrous convolution, and fully connected CRFs, IEEE TPAMI 2018",
        ("deeplab_v2_vgg16", 37_877_652, 619, {"backbone": "vgg16"}, "VOC2012 val mIoU 68.96, with CRF 71.57"),
        (
            "deeplab_v2_resnet101",
            44_048_532,
            1419,
            {"backbone": "resnet101"},
            "VOC2012 val mIoU 76.35, with CRF 77.69; test with CRF 79.7",
        ),
        multiple=8,
    ),
    *rows_of(
        "deeplab_v3",
        "DeepLabV3",
        "segmentation",
        2017,
        "Chen, Papandreou, Schroff, Adam: Rethinking atrous convolution for semantic image segmentation, 2017",
        ("deeplab_v3_resnet50", 39_048_533, None, {"depth": 50}),
        (
            "deeplab_v3_resnet101",
            58_040_661,
            None,
            {"depth": 101},
            "VOC2012 val mIoU 77.21, at stride 8 78.51; test 85.7",
        ),
        multiple=16,
    ),
    *rows_of(
        "deeplab_v3_plus",
        "DeepLabV3Plus",
        "segmentation",
        2018,
        "Chen, Zhu, Papandreou, Schroff, Adam: Encoder-decoder with atrous separable convolution "
        "for semantic image segmentation, ECCV 2018",
        ("deeplab_v3_plus_resnet50", 40_352_181, None, {"depth": 50}),
        ("deeplab_v3_plus_resnet101", 59_344_309, None, {"depth": 101}, "VOC2012 val mIoU 78.85, at stride 8 79.35"),
        multiple=16,
    ),
    *rows_of(
        "resnet_heads",
        "ResNetHeads",
        "segmentation",
        2015,
        "Long, Shelhamer, Darrell: Fully convolutional networks for semantic segmentation, CVPR 2015; torchvision",
        ("fcn_resnet50", 32_957_013, 451, {"depth": 50, "head": "fcn"}),
        ("fcn_resnet101", 51_949_141, 995, {"depth": 101, "head": "fcn"}),
    ),
    *rows_of(
        "resnet_heads",
        "ResNetHeads",
        "segmentation",
        2017,
        "Chen, Papandreou, Schroff, Adam: Rethinking atrous convolution for semantic image "
        "segmentation, 2017; torchvision",
        ("deeplabv3_resnet50", 39_638_869, None, {"depth": 50, "head": "deeplab"}),
        ("deeplabv3_resnet101", 58_630_997, None, {"depth": 101, "head": "deeplab"}),
    ),
    # residual backbones
    *rows_of(
        "refinenet",
        "RefineNet",
        "segmentation",
        2016,
        "Lin, Milan, Shen, Reid: RefineNet: multi-path refinement networks for high-resolution "
        "semantic segmentation, CVPR 2017",
        ("refinenet50", 99_060_309, 3083, {"depth": 50}),
        ("refinenet101", 118_052_437, 3627, {"depth": 101}),
        ("refinenet152", 133_696_085, 4107, {"depth": 152}, "VOC2012 test mIoU 83.4"),
        multiple=32,
    ),
    # saliency
    *rows_of(
        "saliency",
        "ShallowSaliency",
        "map",
        2016,
        PAN_2016,
        ("shallow_saliency", 34_864_384, None, {}, "SALICON test, LSUN 2015: CC .5957, AUC-Judd .8364"),
        classes=1,
    ),
    *rows_of(
        "saliency",
        "DeepSaliency",
        "map",
        2016,
        PAN_2016,
        ("deep_saliency", 25_806_209, 217, {}, "MIT300: CC .58, AUC-Judd .83"),
        classes=1,
        multiple=4,
    ),
    # auto-encoders
    *rows_of(
        "autoencoders",
        "DenseAutoEncoder",
        "image",
        2008,
        "Vincent et al.: Extracting and composing robust features with denoising autoencoders, ICML 2008",
        ("dense_autoencoder", 785_284, 28),
        in_channels=1,
        classes=1,
        multiple=28,
    ),
    *rows_of(
        "autoencoders",
        "ConvolutionalAutoEncoder",
        "image",
        2011,
        "Masci et al.: Stacked convolutional auto-encoders, ICANN 2011; layers are segcli's",
        ("conv_autoencoder", 31_457, 14),
        in_channels=1,
        classes=1,
        multiple=4,
    ),
)
"""Every network."""
