"""Files of DICOM and FITS, and damaged ones, for make_formats.py.

What is right is what pydicom (JPEG: its Pillow plugin; 12 bits: imagecodecs) and Astropy give, of the first frame.
"""
import io

import astropy.io.fits as fits
import imagecodecs
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.pixels import pixel_array
from pydicom.sequence import Sequence
from pydicom.uid import UID

TS = dict(implicit="1.2.840.10008.1.2", explicit="1.2.840.10008.1.2.1", big="1.2.840.10008.1.2.2",
          deflated="1.2.840.10008.1.2.1.99", rle="1.2.840.10008.1.2.5", jpeg="1.2.840.10008.1.2.4.50",
          jpeg12="1.2.840.10008.1.2.4.51", lossless57="1.2.840.10008.1.2.4.57", lossless="1.2.840.10008.1.2.4.70",
          jls="1.2.840.10008.1.2.4.80", j2k="1.2.840.10008.1.2.4.90", j2ki="1.2.840.10008.1.2.4.91",
          htj2k="1.2.840.10008.1.2.4.201", mpeg="1.2.840.10008.1.2.4.102")


def good(name, data, want=None):
    """A file; `want`: its pixels, where the reference library of its kind does not give them."""
    if want is None:
        plugin = "pillow" if "jpeg" in name and "lossless" not in name and "2000" not in name else ""
        want = pixel_array(pydicom.dcmread(io.BytesIO(data)), decoding_plugin=plugin)
        want = want[0] if int(pydicom.dcmread(io.BytesIO(data)).get("NumberOfFrames", 1)) > 1 else want
    good_file(name, data, want)


# ---- DICOM

def dicom(a, syntax, frames=1, bits=None, pi=None, planar=0, coded=None, extended=False, fragments=1, bot=True,
          allocated=None, signed=None, more=None):
    """A file; `coded`: the bytes of each frame. `a` has the frames first where there are several."""
    ds = Dataset()
    one = a[0] if frames > 1 else a
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3.4"
    if more:
        more(ds)
    ds.Rows, ds.Columns = one.shape[:2]
    ds.SamplesPerPixel = one.shape[2] if one.ndim > 2 else 1
    ds.PhotometricInterpretation = pi or ("RGB" if one.ndim > 2 else "MONOCHROME2")
    if one.ndim > 2:
        ds.PlanarConfiguration = planar
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.BitsAllocated = allocated or a.dtype.itemsize * 8
    if a.dtype.kind != "f":
        ds.BitsStored = bits or ds.BitsAllocated
        ds.HighBit = ds.BitsStored - 1
        ds.PixelRepresentation = int(a.dtype.kind == "i") if signed is None else signed
    if coded is None:
        if a.dtype.kind == "f":
            name = "FloatPixelData" if a.dtype.itemsize == 4 else "DoubleFloatPixelData"
        else:
            name = "PixelData"
        if allocated == 1:
            data = np.packbits(a.ravel(), bitorder="little").tobytes()
        elif planar:
            data = np.moveaxis(a, -1, -3).astype(a.dtype.newbyteorder(">" if syntax == "big" else "<")).tobytes()
        elif pi == "YBR_FULL_422":
            pairs = a.reshape(-1, 2, 3)
            data = np.stack([pairs[:, 0, 0], pairs[:, 1, 0], pairs[:, 0, 1], pairs[:, 0, 2]], -1).tobytes()
        else:
            data = a.astype(a.dtype.newbyteorder(">" if syntax == "big" else "<")).tobytes()
        data += b"\0" * (len(data) % 2)
        if syntax == "big" and ds.BitsAllocated == 8 and name == "PixelData":
            data = np.frombuffer(data, "u2").byteswap().tobytes()
        setattr(ds, name, data)
        ds[name].VR = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}.get(name, "OW")
    else:
        if extended:
            ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(coded)
        else:
            ds.PixelData = encapsulate(coded, fragments_per_frame=fragments, has_bot=bot)
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(TS[syntax])
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.ImplementationClassUID = "1.2.3.4.5"
    ds.file_meta = meta
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True, implicit_vr=syntax == "implicit", little_endian=syntax != "big")
    return out.getvalue()


def rle(a):
    """A frame, its bytes from the highest, in segments."""
    from pydicom.pixels.encoders.native import _encode_segment
    a = a if a.ndim == 3 else a[..., None]
    segments = []
    for c in range(a.shape[2]):
        planes = np.ascontiguousarray(a[..., c]).view("u1").reshape(*a.shape[:2], a.dtype.itemsize)
        for b in range(a.dtype.itemsize)[::-1]:
            segments.append(bytes(_encode_segment(planes[..., b].tobytes(), a.shape[1])))
    starts = 64 + np.cumsum([0] + [len(s) for s in segments])[:-1]
    head = np.zeros(16, "<u4")
    head[0] = len(segments)
    head[1:1 + len(segments)] = starts
    return head.tobytes() + b"".join(segments)


def nested(ds):
    """Sequences of both kinds of length, with rows and pixels of their own."""
    inner = Dataset()
    inner.Rows, inner.Columns, inner.PixelData = 3, 3, bytes(10)
    inner["PixelData"].VR = "OW"
    outer = Dataset()
    outer.IconImageSequence = Sequence([inner, inner])
    outer.IconImageSequence.is_undefined_length = True
    outer.is_undefined_length_sequence_item = True
    ds.IconImageSequence = Sequence([outer])
    ds["IconImageSequence"].is_undefined_length = True
    ds.ReferencedImageSequence = Sequence([outer, inner])


def rescaled(slope, intercept):
    def more(ds):
        ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
    return more


def grouped(per_frame, undefined):
    """The rescale in the functional groups."""
    def group(slope, intercept):
        transform = Dataset()
        transform.RescaleIntercept, transform.RescaleSlope, transform.RescaleType = intercept, slope, "US"
        item = Dataset()
        item.PixelValueTransformationSequence = Sequence([transform])
        item["PixelValueTransformationSequence"].is_undefined_length = undefined
        item.is_undefined_length_sequence_item = undefined
        transform.is_undefined_length_sequence_item = undefined
        return item

    def more(ds):
        if per_frame:
            ds.SharedFunctionalGroupsSequence = Sequence([Dataset()])
            ds.PerFrameFunctionalGroupsSequence = Sequence([group(2 + i, -i) for i in range(3)])
            ds["PerFrameFunctionalGroupsSequence"].is_undefined_length = undefined
        else:
            ds.SharedFunctionalGroupsSequence = Sequence([group(2.5, -1024)])
            ds["SharedFunctionalGroupsSequence"].is_undefined_length = undefined
    return more



def ramp(shape, dtype, step=7):
    """Numbers of all sizes, of both signs where there are two."""
    n = np.arange(int(np.prod(shape)), dtype=np.int64) * step * 2654435761
    return (n >> 3).astype(np.uint64).astype(dtype).reshape(shape)


def smooth(shape, top=255):
    y, x = np.mgrid[:shape[0], :shape[1]]
    planes = [(np.sin(x / 7 + i) + np.cos(y / 5 + 2 * i) + 2) * top / 4.2 for i in range(shape[2] if len(shape) > 2 else 1)]
    return planes[0] if len(shape) == 2 else np.stack(planes, -1)


def write_dicom():
    size = (15, 21)
    plain = dicom(ramp(size, "i2"), "explicit", more=rescaled("0.5", "-1024"))
    good("dicom-explicit.dcm", plain)
    good("dicom-implicit.dcm", dicom(ramp(size, "u1"), "implicit", more=nested))
    good("dicom-deflated.dcm", dicom(ramp(size, "u2"), "deflated"))
    good("dicom-big-endian.dcm", dicom(ramp(size, "i4"), "big"))
    good("dicom-big-endian-words.dcm", dicom(ramp((3, 3, 3), "u1"), "big"))
    good("dicom-12-bits-signed.dcm", dicom(ramp(size, "i2"), "explicit", bits=12))
    good("dicom-bits.dcm", dicom((ramp((3, 5, 7), "u1") >> 3) & 1, "explicit", 3, 1, allocated=1))
    good("dicom-float.dcm", dicom(smooth(size).astype("f4"), "explicit"))
    good("dicom-double.dcm", dicom(smooth(size).astype("f8"), "implicit"))
    good("dicom-planar.dcm", dicom(ramp((*size, 3), "u1"), "explicit", planar=1))
    good("dicom-ybr.dcm", dicom(ramp((*size, 3), "u1"), "explicit", pi="YBR_FULL"))
    good("dicom-ybr-422.dcm", dicom(ramp((5, 6, 3), "u1"), "explicit", pi="YBR_FULL_422"))
    good("dicom-palette.dcm", dicom(ramp(size, "u1"), "explicit", pi="PALETTE COLOR"))
    good("dicom-monochrome1.dcm", dicom(ramp(size, "u1"), "explicit", pi="MONOCHROME1"))
    good("dicom-frames-rescale.dcm", dicom(ramp((3, 4, 6), "u2"), "explicit", 3, more=grouped(True, True)))
    good("dicom-shared-rescale.dcm", dicom(ramp((3, 4, 6), "u2"), "implicit", 3, more=grouped(False, False)))
    a = smooth((*size, 3), 60_000).astype("u2")
    good("dicom-rle.dcm", dicom(a, "rle", coded=[rle(a)]))
    a = np.stack([np.roll(smooth(size, 200).astype("u1"), i, 0) for i in range(3)])
    good("dicom-rle-frames.dcm", dicom(a, "rle", 3, coded=[rle(f) for f in a], extended=True))
    rgb = smooth((37, 43, 3)).astype("u1")
    jpg = imagecodecs.jpeg8_encode(rgb, level=90, subsampling="420")
    jpeg = dicom(rgb, "jpeg", coded=[jpg], pi="YBR_FULL_422")
    good("dicom-jpeg.dcm", jpeg)
    small = rgb[:16, :16].copy()
    good("dicom-jpeg-jfif.dcm", dicom(small, "jpeg", coded=[imagecodecs.jpeg8_encode(small, level=90)], pi="RGB"))
    good("dicom-jpeg-stored-rgb.dcm", dicom(small, "jpeg", coded=[imagecodecs.jpeg8_encode(
        small, level=90, colorspace="rgb", outcolorspace="rgb")], pi="RGB"))
    good("dicom-jpeg-frames.dcm", dicom(np.stack([rgb, rgb[::-1]]), "jpeg", 2, coded=[
        jpg, imagecodecs.jpeg8_encode(rgb[::-1].copy(), level=80)], pi="YBR_FULL_422", fragments=3, bot=False))
    deep = smooth((37, 43), 4000).astype("u2")
    coded = imagecodecs.jpeg8_encode(deep, level=90, bitspersample=12)
    good("dicom-jpeg-12-bits.dcm", dicom(deep, "jpeg12", bits=12, coded=[coded]), imagecodecs.jpeg8_decode(coded))
    gray = ramp(size, "u2")
    good("dicom-jpeg-lossless.dcm", dicom(gray, "lossless", coded=[imagecodecs.ljpeg_encode(gray, bitspersample=16)]))
    signed = ramp(size, "i2")
    good("dicom-jpeg2000.dcm", dicom(signed, "j2k", coded=[imagecodecs.jpeg2k_encode(
        signed, codecformat="j2k", reversible=True, level=0)]))
    colours = ramp((*size, 3), "u1")
    good("dicom-jpeg2000-rgb.dcm", dicom(colours, "j2k", pi="YBR_RCT", coded=[imagecodecs.jpeg2k_encode(
        colours, codecformat="j2k", reversible=True, level=0, mct=True)]))

    bad("dicom-cut.dcm", plain[:-100])
    bad("dicom-head.dcm", plain[:200])
    bad("dicom-meta.dcm", plain[:132])
    bad("dicom-jpeg-cut.dcm", jpeg[:-300])
    bad("dicom-jpeg-damaged.dcm", jpeg.replace(jpg[:2], b"\xff\xd9"))
    bad("dicom-jpeg-other-size.dcm", dicom(rgb[1:], "jpeg", coded=[jpg], pi="YBR_FULL_422"))
    bad("dicom-few-frames.dcm", dicom(np.stack([rgb, rgb]), "jpeg", 2, coded=[jpg], pi="YBR_FULL_422"))
    bad("dicom-rle-cut.dcm", dicom(gray, "rle", coded=[rle(gray)[:-40]]))
    bad("dicom-rle-segments.dcm", dicom(gray, "rle", coded=[rle(gray.astype("u1"))]))
    bad("dicom-no-pixels.dcm", plain[:plain.index(b"\xe0\x7f\x10\0OW")])
    bad("dicom-no-syntax.dcm", plain.replace(b"\2\0\x10\0UI", b"\2\0\x13\0UI"))
    rows = plain.index(b"\x28\0\x10\0US")
    bad("dicom-no-rows.dcm", plain[:rows + 8] + b"\0\0" + plain[rows + 10:])
    columns = plain.index(b"\x28\0\x11\0US")
    large = plain[:rows + 8] + b"\xff\xff" + plain[rows + 10:columns + 8] + b"\xff\xff" + plain[columns + 10:]
    bad("dicom-large.dcm", large, "limit")
    deflated = dicom(gray, "deflated")
    bad("dicom-deflated-cut.dcm", deflated[:-60])
    loop = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
    start = plain.index(b"\x08\0\x16\0UI")
    bad("dicom-deep.dcm", plain[:start] + loop * 100 + plain[start:], "unsupported")
    for name, syntax in [("jpeg-ls", "jls"), ("htj2k", "htj2k"), ("video", "mpeg")]:
        bad(f"dicom-{name}.dcm", dicom(gray, syntax, coded=[bytes(100)]), "unsupported")
    depth = plain.index(b"\x28\0\0\1US")
    bad("dicom-24-bits.dcm", plain[:depth + 8] + b"\x18\0" + plain[depth + 10:], "unsupported")
    bad("dicom-report.dcm", plain[:plain.index(b"\x28\0\2\0US")], "unsupported")


# ---- FITS

def fits_of(*hdus):
    out = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(out)
    return out.getvalue()


def scaled(data, scale, zero):
    """With two more cards before the end of its header."""
    cards = fits.Card("BSCALE", scale).image.encode() + fits.Card("BZERO", zero).image.encode()
    end = data.index(b"END" + b" " * 77)
    return data[:end] + cards + data[end:2880 - len(cards)] + data[2880:]


def write_fits():
    size = (15, 21)
    signed, unsigned, real = ramp(size, "i2"), ramp(size, "u2"), smooth(size).astype("f4")
    plain = fits_of(fits.PrimaryHDU(signed))
    good("fits-int16.fits", plain, signed)
    good("fits-uint16.fits", fits_of(fits.PrimaryHDU(unsigned)), unsigned)
    good("fits-float32.fits", fits_of(fits.PrimaryHDU(real)), real)
    good("fits-int8.fits", fits_of(fits.PrimaryHDU(signed.astype("i1"))), signed.astype("i1"))
    planes = ramp((3, 4, 5), "u8")
    good("fits-planes.fits", fits_of(fits.PrimaryHDU(planes)), planes[0])
    good("fits-scaled.fits", scaled(plain, 0.5, 32768), signed)
    table = fits.BinTableHDU.from_columns([fits.Column("x", "J", array=np.arange(9))])
    good("fits-extension.fits", fits_of(fits.PrimaryHDU(), table, fits.ImageHDU(real)), real)

    bad("fits-cut.fits", plain[:2880 + 600])
    bad("fits-head.fits", plain[:1000])
    bad("fits-odd-depth.fits", plain.replace(b"BITPIX  =                   16", b"BITPIX  =                   12"))
    bad("fits-no-side.fits", plain.replace(b"NAXIS2  =", b"NAXIS7  ="))
    large = plain.replace(b"NAXIS1  =                   21", b"NAXIS1  =              9999999")
    bad("fits-large.fits", large.replace(b"NAXIS2  =                   15", b"NAXIS2  =              9999999"), "limit")
    bad("fits-line.fits", fits_of(fits.PrimaryHDU(signed[0])), "unsupported")
    bad("fits-four-axes.fits", fits_of(fits.PrimaryHDU(ramp((2, 3, 4, 5), "i2"))), "unsupported")
    tiles = fits_of(fits.PrimaryHDU(), fits.CompImageHDU(signed))
    bad("fits-tiles.fits", tiles, "unsupported")


def write(good_of_format, bad_of_format):
    global good_file, bad
    good_file, bad = good_of_format, bad_of_format
    write_dicom()
    write_fits()
