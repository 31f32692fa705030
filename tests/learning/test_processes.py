"""Two processes that share each batch learn what one does."""

import os
import socket
import subprocess
import sys

import numpy as np

from segcli.files.fitted import read_fitted
from segcli.files.write import encode_array

# A network without batch normalization, whose statistics each process would take of its own windows.
QUICK = (
    *("--model", "full_resolution_fcn", "--width", "0.1", "--crop", "32", "--batch", "4", "--steps-per-epoch", "4"),
    *("--epochs", "2", "--rate", "0.02", "--optimizer", "sgd", "--augment", "none", "--loss", "ce", "--device", "cpu"),
)


def discs(folder):
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number in range(8):
        random = np.random.default_rng(number)
        rows, columns = np.ogrid[:32, :32]
        mask = (rows - random.integers(10, 22)) ** 2 + (columns - random.integers(10, 22)) ** 2 < 60
        image = np.clip(60 + 100 * mask + random.normal(0, 8, mask.shape), 0, 255).astype(np.uint8)
        (folder / "images" / f"{number}.png").write_bytes(encode_array(image, ".png", {}))
        (folder / "masks" / f"{number}.png").write_bytes(encode_array(mask.astype(np.uint8) * 255, ".png", {}))
    return folder


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return str(door.getsockname()[1])


def test_two_processes_give_the_weights_of_one(tmp_path):
    data = discs(tmp_path / "data")
    command = [sys.executable, "-m", "segcli", "train", str(data), *QUICK]
    subprocess.run([*command, "-o", str(tmp_path / "one")], check=True, capture_output=True, timeout=120)
    # What torchrun sets for each process; it would listen on every interface.
    shared = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    running = [
        subprocess.Popen(
            [*command, "-o", str(tmp_path / "two")],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank), "GLOO_SOCKET_IFNAME": "lo"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=180) for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert said[1][0] == ""
    one, two = (read_fitted(tmp_path / name / "last.safetensors").arrays for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name in one.keys() - {"training/progress"}:
        np.testing.assert_allclose(two[name], one[name], atol=1e-5, err_msg=name)
