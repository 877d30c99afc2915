"""Puts AVIF files together from the bitstreams of others: what the makers of AVIF test files share."""
import struct


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def full(kind, *parts, version=0, flags=0):
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def boxes(data, at=0, end=None):
    """Kind, start of the body, end of each box."""
    end = len(data) if end is None else end
    while at < end:
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", data[at + 8:at + 16])[0], 16
        if size == 0:
            size = end - at
        yield kind, at + head, at + size
        at += size


def find(data, *path, at=0, end=None):
    for kind in path:
        at, end = next((a, e) for k, a, e in boxes(data, at, end) if k == kind)
        if kind == b"meta":
            at += 4
    return at, end


def streams(data):
    """Of a file of libavif: for each item `(id, kind, bitstream, [(essential, property box)])`."""
    at, end = find(data, b"meta")
    places, kinds, props, links = {}, {}, [], {}
    for kind, a, e in boxes(data, at, end):
        if kind == b"iloc":
            assert data[a] == 0
            count, = struct.unpack(">H", data[a + 6:a + 8])
            p = a + 8
            for _ in range(count):
                item, _, extents = struct.unpack(">HHH", data[p:p + 6])
                assert data[a + 4:a + 6] == b"\x44\x00" and extents == 1
                places[item] = struct.unpack(">II", data[p + 6:p + 14])
                p += 14
        elif kind == b"iinf":
            for _, x, _ in boxes(data, a + 6, e):
                item, _, what = struct.unpack(">HH4s", data[x + 4:x + 12])
                kinds[item] = what
        elif kind == b"iprp":
            for k, x, y in boxes(data, a, e):
                if k == b"ipco":
                    props = [data[s - 8:t] for _, s, t in boxes(data, x, y)]
                else:
                    count, = struct.unpack(">I", data[x + 4:x + 8])
                    p = x + 8
                    for _ in range(count):
                        item, n = struct.unpack(">HB", data[p:p + 3])
                        links[item] = [(b >> 7, props[(b & 127) - 1]) for b in data[p + 3:p + 3 + n]]
                        p += 3 + n
    return [(i, kinds[i], data[o:o + n], links.get(i, [])) for i, (o, n) in sorted(places.items())]


def item(data, properties, kind=b"av01", **more):
    return dict(kind=kind, data=data, properties=properties, **more)


def size_box(width, height):
    return full(b"ispe", struct.pack(">II", width, height))


def grid_data(rows, columns, width, height, wide=False):
    return struct.pack(">BBBB", 0, int(wide), rows - 1, columns - 1) + struct.pack(">II" if wide else ">HH", width, height)


ALPHA = full(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")


def put_together(items, primary=1, references=(), iloc=0, method=0, extents=1, big=False, endless=False,
                 brand=b"avif", gap=b"", wide_links=False, extra=()):
    """A file of `items` (numbered from 1). `iloc`: version of the places; `method` 1: bytes in `idat`;
    `extents`: parts of each item; `big`: boxes with sizes of 64 bits; `endless`: the last box of size 0."""
    ids = ">I" if iloc == 2 else ">H"
    late = 1 if iloc == 2 else 0

    def entry(n, it):
        return full(b"infe", struct.pack(ids, n), b"\0\0", it["kind"], it.get("name", b"\0"), version=3 if late else 2)

    props, links = [], b""
    for n, it in enumerate(items, 1):
        numbers = []
        for essential, p in it["properties"]:
            if p not in props:
                props.append(p)
            numbers.append((essential, props.index(p) + 1))
        links += struct.pack(ids, n) + bytes([len(numbers)])
        links += b"".join(struct.pack(">H", e << 15 | i) if wide_links else bytes([e << 7 | i]) for e, i in numbers)
    ipma = full(b"ipma", struct.pack(">I", len(items)), links, version=late, flags=int(wide_links))
    payload, spans = b"", []
    for it in items:
        parts, data = [], it["data"]
        step = -(-len(data) // extents)
        for at in range(0, len(data), step):
            payload += gap
            parts.append((len(payload), len(data[at:at + step])))
            payload += data[at:at + step]
        spans.append(parts)

    def meta(base):
        places = b"" if iloc != 2 else struct.pack(">I", len(items))
        places = places or struct.pack(">H", len(items))
        for n, parts in enumerate(spans, 1):
            places += struct.pack(ids, n) + (struct.pack(">H", method) if iloc else b"") + b"\0\0"
            places += struct.pack(">H", len(parts)) + b"".join(struct.pack(">II", base + o, s) for o, s in parts)
        refs = b"".join(box(kind, struct.pack(ids, a), struct.pack(">H", len(to)), *[struct.pack(ids, t) for t in to])
                        for kind, a, to in references)
        return full(
            b"meta", full(b"hdlr", b"\0\0\0\0pict", bytes(13)), full(b"pitm", struct.pack(ids, primary), version=late),
            full(b"iloc", b"\x44\0", places, version=iloc),
            full(b"iinf", struct.pack(">I" if late else ">H", len(items)), *[entry(n, it) for n, it in enumerate(items, 1)],
                 version=late),
            full(b"iref", refs, version=late) if refs else b"", box(b"iprp", box(b"ipco", *props), ipma),
            box(b"idat", payload) if method else b"", *extra)

    ftyp = box(b"ftyp", brand, b"\0\0\0\0avifmif1miaf")
    if method:
        return ftyp + enlarge(meta(0), endless, big)
    head = ftyp + enlarge(meta(0), False, big)
    body = enlarge(box(b"mdat", payload), endless, big)
    base = len(head) + len(body) - len(payload)
    return ftyp + enlarge(meta(base), False, big) + body


def enlarge(data, endless, big):
    if endless:
        return b"\0\0\0\0" + data[4:]
    if big:
        return struct.pack(">I4sQ", 1, data[4:8], len(data) + 8) + data[8:]
    return data


def with_signal(data, primaries=None, matrix=None, full_range=None):
    """The same file with other words in its nclx boxes."""
    data, at = bytearray(data), 0
    while (at := data.find(b"colrnclx", at)) >= 0:
        if primaries is not None:
            data[at + 8:at + 10] = struct.pack(">H", primaries)
        if matrix is not None:
            data[at + 12:at + 14] = struct.pack(">H", matrix)
        if full_range is not None:
            data[at + 14] = 0x80 if full_range else 0
        at += 1
    return bytes(data)
