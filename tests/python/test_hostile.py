"""Small files that claim to be large: they cost what they weigh, or are truly that large and obey `memory`."""
import base64
import io
import json
import os
import struct
import subprocess
import unittest
import zlib

from PIL import Image

from command import NDPIX, Case, figure

# Just under max_pixels.
SIDE = 13_000
SIDES = struct.pack("<HH", SIDE, SIDE)
WIDE = struct.pack("<II", SIDE, SIDE)
MIB = 1 << 20


def saved(kind, size=64, mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, (size, size)).save(out, kind, **options)
    return bytearray(out.getvalue())


def bmp(bits, compression, pixels):
    head = struct.pack("<2sIHHIIiiHHI20x", b"BM", 0, 0, 0, 54 + 1024 * (bits == 8), 40, SIDE, SIDE, 1, bits, compression)
    return head + bytes(1024 * (bits == 8)) + pixels


def gif(screen, frame, count=1):
    data = b"," + bytes(4) + frame + b"\0" + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + screen + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + data * count + b";"


def jpeg(marker, **options):
    file = saved("JPEG", **options)
    at = file.index(marker) + 5
    file[at : at + 4] = struct.pack(">HH", SIDE, SIDE)
    return bytes(file)


def png(depth, color, pixels):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", SIDE, SIDE, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")


def tiff(compression):
    file = saved("TIFF", compression=compression)
    for tag in 256, 257, 278:
        at = file.find(struct.pack("<HHI", tag, 4, 1))
        at = at if at >= 0 else file.index(struct.pack("<HHI", tag, 3, 1))
        file[at + 2 : at + 12] = struct.pack("<HII", 4, 1, SIDE)
    return bytes(file)


# What the bytes cannot hold.
EMPTY = {
    "bmp": bmp(24, 0, b"abcd"),
    "gif": gif(SIDES, SIDES),
    "jpeg": jpeg(b"\xff\xc0"),
    "jpeg-progressive": jpeg(b"\xff\xc2", progressive=True),
    "png": png(8, 2, b"\0" * 100),
    "png-deflated": png(8, 2, b"\0" * 25_000_000),
    "pnm": b"P6 %d %d 255\nabc" % (SIDE, SIDE),
    "pnm-text": b"P3 %d %d 255\n1 2 3" % (SIDE, SIDE),
    "qoi": b"qoif" + struct.pack(">II", SIDE, SIDE) + b"\x03\x00" + b"\xfd" * 50,
    "tga": bytes([0, 0, 2]) + bytes(9) + SIDES + bytes([24, 0]) + b"abc",
    "tga-runs": bytes([0, 0, 10]) + bytes(9) + SIDES + bytes([24, 0]) + b"\xffabc",
    "tiff": tiff(None),
    "tiff-deflate": tiff("tiff_deflate"),
    "tiff-lzw": tiff("tiff_lzw"),
    "tiff-packbits": tiff("packbits"),
}
# What a few bytes may truly be.
LARGE = {
    "bmp-runs": bmp(8, 1, b"\0\1"),
    "gif-canvas": gif(SIDES, struct.pack("<HH", 1, 1)),
    "webp": bytes(saved("WEBP", SIDE, "L", lossless=True)),
}


class Hostile(Case):
    def run_with(self, file, *args, shape="9,9"):
        """Exit code, CPU seconds, the most bytes held, and what was said."""
        source = self.write("in.ndjson", [{"image": base64.b64encode(file).decode()}] * 2)
        args = [NDPIX, "convert", source, "-o", self.out, "--if-exists", "replace", "--field", "image", "--mixed",
                "--threads", "1", "--summary", self.dir / "summary.json", "--shape", shape, "--dtype", "uint8", *args]
        run = subprocess.Popen([str(arg) for arg in args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = run.stderr.read()
        run.stderr.close()
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        peak = json.loads((self.dir / "summary.json").read_bytes())["peak_memory"]
        return run.returncode, usage.ru_utime + usage.ru_stime, peak, said

    def setUp(self):
        super().setUp()
        self.base = self.run_with(b"")[2]

    def test_claims_cost_what_they_weigh(self):
        most = [0, 0]
        for name, file in EMPTY.items():
            with self.subTest(name):
                code, seconds, peak, said = self.run_with(file)
                most = [max(most[0], seconds), max(most[1], peak - self.base)]
                self.assertEqual(code, 4, said)
                self.assertLess(seconds, 0.2)
                self.assertLess(peak - self.base, 100 * MIB)
        figure(what="small files that claim 13,000 x 13,000 pixels", runs=len(EMPTY),
               result=f"refused; at most {most[0]:.3f} CPU s and {most[1] / MIB:.1f} MiB more than an empty one")

    def test_what_is_that_large_obeys_memory(self):
        for name, file in LARGE.items():
            with self.subTest(name):
                code, seconds, peak, said = self.run_with(file, "--mode", "L", "--memory", "64M", shape=f"{SIDE},{SIDE}")
                self.assertEqual(code, 4, said)
                self.assertIn(b"over memory", said)
                self.assertLess(seconds, 0.2)
                self.assertLess(peak - self.base, 100 * MIB)

    def test_a_late_frame_of_many(self):
        file = gif(struct.pack("<HH", 4000, 4000), struct.pack("<HH", 1, 1), 20_000)
        source = self.write("in.ndjson", [{"image": base64.b64encode(file).decode()}])
        run = subprocess.Popen([NDPIX, "convert", str(source), "-o", str(self.out), "--frames", "index:19999"],
                               stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(run.returncode, 0)
        self.assertLess(usage.ru_utime + usage.ru_stime, 2)

    def test_a_record_obeys_memory_before_it_is_read(self):
        source = self.dir / "in.ndjson"
        with open(source, "wb") as file:
            file.write(b'{"image":"')
            for _ in range(300):
                file.write(base64.b64encode(bytes(3 << 18)))
            file.write(b'"}\n')
        args = ["convert", source, "-o", self.out, "--field", "image", "--encoding", "raw", "--raw-shape", "15000,15000",
                "--dtype", "uint8", "--shape", "15000,15000", "--max-pixels", "300000000", "--memory", "64M",
                "--summary", self.dir / "summary.json"]
        self.run_ndpix(4, *args)
        peak = json.loads((self.dir / "summary.json").read_bytes())["peak_memory"]
        self.assertLess(peak, 100 * MIB)
        figure(what="a record of 300 MiB under `--memory 64M`", runs=1, result=f"a reject; peak {peak / MIB:.0f} MiB")


if __name__ == "__main__":
    unittest.main()
