"""Compares DICOM and FITS with pydicom and Astropy, on files made here and on those of pydicom's own tests."""
import glob
import io
import logging
import os
import sys
import tempfile
import warnings

import numpy as np

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import astropy.io.fits as fits
import imagecodecs
import pydicom
from pydicom.pixels import pixel_array
from pydicom.uid import UID

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../testdata"))
from formats_dicom import dicom, fits_of, grouped, nested, rescaled, rle, smooth

from reading import read_frames as read

rng = np.random.default_rng(5)


def noise(shape, dtype, bits=None):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.normal(size=shape).astype(dtype)
    bits = bits or dtype.itemsize * 8
    if dtype.kind == "i":
        return rng.integers(-(1 << bits - 1), (1 << bits - 1) - 1, shape, dtype, endpoint=True)
    return rng.integers(0, (1 << bits) - 1, shape, dtype, endpoint=True)


def dicom_files():
    """(kind, bytes, reference): the array, or None for what pydicom gives."""
    for syntax in ["implicit", "explicit", "big", "deflated"]:
        for dtype in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]:
            for shape in [(1, 1), (5, 7)]:
                yield f"native {syntax}", dicom(noise(shape, dtype), syntax), None
        for dtype in ["u1", "u2"]:
            for planar in [0, 1]:
                yield f"native {syntax}", dicom(noise((5, 3, 3), dtype), syntax, planar=planar), None
                yield f"native {syntax}", dicom(noise((3, 5, 3, 3), dtype), syntax, frames=3, planar=planar), None
        for dtype in ["u2", "i2", "u1", "i4"]:
            full = np.dtype(dtype).itemsize * 8
            for bits in [1, full - 4, full - 1]:
                yield f"bits stored < allocated, {syntax}", dicom(noise((9, 5), dtype), syntax, bits=bits), None
        for frames, shape in [(1, (5, 7)), (3, (3, 5, 7)), (4, (4, 8, 8)), (1, (1, 1))]:
            yield f"single bits {syntax}", dicom(noise(shape, "u1", 1), syntax, frames, 1, allocated=1), None
        yield f"sequences {syntax}", dicom(noise((4, 6), "u2"), syntax, more=nested), None
        for undefined in [False, True]:
            yield f"rescale {syntax}", dicom(noise((3, 4, 6), "u2"), syntax, 3, more=grouped(False, undefined)), None
            yield f"rescale {syntax}", dicom(noise((3, 4, 6), "u2"), syntax, 3, more=grouped(True, undefined)), None
        yield f"rescale {syntax}", dicom(noise((4, 6), "i2"), syntax, more=rescaled("1.5", "-1024")), None
        yield f"rescale {syntax}", dicom(noise((4, 6), "i2"), syntax, more=rescaled("1", "0.0")), None
    for pi in ["MONOCHROME1", "PALETTE COLOR"]:
        yield pi, dicom(noise((4, 6), "u1"), "explicit", pi=pi), None
    every = np.stack(np.meshgrid(np.arange(256), np.arange(0, 256, 3), np.arange(0, 256, 5)), -1).reshape(256, -1, 3)
    yield "YBR_FULL native", dicom(every.astype("u1"), "explicit", pi="YBR_FULL"), None
    for planar in [0, 1]:
        yield "YBR_FULL native", dicom(noise((5, 6, 3), "u1"), "implicit", pi="YBR_FULL", planar=planar), None
    yield "YBR_FULL_422 native", dicom(noise((5, 6, 3), "u1"), "explicit", pi="YBR_FULL_422"), None
    yield "YBR_FULL_422 native", dicom(noise((3, 5, 6, 3), "u1"), "explicit", frames=3, pi="YBR_FULL_422"), None

    for dtype in ["u1", "i1", "u2", "i2", "u4", "i4"]:
        for shape in [(1, 1), (5, 7), (64, 63)]:
            a = smooth(shape, 100).astype(dtype)
            yield "RLE", dicom(a, "rle", coded=[rle(a)]), None
    for dtype in ["u1", "u2"]:
        a = noise((7, 9, 3), dtype)
        yield "RLE", dicom(a, "rle", coded=[rle(a)]), None
        a = noise((3, 7, 9, 3), dtype)
        for bot in [True, False]:
            yield "RLE", dicom(a, "rle", 3, coded=[rle(f) for f in a], bot=bot), None
        yield "RLE", dicom(a, "rle", 3, coded=[rle(f) for f in a], extended=True), None
    a = noise((7, 9, 3), "u1")
    yield "RLE", dicom(a, "rle", coded=[rle(a)], pi="YBR_FULL"), None
    a = noise((7, 9), "u2")
    yield "RLE", dicom(a, "rle", coded=[rle(a)], bits=12), None

    def jpg(a, **more):
        return imagecodecs.jpeg8_encode(a, level=90, **more)

    for shape in [(1, 1), (8, 8), (37, 43), (16, 61)]:
        a = smooth(shape).astype("u1")
        yield "JPEG baseline gray", dicom(a, "jpeg", coded=[jpg(a)]), None
        a = smooth((*shape, 3)).astype("u1")
        for sub in ["444", "422", "420"]:
            for pi in ["YBR_FULL_422", "RGB"]:
                yield f"JPEG baseline {sub}", dicom(a, "jpeg", coded=[jpg(a, subsampling=sub)], pi=pi), None
        adobe = b"\xff\xd8\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x01"
        coded = jpg(a, subsampling="420")
        coded = adobe + coded[2 + coded[4] * 256 + coded[5] + 2:]
        yield "JPEG that Adobe calls YCbCr", dicom(a, "jpeg", coded=[coded], pi="YBR_FULL_422"), None
        yield "JPEG stored as RGB", dicom(a, "jpeg", coded=[jpg(a, colorspace="rgb", outcolorspace="rgb")]), None
    a = smooth((20, 30, 3)).astype("u1")
    a = np.stack([np.roll(a, i, 0) for i in range(3)])
    for fragments in [1, 2, 3]:
        for bot in [True, False]:
            yield "JPEG frames", dicom(a, "jpeg", 3, coded=[jpg(f) for f in a], pi="YBR_FULL_422", fragments=fragments, bot=bot), None
    yield "JPEG frames", dicom(a, "jpeg", 3, coded=[jpg(f) for f in a], pi="YBR_FULL_422", extended=True), None
    for shape in [(1, 1), (8, 8), (37, 43), (16, 61)]:
        a = smooth(shape, 4000).astype("u2")
        coded = imagecodecs.jpeg8_encode(a, level=90, bitspersample=12)
        yield "JPEG extended 12 bits", dicom(a, "jpeg12", bits=12, coded=[coded]), None
        a = smooth(shape).astype("u1")
        yield "JPEG extended 8 bits", dicom(a, "jpeg12", coded=[jpg(a)]), None
        for bits, dtype in [(8, "u1"), (9, "u2"), (12, "u2"), (16, "u2")]:
            a = noise(shape, dtype, bits)
            for predictor in [1, 2, 4, 7]:
                coded = imagecodecs.ljpeg_encode(a, bitspersample=bits) if predictor == 1 else \
                    imagecodecs.jpeg8_encode(a, lossless=True, predictor=predictor, bitspersample=bits)
                syntax = "lossless" if predictor == 1 else "lossless57"
                yield "JPEG lossless", dicom(a, syntax, bits=bits, coded=[coded]), None
            a = noise(shape, dtype.replace("u", "i"), bits)
            coded = imagecodecs.jpeg8_encode((a.view(dtype) & ((1 << bits) - 1)), lossless=True, bitspersample=bits)
            yield "JPEG lossless signed", dicom(a, "lossless", bits=bits, coded=[coded]), None
        a = noise((*shape, 3), "u1")
        coded = imagecodecs.jpeg8_encode(a, lossless=True, colorspace="rgb", outcolorspace="rgb")
        yield "JPEG lossless RGB", dicom(a, "lossless", coded=[coded]), None

        for dtype in ["u1", "u2", "i2", "i1"]:
            a = noise(shape, dtype)
            yield "JPEG 2000 lossless", dicom(a, "j2k", coded=[imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0)]), None
        a = noise(shape, "u2", 12)
        coded = imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0, bitspersample=12)
        yield "JPEG 2000 lossless", dicom(a, "j2k", bits=12, coded=[coded]), None
        yield "JPEG 2000 unsigned in signed", dicom(a, "j2k", bits=12, coded=[coded], signed=1), None
        yield "JPEG 2000 deeper than it says", dicom(a, "j2k", bits=10, coded=[coded]), None
        yield "JPEG 2000 unsigned in signed", dicom(a, "j2k", bits=16, coded=[coded], signed=1), None
        b = noise(shape, "u1")
        coded8 = imagecodecs.jpeg2k_encode(b, codecformat="j2k", reversible=True, level=0)
        for signed in [0, 1]:
            yield "JPEG 2000 of 8 bits in 16", dicom(a, "j2k", bits=8, coded=[coded8], signed=signed), None
        a = noise(shape, "i2", 12)
        coded = imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0, bitspersample=12)
        yield "JPEG 2000 signed in unsigned", dicom(a, "j2k", bits=12, coded=[coded], signed=0), None
        a = noise((*shape, 3), "u1")
        for mct, pi in [(True, "YBR_RCT"), (False, "RGB"), (False, "YBR_FULL")]:
            coded = imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0, mct=mct)
            yield f"JPEG 2000 {pi}", dicom(a, "j2k", pi=pi, coded=[coded]), None
        a = smooth(shape).astype("u1")
        coded = imagecodecs.jpeg2k_encode(a, codecformat="j2k", level=40)
        yield "JPEG 2000 lossy", dicom(a, "j2ki", coded=[coded]), None
    a = noise((7, 9), "u2")
    for syntax in ["jls", "htj2k", "mpeg"]:
        yield "refused", dicom(a, syntax, coded=[bytes(100)]), "refused"
    for path in sorted(glob.glob(os.path.dirname(pydicom.__file__) + "/data/test_files/*.dcm")):
        data = open(path, "rb").read()
        if data[128:132] == b"DICM":
            yield f"pydicom's {os.path.basename(path)}", data, None


def fits_want(data):
    """The first image: stored numbers, unsigned ones by the convention, and quantities where there are any."""
    def numbers(**how):
        with fits.open(io.BytesIO(data), **how) as hdus:
            for hdu in hdus:
                if isinstance(hdu, (fits.PrimaryHDU, fits.ImageHDU)) and hdu.header.get("NAXIS", 0):
                    a = np.array(hdu.data)
                    a = a.astype(a.dtype.newbyteorder("<"))
                    return a[0] if a.ndim == 3 and a.shape[0] == 1 else a
    plain, scaled = numbers(do_not_scale_image_data=True), numbers()
    if plain.dtype.kind in "iu" and scaled.dtype.kind in "iu":
        return scaled, None
    same = plain.dtype == scaled.dtype and plain.tobytes() == scaled.tobytes()
    return plain, None if same else scaled


def fits_files():
    for dtype in ["u1", "i2", "i4", "i8", "f4", "f8", "i1", "u2", "u4", "u8"]:
        for shape in [(1, 1), (1, 9), (9, 1), (5, 7), (61, 59), (3, 4, 5), (1, 4, 5)]:
            yield f"FITS {dtype}", fits_of(fits.PrimaryHDU(noise(shape, dtype))), None
    for scale, zero in [(2.5, -7.0), (1, 100), (0.5, 32768), (1, 32768.5), (1e-3, 0)]:
        for dtype in ["u1", "i2", "i4", "f4"]:
            hdu = fits.PrimaryHDU(noise((5, 6), dtype))
            data = hdu.data.copy()
            out = fits_of(hdu)
            cards = fits.Card("BSCALE", scale).image.encode() + fits.Card("BZERO", zero).image.encode()
            end = out.index(b"END" + b" " * 77)
            out = out[:end] + cards + out[end:2880 - len(cards)] + out[2880:]
            yield "FITS scaled", out, None
            del data
    a = noise((5, 6), "i2")
    table = fits.BinTableHDU.from_columns([fits.Column("x", "J", array=np.arange(700))])
    text = fits.TableHDU.from_columns([fits.Column("x", "A5", array=np.array(["a", "bc"]))])
    yield "FITS extensions", fits_of(fits.PrimaryHDU(), fits.ImageHDU(a)), None
    yield "FITS extensions", fits_of(fits.PrimaryHDU(), table, fits.ImageHDU(a)), None
    yield "FITS extensions", fits_of(fits.PrimaryHDU(), text, table, fits.ImageHDU(a), fits.ImageHDU(a + 1)), None
    yield "FITS extensions", fits_of(fits.PrimaryHDU(a), fits.ImageHDU(a[:2])), None
    for dtype in ["u1", "i2", "i4", "i8", "u2"]:
        for more in [{}, {"BSCALE": 0.5}, {"BZERO": 10.0, "BSCALE": 2.5}]:
            hdu = fits.PrimaryHDU(noise((5, 6), dtype) % 9)
            out = fits_of(hdu)
            cards = b"".join(fits.Card(*card).image.encode() for card in {"BLANK": 7, **({} if dtype == "u2" else more)}.items())
            end = out.index(b"END" + b" " * 77)
            yield "FITS blank", out[:end] + cards + out[end:2880 - len(cards)] + out[2880:], None
    hdu = fits.PrimaryHDU(a)
    for i in range(100):
        hdu.header[f"KEY{i}"] = ("it's / a value", "comment")
    yield "FITS long header", fits_of(hdu), None
    yield "refused", fits_of(fits.PrimaryHDU(), fits.CompImageHDU(noise((50, 60), "i2"))), "refused"
    yield "refused", fits_of(fits.PrimaryHDU(noise((9,), "i2"))), "refused"
    yield "refused", fits_of(fits.PrimaryHDU(noise((2, 3, 4, 5), "i2"))), "refused"
    yield "refused", fits_of(fits.PrimaryHDU(), table), "refused"


def want_of(path, data, kind):
    """What is right, and what may be: (array or error, the lines of the frames), of FITS the quantities or None."""
    if kind.startswith("FITS"):
        a, quantities = fits_want(data)
        return [a], quantities
    ds = pydicom.dcmread(path)
    found = []
    for plugin in ["", "pillow"]:
        if plugin and "JPEG" not in UID(ds.file_meta.get("TransferSyntaxUID", "")).name:
            continue
        try:
            a = pixel_array(ds, decoding_plugin=plugin)
            found.append(a.astype(a.dtype.newbyteorder("<")))
        except Exception as e:
            if not plugin:
                found.append(f"{type(e).__name__}: {e}"[:150].replace("\n", " "))
    n = int(ds.get("NumberOfFrames", 1) or 1) if "badVR" not in kind else 1
    lines = []
    for i in range(n):
        got = (ds.get("RescaleSlope"), ds.get("RescaleIntercept"))
        for name, at in [("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", i)]:
            groups = ds.get(name)
            if groups and at < len(groups) and "PixelValueTransformationSequence" in groups[at]:
                t = groups[at].PixelValueTransformationSequence[0]
                own = (t.get("RescaleSlope"), t.get("RescaleIntercept"))
                got = got if None in own else own
        lines.append(None if None in got else tuple(map(float, got)))
    return found, lines


def quantities_of(got, lines):
    """What frames become that all have a line."""
    if not isinstance(lines, list) or not all(lines):
        return None if isinstance(lines, list) else lines
    frames = got if len(lines) > 1 else [got]
    made = [frame.astype("f8") * slope + intercept for frame, (slope, intercept) in zip(frames, lines)]
    return np.array(made) if len(lines) > 1 else made[0]


def differ(a, b):
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"{b.shape} {b.dtype} instead of {a.shape} {a.dtype}"
    if a.tobytes() == b.tobytes():
        return 0
    return float(np.nanmax(np.abs(a.astype(float) - b.astype(float)))) or "bits"


def main(folder):
    table = {}
    for i, (kind, data, want) in enumerate([*dicom_files(), *fits_files()]):
        path = os.path.join(folder, f"{i}.{'fits' if data.startswith(b'SIMPLE') else 'dcm'}")
        open(path, "wb").write(data)
        got = read(path)
        row = table.setdefault("pydicom's own" if kind.startswith("pydicom's") else kind, dict(n=0, exact=0, most=0.0, by_pillow=0, notes=[]))
        row["n"] += 1
        if want == "refused":
            row["exact"] += isinstance(got, str)
            row["notes"].append(got if isinstance(got, str) else "READ")
            continue
        found, lines = want_of(path, data, kind)
        if isinstance(found[0], str) and len(found) == 1:
            if isinstance(got, str):
                row["exact"] += 1
            else:
                row["notes"].append(f"{kind}: read; pydicom: {found[0]}")
            continue
        if isinstance(got, str):
            row["notes"].append(f"{kind}: {got}")
            continue
        diffs = [differ(a, got) for a in found if not isinstance(a, str)]
        least = min(diffs, key=lambda d: 1e9 if isinstance(d, str) else d)
        row["exact"] += diffs[0] == 0
        row["by_pillow"] += diffs[0] != 0 and least == 0
        if isinstance(least, str):
            row["notes"].append(f"{kind} {path}: {least}")
        else:
            row["most"] = max(row["most"], diffs[0] if not isinstance(diffs[0], str) else 0)
            if "pydicom's" in kind and least and os.environ.get("SHOW"):
                row["notes"].append(f"{kind}: off by {diffs}")
            if least and least > 3:
                row["notes"].append(f"{kind} {path}: off by {diffs}")
        quantities = quantities_of(got, lines)
        made = read(path, rescale=True)
        if quantities is not None and not isinstance(made, str):
            if made.dtype != quantities.dtype or not np.array_equal(made, quantities, equal_nan=made.dtype.kind == "f"):
                row["notes"].append(f"{kind} {path}: the quantities are others")
    print(f"{'kind':44} {'files':>5} {'exact':>5} {'exact to the pillow plugin':>26} {'most':>6}")
    for kind, row in table.items():
        print(f"{kind:44} {row['n']:5} {row['exact']:5} {row['by_pillow']:26} {row['most']:6g}")
        for note in row["notes"]:
            print("      ", note)
    sys.exit(any(row["notes"] for kind, row in table.items() if kind != "refused" and "pydicom's" not in kind))


with tempfile.TemporaryDirectory() as folder:
    main(folder)
