"""Random animations against Pillow: every frame of GIF, APNG and WebP files made here. The seed is printed on failure."""
import base64
import io
import json
import random
import struct
import unittest
import zlib

import numpy as np
from PIL import Image

from command import Case, load

SEED, FILES = 4, 100


class Maker:
    """Files whose frames lie, are blended and are cleared in every way that their format has."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.palette = self.bytes(48)

    def bytes(self, count):
        return self.numbers.integers(0, 256, count, dtype=np.uint8).tobytes()

    def place(self, width, height, whole):
        """Width, height, left and top of a frame."""
        if self.random.random() < whole:
            return width, height, 0, 0
        w, h = self.random.randint(1, width), self.random.randint(1, height)
        return w, h, self.random.randint(0, width - w), self.random.randint(0, height - h)

    def picture(self, mode, width, height):
        a = self.numbers.integers(0, 256, (height, width, 4), dtype=np.uint8)
        alpha = self.numbers.random((height, width))
        a[alpha < 0.3, 3], a[alpha > 0.6, 3] = 0, 255
        if mode == "P":
            image = Image.fromarray(a[..., 0] % 16)
            image.putpalette(self.palette)
            return image
        if mode == "RGB":  # where it may be the transparency key
            a[alpha < 0.3] = (1, 2, 3, 255)
        return Image.fromarray(a).convert(mode)

    def gif(self):
        pick, chance = self.random.choice, self.random.random
        width, height = self.random.randint(1, 12), self.random.randint(1, 12)
        bits = pick([1, 2, 3])
        shared, keyed = chance() < 0.85, pick([0.0, 0.5, 1.0])
        file = b"GIF89a" + struct.pack("<HH", width, height)
        file += bytes([0x80 | bits - 1 if shared else 0, self.random.randrange(1 << bits), 0])
        file += self.bytes(3 << bits) if shared else b""
        for number in range(self.random.randint(2, 6)):
            key = chance() < keyed
            file += b"!\xf9\x04" + bytes([pick([0, 0, 1, 2, 2, 3]) << 2 | key, 0, 0, self.random.randrange(1 << bits), 0])
            w, h, x, y = self.place(width, height, 0.2 if number else 0.8)
            local = not shared or chance() < 0.3
            file += b"," + struct.pack("<HHHHB", x, y, w, h, (0x80 | bits - 1 if local else 0) | pick([0, 0, 0x40]))
            file += self.bytes(3 << bits) if local else b""
            file += lzw(self.numbers.integers(0, 1 << bits, w * h), max(2, bits))
        return file + b";"

    def apng(self):
        pick = self.random.choice
        mode, count = pick(["RGB", "RGBA", "L", "LA", "P"]), self.random.randint(2, 6)
        width, height = self.random.randint(1, 14), self.random.randint(1, 14)
        options = {"P": pick([{}, {"transparency": 0}, {"transparency": 5}]),
                   "RGB": pick([{}, {"transparency": (1, 2, 3)}, {"transparency": (0, 0, 0)}])}.get(mode, {})

        def still(w, h):
            out = io.BytesIO()
            bits = {"bits": 8} if mode == "P" else {}
            self.picture(mode, w, h).save(out, "PNG", **bits, **options)
            return list(chunks(out.getvalue()))

        sequence = iter(range(1 << 30))

        def control(w, h, x, y):
            ops = bytes([self.random.randrange(3), self.random.randrange(2)])
            return chunk(b"fcTL", struct.pack(">IIIIIHH", next(sequence), w, h, x, y, 1, 10) + ops)

        apart = self.random.random() < 0.3
        first = still(width, height)
        file = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in first if c[0] not in (b"IDAT", b"IEND"))
        file += chunk(b"acTL", struct.pack(">II", count - apart, 0))
        file += b"" if apart else control(width, height, 0, 0)
        file += b"".join(chunk(*c) for c in first if c[0] == b"IDAT")
        for _ in range(count - 1):
            w, h, x, y = self.place(width, height, 0.2)
            file += control(w, h, x, y)
            data = b"".join(d for kind, d in still(w, h) if kind == b"IDAT")
            cut = self.random.randint(1, len(data) - 1)
            for part in (data[:cut], data[cut:]):
                file += chunk(b"fdAT", struct.pack(">I", next(sequence)) + part)
        return file + chunk(b"IEND", b"")

    def webp(self):
        pick, mode = self.random.choice, self.random.choice(["RGB", "RGBA"])
        width, height = self.random.randint(4, 30), self.random.randint(4, 30)
        frames = [self.picture(mode, width, height)]
        for _ in range(self.random.randint(1, 4)):
            w, h, x, y = self.place(width, height, 0.1)
            frames.append(frames[-1].copy())
            frames[-1].paste(self.picture(mode, w, h), (x, y))
        out = io.BytesIO()
        frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=pick([True, False]),
                       minimize_size=pick([True, False]), kmin=0, kmax=pick([0, 3, 9]), quality=self.random.randint(1, 100))
        return out.getvalue()


def lzw(indices, size):
    """Indices as GIF data without compression: the codes are cleared before each."""
    codes = [code for i in indices for code in (1 << size, int(i))] + [(1 << size) + 1]
    bits = sum(code << n * (size + 1) for n, code in enumerate(codes))
    data = bits.to_bytes((len(codes) * (size + 1) + 7) // 8, "little")
    blocks = [data[i:i + 255] for i in range(0, len(data), 255)]
    return bytes([size]) + b"".join(bytes([len(b)]) + b for b in blocks) + b"\0"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def chunks(file):
    at = 8
    while at < len(file):
        length, = struct.unpack(">I", file[at:at + 4])
        yield file[at + 4:at + 8], file[at + 8:at + 8 + length]
        at += 12 + length


def shown(file, frame):
    """From a fresh file: frames loaded before change what Pillow puts back."""
    image = Image.open(io.BytesIO(file))
    image.seek(frame)
    return np.asarray(image.convert("RGBA"))


class Frames(Case):
    def check(self, name):
        maker = Maker(SEED)
        tried = 0
        for number in range(FILES):
            file = getattr(maker, name)()
            count = Image.open(io.BytesIO(file)).n_frames
            if count == 1:  # of frames that are all alike WebP keeps one
                continue
            tried += 1
            source, out = self.dir / f"{number}.ndjson", self.dir / f"{number}.npy"
            source.write_text(json.dumps({"image": base64.b64encode(file).decode()}) + "\n")
            self.run_ndpix(0, "convert", source, "-o", out, "--frames", "all", "--mode", "RGBA", "--threads", 1)
            want = np.stack([shown(file, n) for n in range(count)])
            self.assertTrue(np.array_equal(load(out)[0], want), f"{name} {number} of seed {SEED} differs from Pillow")
        self.assertGreater(tried, FILES * 0.8)

    def test_gif(self):
        self.check("gif")

    def test_apng(self):
        self.check("apng")

    def test_webp(self):
        self.check("webp")


if __name__ == "__main__":
    unittest.main()
