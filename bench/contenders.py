"""Who is compared: ndpix, the peers with their scripts and environments, and the floor."""
import hashlib
from dataclasses import dataclass
from pathlib import Path

import places
import venvs
from corpora import Corpus

THREADS = 2
# What ndpix does once, to look at a sample, weighs as in files of a usual size: about 240 MB.
FLOOR_TIMES = 4


@dataclass(frozen=True)
class Peer:
    """A script in bench/peers, run as `python SCRIPT CORPORA NAME OUT JOBS`."""
    name: str
    script: str
    environment: str
    says: str
    without: tuple[str, ...] = ()
    """Corpora that it is not run on, because it reads something else there."""

    def command(self, corpus: Corpus, folder: Path, out: Path) -> list[str | Path]:
        script = places.BENCH / "peers" / self.script
        return [venvs.python(self.environment), script, folder, corpus.name, out, str(THREADS)]

    def fingerprint(self) -> str:
        """Changes when the script or its packages do."""
        scripts = [(places.BENCH / "peers" / name).read_bytes() for name in (self.script, "common.py")]
        return digest(*scripts, "\n".join(venvs.requirements(self.environment)).encode())


@dataclass(frozen=True)
class Ndpix:
    """ndpix itself; `on` is another corpus to run it on, to compare two spellings."""
    name: str = "ndpix"
    on: Corpus | None = None
    threads: int = THREADS
    times: int = 1
    """How often the corpus is given, one after the other."""

    def command(self, corpus: Corpus, folder: Path, out: Path) -> list[str | Path]:
        corpus = self.on or corpus
        again = [folder / corpus.file] * (self.times - 1)
        return convert(folder / corpus.file, out, *again, *flags(corpus), threads=self.threads)

    def fingerprint(self) -> str:
        return digest(places.NDPIX.read_bytes())


@dataclass(frozen=True)
class Floor:
    """The program in bench/floor: the same codecs and nothing else, on one thread."""
    name: str = "floor"
    says: str = "bench/floor: one thread, the codecs of ndpix, corpora known beforehand, nothing checked"
    times: int = 1

    def command(self, corpus: Corpus, folder: Path, out: Path) -> list[str | Path]:
        kind = corpus.format if corpus.kind == "image" else corpus.kind
        descr = {"uint8": "|u1", "uint16": "<u2"}[corpus.dtype]
        shape = ",".join(map(str, corpus.shape))
        return [places.FLOOR, kind, descr, shape, out, *[folder / corpus.file] * self.times]

    def fingerprint(self) -> str:
        return digest(places.FLOOR.read_bytes())


Contender = Peer | Ndpix | Floor


def timed(contender: Contender) -> tuple[Ndpix, Contender]:
    """The two commands of a pair: ndpix with as many threads as the contender, on as much input."""
    if isinstance(contender, Floor):
        return Ndpix(threads=1, times=FLOOR_TIMES), Floor(times=FLOOR_TIMES)
    return Ndpix(), contender


def convert(source: Path | str, out: Path, *flags: str, threads: int = THREADS) -> list[str | Path]:
    return [places.NDPIX, "convert", source, "-o", out, "--threads", str(threads), *flags]


def flags(corpus: Corpus) -> list[str]:
    """Number lists are read as uint8 and not as NumPy's int64; the rest is found by ndpix."""
    return ["--dtype", corpus.dtype] if corpus.kind == "list" else []


def shown(corpus: Corpus) -> str:
    """The command as the report prints it."""
    return " ".join(["ndpix convert", corpus.file, "-o out.npy --threads", str(THREADS), *flags(corpus)])


FLOOR = Floor()
NAIVE = Peer("naive", "naive.py", "base", "json, base64, Pillow (tifffile for TIFF), a list, np.save")
TUNED = Peer("tuned", "tuned.py", "base",
             "orjson, pybase64, simplejpeg / OpenCV / imagecodecs, 2 processes over byte ranges, one mapped .npy")
OTHERS = [
    Peer("Polars", "polars_pillow.py", "polars", "read_ndjson, base64 in Polars, Pillow in 2 threads"),
    Peer("DuckDB", "duckdb_pillow.py", "duckdb", "read_ndjson and from_base64 in SQL, Pillow in 2 threads"),
    # Daft panics on 16-bit images.
    Peer("Daft", "daft_images.py", "daft", "read_json, base64 and images in Daft expressions",
         without=("png16", "tiff16")),
    Peer("HF datasets", "hf_datasets.py", "datasets", "load_dataset, map with 2 processes, Image feature"),
]


def floored(corpus: Corpus) -> list[Contender]:
    """The floor, on the corpora that it knows."""
    return [] if corpus.of or corpus.name == "photo" else [FLOOR]


def peers(corpus: Corpus, others: bool, all_corpora: dict[str, Corpus]) -> list[Contender]:
    """Who is measured on a corpus besides ndpix and the floor."""
    chosen: list[Contender] = [NAIVE, TUNED]
    if corpus.of:
        chosen.append(Ndpix(f"ndpix on {corpus.of}", all_corpora[corpus.of]))
    elif others and corpus.name != "photo":
        chosen += [peer for peer in OTHERS if corpus.name not in peer.without]
    return chosen


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
