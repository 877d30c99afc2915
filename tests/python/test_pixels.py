"""Pixel options through the command: what is refused, what is said, what inspect suggests."""
import base64
import io
import json
import shlex
import sys
import unittest

import numpy as np
from PIL import Image

from command import ROOT, Case, load, rejects_of


def record(height, width, mode="RGB", orientation=None, array=None):
    image = Image.fromarray(array) if array is not None else Image.effect_noise((width, height), 60).convert(mode)
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    out = io.BytesIO()
    image.save(out, "PNG", exif=exif.tobytes())
    return {"image": base64.b64encode(out.getvalue()).decode()}


class Refused(Case):
    def test_before_the_run_with_the_remedy(self):
        source = self.write("in.ndjson", [record(8, 12)])
        for flags, remedy in [
            ("--size 640x480", "height,width"),
            ("--size 0", "between 1 and"),
            ("--size 5,0", "between 1 and"),
            ("--size 9999999", "between 1 and"),
            ("--size 60000,60000", "max_pixels"),
            ("--size 8 --fit contain", "pad"),
            ("--fit crop", "pass size"),
            ("--size 8", "fit stretch"),
            ("--mode P --size 8,12 --resample bilinear", "nearest"),
            ("--mode P --normalize imagenet", "leave them out"),
            ("--mode CMYK", "RGBA"),
            ("--background white", "mode"),
            ("--background #12 --mode RGB", "#rrggbb"),
            ("--normalize imagenet --dtype uint8", "float32"),
            ("--scale unit --dtype uint8", "float32"),
            ("--scale full", "dtype"),
            ("--normalize 0.5/0", "over 0"),
            ("--normalize 1,2/1,1", "2 means for 3 channels"),
            ("--resample cubic", "bicubic"),
            ("--layout nchw", "chw"),
            ("--frames two", "index:N"),
            ("--size 8 --fit pad --pad-value 256", "pad_value"),
            ("--dtype bool", "bool"),
        ]:
            with self.subTest(flags=flags):
                done = self.run_ndpix(2, "convert", source, "-o", self.out, *shlex.split(flags))
                self.assertIn(remedy, done.stderr.decode())
                self.assertFalse(self.out.exists())

    def test_memory_is_looked_at_before_it_is_taken(self):
        source = self.write("in.ndjson", [record(8, 12), record(8, 12)])
        self.run_ndpix(4, "convert", source, "-o", self.out, "--size", "10000,15000", "--memory", "64M")
        self.assertEqual({r["kind"] for r in rejects_of(self.out)}, {"limit"})

    def test_other_aspects_are_listed(self):
        source = self.write("in.ndjson", [record(8, 12), record(8, 12), record(12, 8)])
        done = self.run_ndpix(2, "convert", source, "-o", self.out, "--size", "8,12")
        self.assertIn(b"1 of 3 images", done.stderr)
        self.assertIn(b"12,8: 1", done.stderr)
        self.run_ndpix(0, "convert", source, "-o", self.out, "--size", "8,12", "--fit", "pad")


class Said(Case):
    def test_before_the_work_and_in_the_summary(self):
        source = self.write("in.ndjson", [record(8, 12, "RGBA"), record(8, 12, orientation=3)])
        summary = self.dir / "summary.json"
        done = self.run_ndpix(0, "convert", source, "-o", self.out, "--mode", "RGB", "--summary", summary)
        said = done.stderr.decode()
        self.assertIn("1 of 2 images in the sample have alpha, which is dropped", said)
        self.assertIn("1 of 2 images in the sample carry an orientation, which is not applied", said)
        self.assertIn("alpha of 1 images was dropped", said)
        self.run_ndpix(0, "convert", source, "-o", self.out, "--if-exists", "replace", "--summary", summary,
                       "--exif-transpose", "--size", "4,6", "--resample", "lanczos", "--scale", "unit")
        told = json.loads(summary.read_text())
        self.assertEqual((told["oriented"], told["alpha"]), (1, 1))
        self.assertEqual(told["steps"], ["1 images were turned upright", "images are resized to 4,6 by lanczos", "samples are scaled by unit"])

    def test_means_for_0_to_1_on_integers(self):
        source = self.write("in.ndjson", [record(8, 12)])
        run = lambda *flags: self.run_ndpix(0, "convert", source, "-o", self.out, "--if-exists", "replace", *flags).stderr
        said = b"is applied to 0..255; pass scale unit"
        self.assertIn(said, run("--normalize", "0.5/0.5"))
        self.assertNotIn(said, run("--normalize", "0.5/0.5", "--scale", "unit"))
        self.assertNotIn(said, run("--normalize", "127.5/127.5"))
        self.assertNotIn(said, run("--normalize", "imagenet"))

    def test_means_are_for_one_range(self):
        deep = record(8, 12, array=np.full((8, 12), 60000, np.uint16))
        source = self.write("in.ndjson", [record(8, 12, "L"), deep])
        done = self.run_ndpix(2, "convert", source, "-o", self.out, "--normalize", "100/50")
        self.assertIn(b"uint16: 1; uint8: 1", done.stderr)
        self.assertIn(b"scale unit", done.stderr)
        self.run_ndpix(0, "convert", source, "-o", self.out, "--normalize", "0.5/0.5", "--scale", "unit")
        self.run_ndpix(0, "convert", source, "-o", self.out, "--if-exists", "replace", "--normalize", "100/50", "--dtype", "float32")
        late = self.write("late.ndjson", [record(8, 12, "L")] * 64 + [deep])
        self.run_ndpix(3, "convert", late, "-o", self.out, "--if-exists", "replace", "--normalize", "100/50")
        self.assertEqual([(r["line"], r["kind"]) for r in rejects_of(self.out)], [(65, "shape")])

    def test_premultiplied_alpha(self):
        sys.path.insert(0, str(ROOT / "testdata"))
        from make_pixels import tiff
        array = np.full((8, 12, 4), 100, np.uint8)
        source = self.write("in.ndjson", [{"image": base64.b64encode(tiff(array, 2, alpha=1)).decode()}])
        said = self.run_ndpix(0, "convert", source, "-o", self.out).stderr
        self.assertIn(b"1 of 1 images in the sample store colours multiplied with alpha, which are kept; pass mode", said)
        self.assertIn(b"1 image stores colours multiplied with alpha, which are kept so", said)
        summary = self.dir / "summary.json"
        self.run_ndpix(0, "convert", source, "-o", self.out, "--if-exists", "replace", "--mode", "RGB", "--summary", summary)
        told = json.loads(summary.read_text())
        self.assertEqual((told["premultiplied"], told["steps"]), (1, [
            "1 images were un-multiplied from their alpha", "alpha of 1 images was dropped", "images are made RGB"]))
        self.assertEqual(load(self.out).max(), 255)

    def test_threads_change_nothing(self):
        rng = np.random.default_rng(4)
        source = self.write("in.ndjson", [
            record(0, 0, array=rng.integers(0, 256, (*rng.integers(1, 90, 2), 3), dtype=np.uint8)) for _ in range(200)])
        flags = ["--size", "33,31", "--fit", "crop", "--resample", "bicubic", "--normalize", "imagenet", "--layout", "chw"]
        outs = []
        for threads in (1, 3):
            outs.append(self.dir / f"{threads}.npy")
            self.run_ndpix(0, "convert", source, "-o", outs[-1], "--threads", threads, *flags)
        self.assertEqual(load(outs[0]).shape, (200, 3, 33, 31))
        self.assertEqual(outs[0].read_bytes(), outs[1].read_bytes())


class Arrays(Case):
    def raw(self, array, **more):
        return {"image": base64.b64encode(array.tobytes()).decode(), "shape": list(array.shape), "dtype": array.dtype.name, **more}

    def test_any_dtype_is_resized(self):
        for dtype in ("int8", "int16", "uint32", "int64", "float16", "float64"):
            a = (np.arange(48).reshape(6, 8) - (20 if dtype[0] in "if" else 0)).astype(dtype)
            source = self.write("in.ndjson", [self.raw(a)])
            with self.subTest(dtype=dtype):
                self.run_ndpix(0, "convert", source, "-o", self.out, "--if-exists", "replace", "--field", "image",
                               "--encoding", "raw", "--size", "3,4", "--resample", "box")
                got = load(self.out)[0]
                mean = a.astype("f8").reshape(3, 2, 4, 2).mean((1, 3))
                self.assertEqual(got.dtype, a.dtype)
                np.testing.assert_allclose(got, mean, atol=0 if dtype[0] == "f" else 1.0)

    def test_lists_say_their_range(self):
        source = self.write("in.ndjson", [{"image": [[0, 255], [51, 102]]}] * 2)
        done = self.run_ndpix(2, "convert", source, "--field", "image", "-o", self.out, "--scale", "unit")
        self.assertIn(b"raw_dtype", done.stderr)
        self.run_ndpix(2, "convert", source, "--field", "image", "-o", self.out, "--scale", "unit", "--dtype", "float32")
        self.run_ndpix(0, "convert", source, "--field", "image", "-o", self.out, "--scale", "unit", "--raw-dtype", "uint8")
        np.testing.assert_array_equal(load(self.out)[0], (np.array([[0, 255], [51, 102]], "u1") / np.float32(255)))


    def test_gray_images_take_part_in_imagenet(self):
        source = self.write("in.ndjson", [record(8, 12, "L"), record(8, 12, "RGBA")])
        done = self.run_ndpix(0, "convert", source, "-o", self.out, "--normalize", "imagenet")
        self.assertIn(b"alpha, which is dropped", done.stderr)
        self.assertEqual((load(self.out).shape, load(self.out).dtype), ((2, 8, 12, 3), np.float32))


class Suggested(Case):
    def test_the_suggested_command_fits(self):
        deep = (np.arange(12 * 8).reshape(12, 8) * 600).astype(np.uint16)
        source = self.write("in.ndjson", [record(8, 12), record(8, 12, "RGBA"), record(12, 8, orientation=6), record(12, 8, array=deep)])
        done = self.run_ndpix(2, "inspect", source, "--json")
        told = json.loads(done.stdout)
        self.assertIn("differ in shape and dtype", told["problem"])
        self.assertEqual(told["aspects"], {"2:3": 2, "3:2": 2})
        self.assertEqual((told["orientations"], told["alpha"]), ({"1": 3, "6": 1}, 1))
        command = told["command"]
        for flag in ("--size", "--fit", "--dtype", "--scale"):
            self.assertIn(flag, command)
        command[command.index("-o") + 1] = str(self.out)
        self.run_ndpix(0, *command[1:])
        self.assertEqual(load(self.out).dtype, np.uint16)
        self.assertEqual(told["choices"][0]["bytes"], load(self.out).nbytes)

    def test_flags_that_were_given_are_repeated(self):
        source = self.write("in.ndjson", [record(8, 12)])
        told = json.loads(self.run_ndpix(0, "inspect", source, "--json", "--size", "4,6", "--resample", "box").stdout)
        self.assertEqual(told["shape"], "(4, 6, 3)")
        self.assertIn("--resample box", told["command_line"])
        text = self.run_ndpix(0, "inspect", source).stdout.decode()
        self.assertIn("--size 224,224 --fit crop", text)


if __name__ == "__main__":
    unittest.main()
