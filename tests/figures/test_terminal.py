import re

import numpy as np
import pytest

from segcli.figures.terminal import SHADES, half_blocks, terminal_color

CODE = re.compile(r"\x1b\[([0-9;]*)m")


def decoded(text: str) -> np.ndarray:
    """Read half blocks in 24-bit color back into pixels, as a terminal would; -1 where there is no color."""
    rows = []
    for line in text.split("\n"):
        pair = [(-1, -1, -1), (-1, -1, -1)]
        cells = []
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            code = CODE.fullmatch(part)
            if code:
                numbers = [int(number) for number in code[1].split(";")]
                while numbers and numbers[0] in (38, 48):
                    assert numbers[1] == 2
                    pair[numbers[0] == 48] = tuple(numbers[2:5])
                    numbers = numbers[5:]
            cells += [tuple(pair)] * part.count("\u2580")
        rows += [[cell[0] for cell in cells], [cell[1] for cell in cells]]
    return np.array(rows)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor"),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, "truecolor"),
        ({"TERM": "xterm-direct"}, "truecolor"),
        ({"WT_SESSION": "1"}, "truecolor"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "screen"}, "256"),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, "none"),
        ({"TERM": "xterm", "COLORTERM": "truecolor", "NO_COLOR": "1"}, "none"),
        ({"TERM": "xterm", "NO_COLOR": ""}, "256"),
        ({}, "none"),
    ],
)
def test_the_environment_says_how_many_colors_there_are(environ, expected):
    assert terminal_color(environ) == expected


def test_each_cell_shows_the_upper_pixel_as_letter_and_the_lower_as_ground():
    picture = np.array([[[255, 0, 0]], [[0, 0, 255]]], np.uint8)
    text = half_blocks(picture, 10, color="truecolor")
    assert text == "\x1b[38;2;255;0;0;48;2;0;0;255m\u2580\x1b[0m"


def test_a_small_picture_can_be_read_back_pixel_by_pixel():
    picture = np.random.default_rng(0).integers(0, 3, (6, 9, 3)).astype(np.uint8) * 100
    assert np.array_equal(decoded(half_blocks(picture, 80, color="truecolor")), picture)


def test_an_odd_last_row_leaves_the_ground_alone():
    picture = np.full((3, 2, 3), 7, np.uint8)
    read = decoded(half_blocks(picture, 80, color="truecolor"))
    assert np.array_equal(read[:3], picture)
    assert (read[3] == -1).all()


def test_colors_are_named_only_where_they_change():
    assert half_blocks(np.full((2, 50, 3), 9, np.uint8), 80, color="truecolor").count("\x1b") == 2


def test_the_shape_is_kept_with_two_pixels_to_a_cell():
    # 400 x 200 in 40 columns: 20 pixels high, so 10 lines.
    lines = half_blocks(np.zeros((200, 400, 3), np.uint8), 40, color="none").split("\n")
    assert [len(line) for line in lines] == [40] * 10


def test_a_tall_picture_is_kept_within_the_lines():
    # 1000 high in 10 lines of two pixels: scale 1/50, so 100 / 50 = 2 columns.
    lines = half_blocks(np.zeros((1000, 100, 3), np.uint8), 80, color="none", rows=10).split("\n")
    assert [len(line) for line in lines] == [2] * 10


def test_small_pictures_are_not_enlarged():
    assert half_blocks(np.zeros((2, 3, 3), np.uint8), 80, color="none") == "   "


@pytest.mark.parametrize("color", ["truecolor", "256", "none"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1)])
def test_odd_shapes_fit(color, shape):
    text = half_blocks(np.zeros((*shape, 3), np.uint8), 20, color=color, rows=5)
    lines = CODE.sub("", text).split("\n")
    assert len(lines) <= 5
    assert max(map(len, lines)) <= 20


@pytest.mark.parametrize(
    ("pixel", "number"),
    # 16 + 36 r + 6 g + b: pure red 16 + 36 * 5 = 196; (95, 135, 175) is 16 + 36 + 12 + 3 = 67; (128, 128, 128) is
    # the gray 8 + 10 * 12, number 232 + 12 = 244; white is in the cube, 16 + 215 = 231.
    [((255, 0, 0), 196), ((95, 135, 175), 67), ((128, 128, 128), 244), ((255, 255, 255), 231), ((0, 0, 0), 16)],
)
def test_256_colors_are_the_nearest(pixel, number):
    text = half_blocks(np.full((2, 1, 3), pixel, np.uint8), 5, color="256")
    assert text == f"\x1b[38;5;{number};48;5;{number}m\u2580\x1b[0m"


def test_without_color_there_are_no_escape_codes_and_lighter_pixels_get_denser_letters():
    ramp = np.repeat(np.linspace(0, 255, 40).astype(np.uint8)[None, :, None], 3, axis=2)
    text = half_blocks(np.repeat(ramp, 2, axis=0), 80, color="none")
    assert text.isascii()
    assert "\x1b" not in text
    order = [SHADES.index(letter) for letter in text]
    assert order == sorted(order)
    assert (order[0], order[-1]) == (0, len(SHADES) - 1)
