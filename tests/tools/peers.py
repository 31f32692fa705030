"""torchvision's networks as a yardstick, where they can be imported."""

import warnings

import pytest
import torch

KEPT = []


def torchvision_models():
    """Return torchvision.models, or skip the module with the reason why there is none.

    Where torchvision was built for another torch, its compiled operators cannot be loaded. Its networks are plain
    Python and need none of them; the import fails only since it describes two of them, which are declared here.
    """
    try:
        import torchvision.models
    except ImportError:
        pytest.skip("torchvision is not installed", allow_module_level=True)
    except RuntimeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        KEPT.append(library)  # declarations live as long as their library
        try:
            for name in ("nms", "qnms"):
                library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            import torchvision.models
        except (RuntimeError, ImportError) as failure:
            pytest.skip(f"torchvision cannot be imported: {failure}", allow_module_level=True)
    return torchvision.models


def torchvision_network(name, device="cpu", **options):
    """Make torchvision's network of a name, with weights that were not trained."""
    models = torchvision_models()
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False  # their own start values take minutes
    if hasattr(models.segmentation, name):
        options = {"num_classes": 21, "weights_backbone": None, **options}
    with warnings.catch_warnings(), torch.random.fork_rng(), torch.device(device):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        function = getattr(models, name, None) or getattr(models.segmentation, name)
        return function(weights=None, **options)
