"""Programs that people write by hand, and the command in their place: the same array, every image of it."""
import base64
import io
import json
import unittest

import numpy as np
from PIL import Image

from command import Case, load, rejects_of


def b64(data):
    return base64.b64encode(data).decode()


def png(array):
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return out.getvalue()


def pictures(count):
    return np.random.default_rng(7).integers(0, 256, (count, 8, 6, 3), np.uint8)


class Programs(Case):
    def test_raw_pixels_of_a_known_shape(self):
        """One record, one frame in base64; the shape is agreed elsewhere."""
        for dtype in ("uint8", "uint16", "float32"):
            with self.subTest(dtype=dtype):
                frames = (np.random.default_rng(1).random((300, 24, 32, 3)) * 250).astype(dtype)
                source = self.write("frames.ndjson",
                                    [{"id": i, "frame": b64(frame.tobytes())} for i, frame in enumerate(frames)])
                by_hand = [np.frombuffer(base64.b64decode(json.loads(line)["frame"]), dtype).reshape(24, 32, 3)
                           for line in source.read_text().splitlines()]
                out = self.dir / f"{dtype}.npy"
                self.run_ndpix(0, "convert", source, "-o", out, "--raw-shape", "24,32,3", "--raw-dtype", dtype)
                array = load(out)
                self.assertEqual(array.dtype, dtype)
                np.testing.assert_array_equal(array, np.stack(by_hand))

    def test_raw_pixels_of_another_length(self):
        """A frame that is cut, or a byte too long, is a reject and no frame of other pixels."""
        frames = pictures(20)
        data = [frame.tobytes() for frame in frames]
        data[3], data[7] = data[3][:-1], data[7] + b"\0"
        source = self.write("frames.ndjson", [{"frame": b64(one)} for one in data])
        self.run_ndpix(3, "convert", source, "-o", self.out, "--raw-shape", "8,6,3")
        np.testing.assert_array_equal(load(self.out), np.delete(frames, [3, 7], axis=0))
        self.assertEqual([reject["line"] for reject in rejects_of(self.out)], [4, 8])

    def test_chunks_written_are_all_there(self):
        """Rows in files of so many: none overwrites another, and the last, which is not full, is kept."""
        images = pictures(257)
        source = self.write("images.ndjson", [{"image": b64(png(image))} for image in images])
        for rows in (1, 100, 256, 257, 1000):
            with self.subTest(rows=rows):
                out = self.dir / f"by{rows}"
                self.run_ndpix(0, "convert", source, "-o", out, "--shard-rows", rows)
                files = [out / shard["file"] for shard in json.loads((out / "manifest.json").read_text())["shards"]]
                self.assertEqual(len(files), -(-257 // rows))
                np.testing.assert_array_equal(np.concatenate([load(file) for file in files]), images)


if __name__ == "__main__":
    unittest.main()
