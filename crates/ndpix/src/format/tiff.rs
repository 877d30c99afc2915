//! Placeholder: replaced by the real file.
use super::ImageInfo;
use crate::error::{Error, Result};
use crate::limits::Limits;

pub(super) fn info(_bytes: &[u8], _limits: &Limits) -> Result<ImageInfo> {
    Err(Error::unsupported("tiff"))
}

pub(super) fn decode(
    _bytes: &[u8],
    _info: &ImageInfo,
    _limits: &Limits,
    _out: &mut [u8],
) -> Result<()> {
    Err(Error::unsupported("tiff"))
}
