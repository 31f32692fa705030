"""segcli rerun: results made again from what they say of themselves."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import disks

from segcli.methods import NAMES

Run = Callable[..., Any]
Save = Callable[..., Path]

SAMPLES = Path(__file__).parents[2] / "sample_images"
PICTURES = sorted(
    path
    for path in SAMPLES.iterdir()
    if path.suffix in (".jpg", ".png") and "scribbles" not in path.stem and "labels" not in path.stem
)
COMMANDS = [name.replace("_", "-") for name in NAMES]
MODELS: dict[str, dict[str, Any]] = {
    "pixel-classifier": {"sigmas": (0.7, 1.5)},
    "superpixel-crf": {"regions": 60, "classifier": "logistic"},
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def colored(height: int = 40, width: int = 60) -> np.ndarray:
    """The discs in color, on noise."""
    noise = np.random.default_rng(4).integers(0, 12, (height, width, 3))
    return (disks(height, width)[:, :, None] * (0.9, 0.7, 0.5) + noise).astype(np.uint8)


def hints(method: str, size: tuple[int, int], folder: Path) -> list[str]:
    """Options for the hints that a method will not work without."""
    width, height = size
    box = f"{width // 8},{height // 8},{width - width // 8},{height - height // 8}"
    if method == "region-growing":
        return ["--point", f"{width // 5},{height // 3}", "--point", f"{width // 2},{height // 2}"]
    if method in ("graphcut", "grabcut"):
        return ["--box", box]
    if method == "random-walker":
        return ["--markers", "otsu classes=2"]
    if method == "crf":
        return ["--labels", "otsu classes=2"]
    if method in MODELS:
        path = folder / f"{method}.safetensors"
        if not path.exists():
            from segcli.files.fitted import write_fitted
            from segcli.fitting import LEARNERS

            images = [colored(), colored()[:, ::-1], disks()]
            truth = [(image.reshape(40, 60, -1)[:, :, 0] > 100).astype(np.int32) for image in images]
            write_fitted(path, LEARNERS[method](images, truth, **MODELS[method]))
        return ["--model", str(path)]
    return []


def made_again(segcli: Run, *words: object) -> str:
    """What rerun says, and that it is content."""
    done = segcli("rerun", *words)
    assert (done.code, done.err) == (0, ""), done.err
    return str(done.out)


@pytest.mark.parametrize("method", COMMANDS)
def test_every_method_is_made_again_byte_for_byte(segcli: Run, save: Save, here: Path, method: str) -> None:
    save("in/gray.png")
    save("in/color.png", colored())
    for name in ("gray", "color"):
        done = segcli(method, f"in/{name}.png", *hints(method, (60, 40), here), "-o", f"out/{name}.tif")
        assert done.code == 0, done.err
        assert "byte-identical" in made_again(segcli, f"out/{name}.tif", "--input", "in", "--look-in", ".")
        line = segcli("rerun", "--print", f"out/{name}.tif", "--input", "in").out
        first = Path(f"out/{name}.tif").read_bytes()
        Path(f"out/{name}.tif").unlink()
        assert segcli(*shlex.split(line)[1:]).code == 0, line
        assert Path(f"out/{name}.tif").read_bytes() == first


@pytest.mark.slow
@pytest.mark.parametrize("method", COMMANDS)
def test_every_method_on_every_sample_picture_is_made_again(segcli: Run, here: Path, method: str) -> None:
    from segcli.files.read import read_image

    refused = []
    for picture in PICTURES:
        size = read_image(picture).size
        done = segcli(method, picture, *hints(method, size, here), "-o", "out.tif", "--exists", "overwrite")
        if done.code:
            refused.append(f"{picture.name}: {done.err.strip()}")
            continue
        assert "byte-identical" in made_again(segcli, "out.tif", "--input", picture, "--look-in", here)
    assert refused == []


@pytest.mark.parametrize("kind", ["mask", "labels", "palette", "color", "overlay", "contours", "cutout"])
def test_every_kind_of_picture_is_made_again(segcli: Run, save: Save, kind: str) -> None:
    save("a.png", colored())
    for ending in (".png", ".tif", ".jpg"):
        if segcli("kmeans", "a.png", "--as", kind, "-o", f"out{ending}").code == 0:
            assert "byte-identical" in made_again(segcli, f"out{ending}")
            # Its format is what it holds, whatever it is called.
            renamed = Path(f"out{ending}").rename("renamed")
            assert "byte-identical" in made_again(segcli, renamed)
    assert Path("renamed").exists()


def test_scores_boxes_and_steps_are_made_again(segcli: Run, save: Save, disc_models: dict[str, Path]) -> None:
    save("a.png")
    assert segcli("predict", "a.png", "--model", disc_models["discs"], "--as", "scores", "-o", "s.npz").code == 0
    assert "byte-identical" in made_again(segcli, "s.npz", "--look-in", disc_models["discs"])
    assert segcli("selective-search", "a.png", "-o", "b.json").code == 0
    assert "byte-identical" in made_again(segcli, "b.json")
    assert segcli("otsu", "a.png", "-o", "c.png", "--steps", "steps").code == 0
    pictures = sorted(Path("steps/a").iterdir())
    assert made_again(segcli, *pictures).count("byte-identical") == len(pictures) > 3


@pytest.mark.parametrize(
    "options",
    [
        ["--channel", "g", "--blur", "1.5"],
        ["--nodata", "40"],
        ["--roi", "roi.png"],
        ["--smooth", "1", "--fill-holes", "--clear-border", "--min-size", "100"],
        ["--largest"],
    ],
    ids=lambda options: options[0],
)
def test_shared_options_are_remembered(segcli: Run, save: Save, options: Sequence[str]) -> None:
    save("a.png", colored())
    save("roi.png", np.repeat(np.array([[0, 255]], np.uint8), 30, axis=1).repeat(40, axis=0))
    assert segcli("otsu", "a.png", "-o", "out.png", *options).code == 0
    assert "byte-identical" in made_again(segcli, "out.png")
    first = Path("out.png").read_bytes()
    line = segcli("rerun", "--print", "out.png").out
    assert {word for word in options if word.startswith("--")} <= set(shlex.split(line))
    Path("out.png").unlink()
    assert segcli(*shlex.split(line)[1:]).code == 0
    assert Path("out.png").read_bytes() == first


def test_pages_and_transparency_are_remembered(segcli: Run) -> None:
    import tifffile

    tifffile.imwrite("pages.tif", np.stack([disks(), 255 - disks(), disks() // 2]), photometric="minisblack")
    assert segcli("otsu", "pages.tif", "--page", "all", "-o", "out").code == 0
    assert made_again(segcli, *sorted(Path("out").iterdir())).count("byte-identical") == 3
    assert "--page 2" in segcli("rerun", "--print", "out/pages.page2.otsu.png").out
    from segcli.opencv import cv2

    clear = np.dstack([colored(), np.where(np.arange(60) < 30, 255, 0)[None].repeat(40, 0)]).astype(np.uint8)
    assert cv2.imwrite("clear.png", clear)
    for choice in ("white", "keep", "mask"):
        assert segcli("otsu", "clear.png", "--alpha", choice, "-o", f"{choice}.png").code == 0
        assert "byte-identical" in made_again(segcli, f"{choice}.png")


def test_hints_are_found_by_their_contents(segcli: Run, save: Save, here: Path) -> None:
    save("a.png")
    strokes = np.zeros((40, 60), np.uint8)
    strokes[10:14, 10:14], strokes[35:, :20] = 1, 2
    save("hints/a.png", strokes)
    assert segcli("random-walker", "a.png", "--scribbles", "hints", "-o", "out.png").code == 0
    assert "byte-identical" in made_again(segcli, "out.png")
    (here / "hints/a.png").rename(here / "hints/moved.png")
    lost = segcli("rerun", "out.png")
    assert lost.code == 2
    assert "it needs the scribbles 'hints/a.png' with the SHA-256" in lost.err
    assert "byte-identical" in made_again(segcli, "out.png", "--look-in", "hints/moved.png")


def test_refined_masks_networks_and_recipes_are_made_again(
    segcli: Run, save: Save, here: Path, disc_models: dict[str, Path]
) -> None:
    save("a.png")
    assert segcli("otsu", "a.png", "-o", "rough.png").code == 0
    assert segcli("refine", "rough.png", "a.png", "--with", "graphcut", "--band", "3", "-o", "fine.png").code == 0
    model = ("--model", disc_models["borders"], "--instances", "--threshold", "0.4", "--min-size", "3")
    assert segcli("predict", "a.png", *model, "-o", "net.png").code == 0
    text = '[[steps]]\nuse = "median"\n[[steps]]\nuse = "predict"\nmodel = "m.safetensors"\n[[steps]]\nuse = "clean"\n'
    (here / "steps.toml").write_text(
        text + 'fill_holes = true\n[[steps]]\nuse = "refine"\nwith = "graphcut"\n', "utf-8"
    )
    (here / "m.safetensors").write_bytes(disc_models["discs"].read_bytes())
    assert segcli("run", "steps.toml", "a.png", "-o", "cooked.png").code == 0
    found = made_again(segcli, "fine.png", "net.png", "cooked.png", "--look-in", disc_models["borders"])
    assert found.count("byte-identical") == 3
    assert segcli("rerun", "--print", "cooked.png").out == "segcli run steps.toml a.png -o cooked.png\n"
    (here / "m.safetensors").unlink()
    gone = segcli("rerun", "cooked.png")
    assert gone.code == 2
    assert "it needs the model 'm.safetensors'" in gone.err


def test_cleaned_masks_are_made_again(segcli: Run, save: Save) -> None:
    save("a.png")
    assert segcli("otsu", "a.png", "-o", "rough.png").code == 0
    line = ("clean", "rough.png", "--opening", "1", "--filter", "area > 100", "--relabel", "--min-size", "3")
    assert segcli(*line, "-o", "clean.png").code == 0
    assert "byte-identical" in made_again(segcli, "clean.png")
    words = shlex.split(segcli("rerun", "--print", "clean.png").out)
    first = Path("clean.png").read_bytes()
    Path("clean.png").unlink()
    assert segcli(*words[1:]).code == 0
    assert Path("clean.png").read_bytes() == first
    assert "estimate: about" in segcli(*line, "--dry-run").err


def test_a_recipe_that_is_gone_is_printed_with_its_command(segcli: Run, save: Save, here: Path) -> None:
    save("a.png")
    (here / "two.toml").write_text('[[steps]]\nuse = "smooth"\n[[steps]]\nuse = "otsu"\n', "utf-8")
    assert segcli("run", "two.toml", "a.png", "-o", "out.png").code == 0
    (here / "two.toml").unlink()
    assert "byte-identical" in made_again(segcli, "out.png")
    script = segcli("rerun", "--print", "out.png").out
    assert script.startswith("cat > two.toml <<'END_OF_RECIPE'\n[[steps]]\n")
    assert script.endswith("END_OF_RECIPE\nsegcli run two.toml a.png -o out.png\n")
    (here / "two.toml").write_text('[[steps]]\nuse = "otsu"\n', "utf-8")
    assert "mkdir -p rerun\ncat > rerun/two.toml" in segcli("rerun", "--print", "out.png").out


def test_what_differs_is_counted_and_ends_with_1(segcli: Run, save: Save) -> None:
    from segcli.files.provenance import read_provenance, sealed
    from segcli.files.read import read_image
    from segcli.files.write import encode_array

    save("a.png")
    assert segcli("otsu", "a.png", "-o", "out.png").code == 0
    data = Path("out.png").read_bytes()
    record = {name: value for name, value in (read_provenance(data) or {}).items() if name != "untouched"}
    pixels = read_image(data).channels.copy()
    pixels[0, :7] = 255 - pixels[0, :7]
    Path("other.png").write_bytes(encode_array(pixels, ".png", {**record, "version": "0.0.9"}))
    done = segcli("rerun", "other.png")
    assert done.code == 1
    assert "differs in 7 of 2,400 pixels (segcli 0.0.9 made it, this is" in done.out
    row = json.loads(segcli("rerun", "other.png", "--json").out)
    assert (row["status"], row["changed"], row["pixels"], row["untouched"]) == ("differs", 7, 2400, True)
    Path("old.png").write_bytes(encode_array(read_image(data).channels, ".png", {**record, "version": "0.0.9"}))
    assert "byte-identical; segcli 0.0.9 made it" in made_again(segcli, "old.png")
    assert sealed(b"none", record) == b"none"
    Path("edited.png").write_bytes(data + b"\0")
    assert "differs in how it is written, in no pixel" in segcli("rerun", "edited.png").out


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        ({"method": "otsux"}, "cannot be done again"),
        ({"settings": {"classes": 99}}, "classes is 99"),
        ({"settings": 3}, "its record is damaged"),
        ({"preparation": {"none": 1}}, "its record is damaged"),
        ({"hints": {"markers": 3}}, "markers is not a knob of otsu"),
        ({"page": 7}, "page"),
        ({"sha256": 5}, "does not segment"),
        ({"recipe": [{"use": "otsux", "settings": {}}]}, "there is no step 'otsux'"),
    ],
)
def test_a_record_that_cannot_be_followed_is_exit_2_and_one_line(
    segcli: Run, save: Save, record: dict[str, Any], wanted: str
) -> None:
    from segcli.files.provenance import read_provenance
    from segcli.files.write import encode_array

    save("a.png")
    assert segcli("otsu", "a.png", "-o", "out.png").code == 0
    found = read_provenance(Path("out.png").read_bytes()) or {}
    found.pop("untouched")
    Path("bad.png").write_bytes(encode_array(np.zeros((40, 60), np.uint8), ".png", {**found, **record}))
    for words in ([], ["--print"]):
        done = segcli("rerun", "bad.png", *words)
        assert done.err.count("\n") <= 1
        assert done.code in ((2,) if not words else (0, 2))
        assert words or wanted in done.err


def test_what_is_missing_is_named(segcli: Run, save: Save, here: Path) -> None:
    save("in/a.png")
    save("plain.png")
    assert segcli("otsu", "in/a.png", "-o", "out.png").code == 0
    lost = segcli("rerun", "out.png")
    assert lost.code == 2
    assert "it needs the picture 'a.png' with the SHA-256" in lost.err
    save("a.png", disks() // 2)
    other = segcli("rerun", "out.png")
    assert "'./a.png' is another file" in other.err
    assert "byte-identical" in made_again(segcli, "out.png", "--input", "in")
    assert "carries no record" in segcli("rerun", "plain.png").err
    assert segcli("rerun", "none.png").code == 2
    assert "--input 'nowhere' does not exist" in segcli("rerun", "out.png", "--input", "nowhere").err
    np.save("x.npy", np.zeros((4, 4)))
    assert "NPY has no room" in segcli("rerun", "x.npy").err


def test_nothing_is_written_but_by_out(segcli: Run, save: Save, here: Path) -> None:
    save("a.png")
    assert segcli("otsu", "a.png", "-o", "out.png").code == 0
    before = sorted(here.iterdir())
    made_again(segcli, "out.png")
    assert sorted(here.iterdir()) == before
    assert segcli("rerun", "out.png", "-o", "out.png").code == 2
    made_again(segcli, "out.png", "-o", "copy.png")
    assert (here / "copy.png").read_bytes() == (here / "out.png").read_bytes()
    assert "exists; --exists overwrite" in segcli("rerun", "out.png", "-o", "copy.png").err
    made_again(segcli, "out.png", "copy.png", "-o", "more/")
    assert (here / "more/copy.png").exists()
    assert made_again(segcli, "out.png", "--quiet") == ""


def test_a_folder_stands_for_what_segcli_wrote_in_it(segcli: Run, save: Save) -> None:
    save("pictures/a.png")
    segcli("otsu", "pictures/a.png", "-o", "masks/", "--as", "mask", "--as", "overlay")
    Path("masks/notes.txt").write_text("mine")
    result = segcli("rerun", "masks", "--input", "pictures")
    assert (result.code, result.out.count("byte-identical")) == (0, 2)
    assert "with --input" in segcli("rerun", "masks").err
    assert "holds no file with a record" in segcli("rerun", "pictures").err
