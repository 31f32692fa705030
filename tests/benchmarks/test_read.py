"""Speed of the reader against the bare decoders, on the same bytes. Run: pytest tests/benchmarks/test_read.py -s"""

import io
import time

import cv2
import numpy as np
import tifffile

from segcli.files.read import read_image

GENERATOR = np.random.default_rng(0)
SIDE = 1024


def photograph():
    small = GENERATOR.integers(0, 256, (SIDE // 10, SIDE // 10, 3), dtype=np.uint8)
    large = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.clip(large + GENERATOR.normal(0, 6, large.shape), 0, 255).astype(np.uint8)


def ratio(name, ours, bare, rounds):
    """Smallest times of interleaved runs."""
    times = ([], [])
    for _ in range(rounds):
        for found, run in zip(times, (ours, bare), strict=True):
            start = time.perf_counter()
            run()
            found.append(time.perf_counter() - start)
    mine, peer = min(times[0]), min(times[1])
    print(f"{name:40} segcli {mine * 1e3:7.2f} ms  bare {peer * 1e3:7.2f} ms  ratio {mine / peer:.3f}")
    return mine / peer


def test_reading_costs_little_over_the_bare_decoder():
    picture = photograph()
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    raw = np.frombuffer(jpeg, np.uint8)

    def gray():
        image = read_image(jpeg)
        return image.gray, image.digest

    print()
    found = ratio("JPEG to gray, hash and checks", gray, lambda: cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE), 300)
    ratio("JPEG to color", lambda: read_image(jpeg).color, lambda: cv2.imdecode(raw, cv2.IMREAD_COLOR), 100)
    for name, values in (("PNG gray", picture[:, :, 0]), ("PNG color", picture)):
        data = cv2.imencode(".png", values)[1].tobytes()
        array = np.frombuffer(data, np.uint8)
        ratio(name, lambda data=data: read_image(data).native, lambda array=array: cv2.imdecode(array, -1), 20)
    for compression in (None, "lzw", "zlib"):
        stream = io.BytesIO()
        tifffile.imwrite(stream, picture, photometric="rgb", compression=compression)
        data = stream.getvalue()
        name = f"TIFF {compression or 'plain'} against tifffile"
        ratio(name, lambda d=data: read_image(d).native, lambda d=data: tifffile.imread(io.BytesIO(d)), 20)
    assert found <= 1.15
