//! AV1 bitstreams through `re_rav1d`: rav1d, the Rust port of dav1d with its C interface, where errors in
//! a bitstream do not end the process as they do in rav1d 1.1.0.
//!
//! Takes the bytes of a picture; gives its planes as a [`Frame`]. One thread, no delay, film grain applied,
//! nothing printed; a frame of more pixels than announced is refused before it is allocated. Damaged
//! bitstreams are `image`. The functions are `extern "C"`, so that a panic in them cannot be caught.
#![allow(unsafe_code, reason = "rav1d is called as a C library")]

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

use re_rav1d::Dav1dResult;
use re_rav1d::include::dav1d::data::Dav1dData;
use re_rav1d::include::dav1d::dav1d::{Dav1dContext, Dav1dLogger, Dav1dSettings};
use re_rav1d::include::dav1d::headers::{
    DAV1D_PIXEL_LAYOUT_I400, DAV1D_PIXEL_LAYOUT_I420, DAV1D_PIXEL_LAYOUT_I422,
    DAV1D_PIXEL_LAYOUT_I444,
};
use re_rav1d::include::dav1d::picture::Dav1dPicture;
use re_rav1d::src::lib::{
    dav1d_close, dav1d_data_create, dav1d_data_unref, dav1d_default_settings, dav1d_get_picture,
    dav1d_open, dav1d_picture_unref, dav1d_send_data,
};

use super::frame::{Frame, Layout, Samples};
use super::property::{Coding, Signal};
use super::still::Coded;
use crate::error::{Error, Result};
use crate::limits;
use crate::os;

/// What rav1d says where it wants more bytes before it gives a picture, or the other way round.
const AGAIN: Dav1dResult = Dav1dResult(-os::AGAIN);

/// What it says of a frame over the size limit: `ERANGE`, alike on all platforms.
const TOO_LARGE: Dav1dResult = Dav1dResult(-34);

/// Bytes that rav1d takes for each pixel, about.
pub(super) const SCRATCH: u64 = 4;

/// A decoder for one bitstream.
pub(super) struct Decoder {
    context: Option<Dav1dContext>,
    /// What it must decode to.
    coding: Coding,
    width: u32,
    height: u32,
    /// The layer that is wanted, where it is not the best.
    layer: Option<u8>,
}

impl Decoder {
    /// For pictures of that size and kind.
    pub(super) fn open(
        (width, height): (u32, u32),
        coding: Coding,
        point: u8,
        layer: Option<u8>,
    ) -> Result<Self> {
        let pixels = u64::from(width) * u64::from(height);
        let limit =
            u32::try_from(pixels).map_err(|_| Error::limit("AVIF of over 4 billion pixels"))?;
        limits::probe(pixels.saturating_mul(SCRATCH))?;
        let mut settings = MaybeUninit::<Dav1dSettings>::uninit();
        // SAFETY: the pointer is valid for one struct, which the call writes whole.
        let mut settings = unsafe {
            dav1d_default_settings(NonNull::from(&mut settings).cast());
            settings.assume_init()
        };
        settings.n_threads = 1;
        settings.max_frame_delay = 1;
        settings.frame_size_limit = limit;
        settings.operating_point = point.into();
        settings.all_layers = i32::from(layer.is_some());
        // SAFETY: a logger without a callback calls nothing.
        settings.logger = unsafe { Dav1dLogger::new(None, None) };
        let mut decoder = Self { context: None, coding, width, height, layer };
        let place = NonNull::from(&mut decoder.context);
        // SAFETY: both point at live structs of the right types; `settings` is read and not kept, `context`
        // is written.
        let opened = unsafe { dav1d_open(Some(place), Some(NonNull::from(&mut settings))) };
        if opened.0 == 0 {
            Ok(decoder)
        } else {
            Err(Error::image("the AV1 decoder does not start"))
        }
    }

    /// The next picture, of the bytes of one access unit, in pieces. Only luma where `luma`.
    pub(super) fn decode(&mut self, pieces: &[&[u8]], luma: bool) -> Result<Frame> {
        let mut data = Data::copy(pieces)?;
        loop {
            if data.0.sz > 0 {
                // SAFETY: the context is from `dav1d_open` and open; `data` was made by `dav1d_data_create`
                // and is live. The call takes it over, or leaves it as it is.
                let sent =
                    unsafe { dav1d_send_data(self.context, Some(NonNull::from(&mut data.0))) };
                if sent.0 != 0 && sent != AGAIN {
                    return Err(refused(sent));
                }
            }
            let mut picture = Picture(Dav1dPicture::default());
            // SAFETY: the context is open, and the picture a valid place for one struct, which is written.
            let given =
                unsafe { dav1d_get_picture(self.context, Some(NonNull::from(&mut picture.0))) };
            if given == AGAIN && data.0.sz > 0 {
                continue;
            }
            if given.0 != 0 {
                return Err(refused(given));
            }
            if self.layer.is_none_or(|layer| picture.layer() == Some(layer)) {
                return self.copy(&picture, luma);
            }
        }
    }

    /// The planes of a picture, which is what was announced.
    fn copy(&self, picture: &Picture, luma: bool) -> Result<Frame> {
        let told = &picture.0.p;
        if (i64::from(told.w), i64::from(told.h)) != (self.width.into(), self.height.into()) {
            return Err(other_size());
        }
        let layout = match told.layout {
            _ if luma => Layout::Gray,
            DAV1D_PIXEL_LAYOUT_I400 => Layout::Gray,
            DAV1D_PIXEL_LAYOUT_I420 => Layout::Yuv420,
            DAV1D_PIXEL_LAYOUT_I422 => Layout::Yuv422,
            DAV1D_PIXEL_LAYOUT_I444 => Layout::Yuv444,
            _ => return Err(damaged()),
        };
        let depth = self.coding.depth;
        if i64::from(told.bpc) != i64::from(depth) {
            return Err(Error::image("damaged AVIF: a bitstream of another depth than it says"));
        }
        if !luma && (layout == Layout::Gray) != self.coding.gray {
            return Err(Error::image("damaged AVIF: a bitstream of other colours than it says"));
        }
        let signal = picture.signal().ok_or_else(damaged)?;
        let (width, height) = (self.width as usize, self.height as usize);
        let mut planes = [Samples::default(), Samples::default(), Samples::default()];
        for (index, plane) in planes.iter_mut().take(layout.planes()).enumerate() {
            let (width, height) = layout.plane(index, width, height);
            *plane = picture.plane(index, width, height, depth)?;
        }
        Ok(Frame { width, height, depth, layout, signal, planes })
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        if self.context.is_some() {
            // SAFETY: the context is from `dav1d_open` and is closed once, here; the call empties the place.
            unsafe { dav1d_close(Some(NonNull::from(&mut self.context))) }
        }
    }
}

/// Decodes a still picture.
pub(super) fn decode(coded: &Coded<'_>, luma: bool) -> Result<Frame> {
    let size = (coded.width, coded.height);
    Decoder::open(size, coded.coding, coded.point, coded.layer)?.decode(&coded.data, luma)
}

/// Bytes that rav1d owns.
struct Data(Dav1dData);

impl Data {
    /// A copy of some pieces, one after the other.
    fn copy(pieces: &[&[u8]]) -> Result<Self> {
        let length = pieces.iter().fold(0usize, |sum, piece| sum.saturating_add(piece.len()));
        if length == 0 {
            return Err(Error::image("truncated AVIF: a picture without bytes"));
        }
        limits::probe(length as u64)?;
        let mut data = Self(Dav1dData::default());
        // SAFETY: the place is valid for one struct; the call writes it and gives the start of as many bytes
        // as asked for, or null.
        let start = unsafe { dav1d_data_create(Some(NonNull::from(&mut data.0)), length) };
        if start.is_null() {
            return Err(Error::limit("no memory for the bytes of an AVIF"));
        }
        // SAFETY: `start` is that of `length` initialised bytes which only `data` refers to until it is sent,
        // and no other reference to them is made while this one lives.
        let mut rest = unsafe { slice::from_raw_parts_mut(start, length) };
        for piece in pieces {
            // The pieces are as long as `length` together.
            let (here, after) = rest.split_at_mut(piece.len());
            here.copy_from_slice(piece);
            rest = after;
        }
        Ok(data)
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        // SAFETY: the struct is from `dav1d_data_create`, as `dav1d_send_data` left it, or empty.
        unsafe { dav1d_data_unref(Some(NonNull::from(&mut self.0))) }
    }
}

/// A picture of which rav1d counts the references.
struct Picture(Dav1dPicture);

impl Picture {
    /// The spatial layer that it is of.
    fn layer(&self) -> Option<u8> {
        // SAFETY: where there is a pointer, it is to the header that the picture holds a reference of.
        self.0.frame_hdr.map(|header| unsafe { header.as_ref() }.spatial_id)
    }

    /// What its sequence header says of colours.
    fn signal(&self) -> Option<Signal> {
        // SAFETY: as in `layer`.
        let header = self.0.seq_hdr.map(|header| unsafe { header.as_ref() })?;
        let (primaries, matrix) = (header.pri as u16, header.mtrx as u16);
        Some(Signal { primaries, matrix, full: header.color_range != 0 })
    }

    /// A copy of one plane, row by row.
    fn plane(&self, index: usize, width: usize, height: usize, depth: u8) -> Result<Samples> {
        let start: NonNull<c_void> = self.0.data[index].ok_or_else(damaged)?;
        let stride = self.0.stride[usize::from(index > 0)];
        let size = if depth > 8 { 2 } else { 1 };
        if usize::try_from(stride).map_err(|_| damaged())? < width * size {
            return Err(damaged());
        }
        let row = |y: usize| start.as_ptr().cast::<u8>().wrapping_offset(y as isize * stride);
        if depth > 8 {
            let mut samples = Vec::new();
            limits::make_room(&mut samples, width * height)?;
            for y in 0..height {
                // SAFETY: the default allocator of rav1d gives initialised planes of at least `height` rows
                // of the layout's plane, `stride` bytes apart, aligned to 64 bytes; `stride` is a multiple of
                // that and covers `width` samples (checked above). For more than 8 bits a sample is a `u16`.
                // The picture holds a reference, and nothing writes to it.
                samples.extend_from_slice(unsafe {
                    slice::from_raw_parts(row(y).cast::<u16>(), width)
                });
            }
            Ok(Samples::Words(samples))
        } else {
            let mut samples = Vec::new();
            limits::make_room(&mut samples, width * height)?;
            for y in 0..height {
                // SAFETY: as above, with samples of one byte.
                samples.extend_from_slice(unsafe { slice::from_raw_parts(row(y), width) });
            }
            Ok(Samples::Bytes(samples))
        }
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the struct is as `dav1d_get_picture` left it, or empty.
        unsafe { dav1d_picture_unref(Some(NonNull::from(&mut self.0))) }
        if let Some(list) = self.0.itut_t35_ref.take() {
            // SAFETY: the call has made an empty list from an `Arc`, and left it here. Nothing else refers to it
            // or would give it back.
            drop(unsafe { list.into_arc() });
        }
    }
}

/// Why rav1d gives no picture.
fn refused(result: Dav1dResult) -> Error {
    if result == TOO_LARGE { other_size() } else { damaged() }
}

/// A bitstream that makes no sense.
fn damaged() -> Error {
    Error::image("damaged or truncated AVIF: its AV1 bitstream does not decode")
}

/// A picture that would have to be scaled.
fn other_size() -> Error {
    Error::unsupported("AVIF whose AV1 bitstream has another size than it says")
}
