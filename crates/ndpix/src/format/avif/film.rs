//! The frames of an AVIF in order, and its first picture.
//!
//! Takes a file; decodes one picture a call into a buffer of its own, colours and alpha side by side. The
//! frames of a sequence depend on those before them, so each bitstream has a decoder that stays open.

use super::boxes::short;
use super::color;
use super::decoder::{self, Decoder};
use super::frame::Frame;
use super::still::{Mosaic, Still};
use super::track::{Sequence, Track};
use super::{Content, guarded};
use crate::error::{Error, Result};
use crate::format::row::Film;
use crate::limits;

/// An AVIF that is being played.
pub(super) struct AvifFilm<'a> {
    bytes: &'a [u8],
    content: Content<'a>,
    /// Of the colours and of alpha, once a frame of a sequence was drawn.
    decoders: Option<(Decoder, Option<Decoder>)>,
    /// How many were drawn.
    drawn: usize,
    picture: Vec<u8>,
}

impl<'a> AvifFilm<'a> {
    /// Before the first frame; `length` is that of a picture in bytes.
    pub(super) fn open(bytes: &'a [u8], content: Content<'a>, length: usize) -> Result<Self> {
        let picture = limits::zeros(length)?;
        Ok(Self { bytes, content, decoders: None, drawn: 0, picture })
    }
}

impl Film for AvifFilm<'_> {
    fn draw(&mut self) -> Result<()> {
        let Self { bytes, content, decoders, drawn, picture } = self;
        guarded(|| match content {
            Content::Still(still) => draw_still(still, picture),
            Content::Sequence(sequence) => {
                let (color, alpha) = match decoders {
                    Some(decoders) => decoders,
                    None => decoders.insert(open_tracks(sequence)?),
                };
                let index = *drawn;
                *drawn += 1;
                let color = next(color, &sequence.color, bytes, index, false)?;
                let alpha = match (alpha, &sequence.alpha) {
                    (Some(decoder), Some(track)) => Some(next(decoder, track, bytes, index, true)?),
                    _ => None,
                };
                let signal = sequence.signal.unwrap_or(color.signal);
                color::write(&color, alpha.as_ref(), signal, sequence.multiplied, picture)
            }
        })
    }

    fn show(&self, out: &mut [u8]) {
        out.copy_from_slice(&self.picture);
    }
}

/// Fills `out` with a still picture.
pub(super) fn draw_still(still: &Still<'_>, out: &mut [u8]) -> Result<()> {
    let color = assemble(&still.color, false)?;
    let alpha = still.alpha.as_ref().map(|alpha| assemble(alpha, true)).transpose()?;
    let signal = still.signal.unwrap_or(color.signal);
    color::write(&color, alpha.as_ref(), signal, still.multiplied, out)
}

/// Decodes all cells into one picture; only their luma where `luma`.
fn assemble(mosaic: &Mosaic<'_>, luma: bool) -> Result<Frame> {
    let (width, height) = (mosaic.width as usize, mosaic.height as usize);
    let mut cells = mosaic.cells.iter().enumerate();
    let (_, first) = cells.next().ok_or_else(short)?;
    let frame = decoder::decode(first, luma)?;
    let Some(columns) = mosaic.columns else {
        return Ok(frame);
    };
    let (cell_width, cell_height, columns) = (frame.width, frame.height, columns as usize);
    let (across, down) = frame.layout.halves();
    if (across && !(width | cell_width).is_multiple_of(2))
        || (down && !(height | cell_height).is_multiple_of(2))
    {
        return Err(Error::image("damaged AVIF: a grid of odd size whose pixels share colours"));
    }
    let mut whole = Frame::like(&frame, width, height)?;
    whole.paste(&frame, 0, 0)?;
    drop(frame);
    for (index, cell) in cells {
        let (x, y) = (index % columns * cell_width, index / columns * cell_height);
        whole.paste(&decoder::decode(cell, luma)?, x, y)?;
    }
    Ok(whole)
}

/// A decoder for the colours of a sequence and one for its alpha.
fn open_tracks(sequence: &Sequence<'_>) -> Result<(Decoder, Option<Decoder>)> {
    let open =
        |track: &Track<'_>| Decoder::open((track.width, track.height), track.coding()?, 0, None);
    Ok((open(&sequence.color)?, sequence.alpha.as_ref().map(open).transpose()?))
}

/// Decodes the frame of that number of a track, after those before it.
fn next(
    decoder: &mut Decoder,
    track: &Track<'_>,
    bytes: &[u8],
    index: usize,
    luma: bool,
) -> Result<Frame> {
    let place = track.frames.get(index);
    let place = place.ok_or_else(|| Error::image("damaged AVIF: it has no more frames"))?;
    decoder.decode(&[frame_bytes(bytes, *place)?], luma)
}

/// The bytes of a frame.
pub(super) fn frame_bytes(bytes: &[u8], (offset, length): (u64, u64)) -> Result<&[u8]> {
    let tail = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
    let length = usize::try_from(length).ok();
    tail.zip(length).and_then(|(tail, length)| tail.get(..length)).ok_or_else(short)
}
