"""Every way in which images are known to stand in NDJSON, as small files with the right array of each.

The arrays are computed here, without ndpix. `../python/test_forms.py` runs the command on every form:
without options, and with what a user would try next. What comes of it stands in `table.txt`, a line a
form, and what becomes of the decoys (records that hold more than an image) in `decoys.txt`.
"""
from . import (beside, chats, described, drawings, encoded, files, numbers, packed, paths, raw_pixels,
               reported_records, reported_values, services, text, wrappers)

SECTIONS = [raw_pixels, described, services, packed, encoded, chats, wrappers, text, numbers, drawings, paths, files,
            beside, reported_values, reported_records]
FORMS = [form for section in SECTIONS for form in section.FORMS]
