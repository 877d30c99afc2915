"""HDF5, Zarr and Parquet outputs as libraries read them that share no code with ours: every column type, nulls,
empty lists, every dtype and compression, images of several sizes, and files that such a library has written on.

What a library cannot read at all stands in LIMITS, and is tried: once it can, the test says so. A library that
cannot be had on a platform is named on standard error; one that could be had and is missing is a failure."""
import base64
import importlib
import io
import json
import sys
import unittest
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from command import Case

# Module, the first Python that it can be had for (with what is read here), and what it is called.
LIBRARIES = [
    ("h5py", (3, 10), "h5py"), ("pyfive", (3, 10), "pyfive"), ("tables", (3, 10), "PyTables"), ("netCDF4", (3, 10), "netCDF4"),
    ("zarr", (3, 11), "zarr-python 3"), ("tensorstore", (3, 10), "tensorstore"), ("xarray", (3, 11), "xarray with zarr-python 3"),
    ("pyarrow", (3, 10), "pyarrow"), ("polars", (3, 10), "polars"), ("duckdb", (3, 10), "DuckDB"), ("fastparquet", (3, 10), "fastparquet"),
]
AWAY = {}
for module, since, name in LIBRARIES:
    if sys.version_info[:2] < since:
        AWAY[module] = f"{name} needs Python {since[0]}.{since[1]}"
        print(f"{Path(__file__).name}: not read here: {AWAY[module]}", file=sys.stderr)
    else:
        globals()[module] = importlib.import_module(module)

# What a library has no type for, by its module and the array or dtype.
LIMITS = {
    ("tables", "text"): "it has no text of variable length",
    ("tables", "any"): "it has no text of variable length",
    ("netCDF4", "float16"): "it takes float16 for text, also that of h5py",
    ("fastparquet", "float16"): "it has no float16, also of pyarrow",
    ("fastparquet", "uint32"): "it takes lists of it for int32, also of pyarrow but from a dictionary",
    ("fastparquet", "uint64"): "it takes lists of it for int64, also of pyarrow but from a dictionary",
    ("tensorstore", "text"): "it has no arrays of text",
    ("tensorstore", "any"): "it has no arrays of text",
}

DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64"]
COLUMNS = ["int", "float", "flag", "text", "ints", "floats", "box", "any"]
COUNT = 300
HDF5 = ["h5py", "pyfive", "tables", "netCDF4"]
ZARR = ["zarr", "tensorstore", "xarray"]
PARQUET = ["pyarrow", "polars", "duckdb", "fastparquet"]


def here(modules):
    return [m for m in modules if m not in AWAY]


def fields(i):
    """The columns of record i: all types, with rows that have none, and lists and texts that are empty."""
    values = {
        "int": (-1) ** i * 2**40 * i, "float": i / 4 - 3, "flag": i % 3 == 0, "text": ["", "é", "naïve 日本"][i % 3] * (i % 4),
        "ints": list(range(-1, i % 5 - 1)), "floats": [i / 2, -0.25][: i % 3], "any": {"k": [i, None, "v"]},
    }
    there = {name: value for name, value in values.items() if (i + len(name)) % 7}
    # The same number for each: an array of two axes, where there is room for such.
    return {**there, "box": [i, 0, -i, 7]}


def values(name):
    """What a column holds; `None` where there is nothing."""
    found = [fields(i).get(name) for i in range(COUNT)]
    return [None if v is None else json.dumps(v) for v in found] if name == "any" else found


def arrays():
    """The columns as arrays, as HDF5 and Zarr have them."""
    found = {}
    for name in COLUMNS:
        all = values(name)
        if None in all:
            found[f"{name}.valid"] = [v is not None for v in all]
        if name in ("ints", "floats"):
            found[f"{name}.offsets"] = np.cumsum([0, *(len(v or []) for v in all)]).tolist()
            found[name] = [x for v in all for x in v or []]
        else:
            zero = {"text": "", "any": "", "flag": False}.get(name, 0)
            found[name] = [zero if v is None else v for v in all]
    return found


def hdf5_h5py(path):
    found = {}
    with h5py.File(path) as file:
        def visit(name, node):
            if isinstance(node, h5py.Dataset):
                found[name] = node.asstr()[:] if h5py.check_string_dtype(node.dtype) else node[:]
        file.visititems(visit)
    return found


def hdf5_pyfive(path):
    found = {}

    def walk(group, under=""):
        for name in group:
            node = group[name]
            if hasattr(node, "shape"):
                array = node[:]
                found[under + name] = np.array([t.decode() for t in array], object) if array.dtype == object else array
            else:
                walk(node, f"{under}{name}/")
    with pyfive.File(path) as file:
        walk(file)
    return found


def hdf5_tables(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are not words of Python, and of LIMITS
        with tables.open_file(path) as file:
            return {n._v_pathname[1:]: None if isinstance(n, tables.UnImplemented) else n.read() for n in file.walk_nodes("/", "Leaf")}


def hdf5_netCDF4(path):
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        groups = [("", file), *((f"{name}/", group) for name, group in file.groups.items())]
        found = {under + name: v for under, group in groups for name, v in group.variables.items()}
        return {name: None if name == "images" and v.dtype is str else np.asarray(v[:]) for name, v in found.items()}


def zarr_zarr(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        group = zarr.open_group(path, mode="r")
        return {name: member[:] for name, member in group.members(None) if isinstance(member, zarr.Array)}


def tensor(path, **how):
    store = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path)}}
    return tensorstore.open(store, open=True, **how).result()


def zarr_tensorstore(path):
    found = {}
    for meta in Path(path).rglob("zarr.json"):
        meta = meta.parent
        if json.loads((meta / "zarr.json").read_text())["node_type"] == "array":
            try:
                found[str(meta.relative_to(path))] = tensor(meta, read=True).read().result()
            except ValueError as error:
                assert "data_type" in str(error), error
                found[str(meta.relative_to(path))] = None
    return found


def zarr_xarray(path):
    found = {name: v.values for name, v in xarray.open_zarr(path, consolidated=False).variables.items()}
    rows = xarray.open_zarr(path, group="rows", consolidated=False)
    return {**found, **{f"rows/{name}": v.values for name, v in rows.variables.items()}}


def parquet_pyarrow(path):
    from pyarrow import parquet
    table = parquet.read_table(path)
    storage = lambda column: getattr(column.combine_chunks(), "storage", column)  # of a tensor
    return {name: storage(table[name]).to_pylist() for name in table.column_names}


def parquet_polars(path):
    frame = polars.read_parquet(path)
    storage = lambda column: column.ext.storage() if hasattr(column.dtype, "ext_storage") else column  # of a tensor
    return {name: storage(frame[name]).to_list() for name in frame.columns}


def parquet_duckdb(path):
    with duckdb.connect() as base:
        table = base.execute("SELECT * FROM read_parquet(?)", [str(path)])
        names = [column[0] for column in table.description]
        return dict(zip(names, map(list, zip(*table.fetchall()))))


def parquet_fastparquet(path):
    frame = frame_of(path)
    return {name: [plain(value) for value in frame[name]] for name in frame.columns}


def frame_of(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # fastparquet leaves its files open
        return fastparquet.ParquetFile(str(path)).to_pandas()


def plain(value):
    """A value of a DataFrame as Python has it; no number, and nothing, are nothing."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    value = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    return None if type(value).__name__ == "NAType" or value != value else value


def read(kind, module, path):
    return globals()[f"{kind}_{module}"](path)


def numbers(dtype, rows=7):
    """Images whose numbers the dtype just holds."""
    dice = np.random.default_rng(5)
    if dtype == "bool":
        return dice.integers(0, 2, (rows, 4, 3)).astype(bool)
    if dtype.startswith("float"):
        return (dice.integers(-999, 999, (rows, 4, 3)) / 8).astype(dtype)
    info = np.iinfo(dtype)
    all = dice.integers(info.min, info.max, (rows, 4, 3), np.dtype(dtype), endpoint=True)
    all[0, 0] = [info.min, info.max, 1]
    return all


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return base64.b64encode(out.getvalue()).decode()


def png(array):
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return out.getvalue()


class Readers(Case):
    def setUp(self):
        super().setUp()
        self.images = numbers("uint8", COUNT)
        self.source = self.write("in.ndjson", [{"image": npy(x), **fields(i)} for i, x in enumerate(self.images)])

    def convert(self, out, *flags, source=None):
        out = self.dir / out
        self.run_ndpix(0, "convert", source or self.source, "-o", out, "--if-exists", "replace", "--field", "image", *flags)
        return out

    def same(self, got, want, what):
        want = np.asarray(want) if not isinstance(want, np.ndarray) else want
        # Libraries of C take booleans for small integers.
        self.assertTrue(got.dtype == want.dtype or want.dtype.kind in "bU" and got.dtype.kind in "biOT", (what, got.dtype, want.dtype))
        self.assertEqual(got.shape, want.shape, what)
        self.assertEqual(got.tolist(), want.tolist(), what)

    def check_arrays(self, kind, modules, path, want):
        for module in here(modules):
            with self.subTest(module, path=path.name):
                got = read(kind, module, path)
                self.assertEqual(sorted(n for n in got if "/" not in n), sorted(want))
                self.assertEqual(sorted(n for n in got if "/" in n), [f"rows/{n}" for n in ("byte", "file", "item", "line", "valid")])
                self.assertEqual(got["rows/line"].tolist(), list(range(1, len(got["rows/line"]) + 1)))
                for name, array in want.items():
                    if (module, name) in LIMITS:
                        self.assertIsNone(got[name], f"{module} reads {name} now; strike it from LIMITS")
                    else:
                        self.same(got[name], array, name)

    def columns_in(self, kind, modules, ending, compressions):
        want = {"images": self.images, **arrays()}
        for compression in compressions:
            for chunks in ([], ["--chunks", 7]):
                out = self.convert(f"{compression}{len(chunks)}.{ending}", "--columns", ",".join(COLUMNS), "--rows", "always",
                                   "--output-compression", compression, *chunks)
                self.check_arrays(kind, modules, out, want)

    def dtypes_in(self, kind, modules, ending):
        for dtype in DTYPES:
            want = numbers(dtype)
            source = self.write("dtypes.ndjson", [{"image": npy(x)} for x in want])
            out = self.convert(f"{dtype}.{ending}", "--rows", "always", source=source)
            for module in here(modules):
                with self.subTest(module, dtype=dtype):
                    if (module, dtype) in LIMITS:
                        self.assertIsNone(read(kind, module, out)["images"], f"{module} reads {dtype} now; strike it from LIMITS")
                    else:
                        self.same(read(kind, module, out)["images"], want, dtype)

    def sizes_in(self, kind, modules, ending):
        images = [numbers("uint16", 1)[0][: i % 4 + 1, : i % 3 + 1] for i in range(30)]
        source = self.write("sizes.ndjson", [{"image": npy(x)} for x in images])
        flat = {"pixels": np.concatenate([x.ravel() for x in images]), "offsets": np.cumsum([0, *(x.size for x in images)]),
                "shapes": np.array([x.shape for x in images])}
        self.check_arrays(kind, modules, self.convert(f"flat.{ending}", "--ragged", "flat", "--rows", "always", source=source), flat)
        padded = np.zeros((30, 4, 3), np.uint16)
        for row, x in zip(padded, images):
            row[: x.shape[0], : x.shape[1]] = x
        pad = {"images": padded, "sizes": np.array([x.shape for x in images])}
        self.check_arrays(kind, modules, self.convert(f"pad.{ending}", "--ragged", "pad", "--rows", "always", source=source), pad)

    def grown_in(self, kind, modules, path, want):
        """What every library reads where one has written rows after ours."""
        for module in here(modules):
            with self.subTest(module):
                self.same(read(kind, module, path)["images"], want, "images")


class Hdf5(Readers):
    def test_columns(self):
        self.columns_in("hdf5", HDF5, "h5", ["none", "gzip", "gzip:9"])

    def test_dtypes(self):
        self.dtypes_in("hdf5", HDF5, "h5")

    def test_images_of_several_sizes(self):
        self.sizes_in("hdf5", HDF5, "h5")

    def test_rows_that_others_add(self):
        for compression in ("none", "gzip"):
            path = self.convert("grown.h5", "--chunks", 7, "--output-compression", compression)
            with h5py.File(path, "a") as file:
                file["images"].resize(COUNT + 5, axis=0)
                file["images"][COUNT:] = self.images[:5]
            self.grown_in("hdf5", HDF5, path, np.concatenate([self.images, self.images[:5]]))
            with tables.open_file(path, "a") as file:
                file.root.images.append(self.images[5:20])
            self.grown_in("hdf5", HDF5, path, np.concatenate([self.images, self.images[:20]]))


class Zarr(Readers):
    def test_columns(self):
        self.columns_in("zarr", ZARR, "zarr", ["none", "gzip", "zstd", "zstd:9"])

    def test_dtypes(self):
        self.dtypes_in("zarr", ZARR, "zarr")

    def test_images_of_several_sizes(self):
        self.sizes_in("zarr", ZARR, "zarr")

    def test_rows_that_others_add(self):
        for compression in ("none", "zstd"):
            path = self.convert("grown.zarr", "--chunks", 7, "--shard-rows", 70, "--rows", "always", "--output-compression", compression)
            want = self.images
            array = tensor(path / "images", write=True, read=True)
            array = array.resize(exclusive_max=[COUNT + 5, None, None]).result()
            array[COUNT:].write(want[:5]).result()
            if "zarr" not in AWAY:
                zarr.open_array(path / "images", mode="a").append(want[5:20])
                want = np.concatenate([want, want[:20]])
            else:
                want = np.concatenate([want, want[:5]])
            for module in here(["zarr", "tensorstore"]):
                with self.subTest(module):
                    self.same(read("zarr", module, path)["images"], want, "images")


class Parquet(Readers):
    def check(self, path, images):
        for module in here(PARQUET):
            with self.subTest(module, path=path.name):
                got = read("parquet", module, path)
                self.assertEqual([n for n in got if n != "image" and not n.startswith("row_")], [*COLUMNS, "valid"])
                self.assertEqual(got["row_line"], list(range(1, COUNT + 1)))
                self.assertEqual(got["image"], images)
                for name in COLUMNS:
                    texts = [v if v is None else json.dumps(json.loads(v)) for v in got[name]] if name == "any" else got[name]
                    self.assertEqual(texts, values(name), name)

    def test_columns(self):
        for compression in ("none", "gzip", "zstd", "zstd:9"):
            for chunks in ([], ["--chunks", 7]):
                out = self.convert(f"{compression}{len(chunks)}.parquet", "--columns", ",".join(COLUMNS), "--rows", "always",
                                   "--output-compression", compression, *chunks)
                self.check(out, self.images.reshape(COUNT, -1).tolist())

    def test_columns_beside_image_files(self):
        files = [png(x) for x in self.images]
        source = self.write("files.ndjson", [{"image": base64.b64encode(f).decode(), **fields(i)} for i, f in enumerate(files)])
        out = self.convert("files.parquet", "--columns", ",".join(COLUMNS), "--rows", "always", "--images-as", "encoded", source=source)
        for module in here(PARQUET):
            with self.subTest(module):
                got = read("parquet", module, out)
                # It spreads what has fields.
                found = got["image.bytes"] if module == "fastparquet" else [v["bytes"] for v in got["image"]]
                self.assertEqual(found, files)

    def test_dtypes(self):
        for dtype in DTYPES:
            want = numbers(dtype)
            source = self.write("dtypes.ndjson", [{"image": npy(x)} for x in want])
            out = self.convert(f"{dtype}.parquet", source=source)
            for module in here(PARQUET):
                with self.subTest(module, dtype=dtype):
                    got, flat = read("parquet", module, out)["image"], want.reshape(len(want), -1).tolist()
                    if (module, dtype) in LIMITS:
                        self.assertNotEqual(got, flat, f"{module} reads {dtype} now; strike it from LIMITS")
                    else:
                        self.assertEqual(got, flat)

    def test_columns_in_a_file_of_their_own(self):
        """Beside an array; to this one, which has no lists of a fixed length, fastparquet adds rows."""
        self.convert("out.npy", "--columns", "int,float,flag,text")
        path = self.dir / "out.npy.columns.parquet"
        for more in (0, 5):
            if more:
                fastparquet.write(str(path), frame_of(path)[:more], append=True, compression="ZSTD")
            for module in here(PARQUET):
                with self.subTest(module, more=more):
                    got = read("parquet", module, path)
                    for name in ("int", "float", "flag", "text"):
                        self.assertEqual(got[name], values(name) + values(name)[:more], name)


if __name__ == "__main__":
    unittest.main()
