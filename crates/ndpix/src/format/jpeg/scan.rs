//! What the markers of a JPEG say of its scan, where the scan is of the kind that is decoded here.

use libjpeg_turbo_rs::DecodeLimits;
use libjpeg_turbo_rs::decode::entropy::{McuComponentPlan, resolve_mcu_plan};
use libjpeg_turbo_rs::decode::marker::{JpegMetadata, MarkerReader};

use super::header::Header;
use super::is_frame;

/// Fewer columns of halved colour are widened by another rule.
const LEAST_HALVED: usize = 3;

/// What the markers say of a picture whose rows follow each other.
pub(super) struct Scan<'m> {
    pub(super) markers: &'m JpegMetadata,
    pub(super) size: (usize, usize),
    /// Samples of light to one of colour: down and across.
    pub(super) ratio: (usize, usize),
    pub(super) components: Vec<Component<'m>>,
}

/// The markers of a file that may be of the kind that is decoded here.
pub(super) fn read_markers(
    bytes: &[u8],
    header: &Header,
    limits: &DecodeLimits,
) -> Option<JpegMetadata> {
    if !header.sequential || header.precision != 8 {
        return None;
    }
    let mut reader = MarkerReader::new(bytes);
    reader.set_scan_cap(limits.max_scans);
    reader.read_markers().ok()
}

impl<'m> Scan<'m> {
    /// `None` where the codec has to decode the file, if it can.
    pub(super) fn of(markers: &'m JpegMetadata, header: &Header) -> Option<Self> {
        let (frame, scan) = (&markers.frame, &markers.scan);
        let sampling = |number: usize| {
            let component = frame.components.get(number)?;
            Some((component.vertical_sampling, component.horizontal_sampling))
        };
        let ratio = match (frame.components.len(), sampling(0)?) {
            (1, _) => (1, 1),
            (3, (down @ 1, across @ 1..=2) | (down @ 2, across @ 2))
                if sampling(1)? == (1, 1) && sampling(2)? == (1, 1) && !is_rgb(markers) =>
            {
                (usize::from(down), usize::from(across))
            }
            _ => return None,
        };
        let size = (usize::from(header.height), usize::from(header.width));
        let plain = is_frame(header, frame)
            && scan.components.len() == frame.components.len()
            && (ratio.1 == 1 || size.1.div_ceil(2) >= LEAST_HALVED);
        let components = tables(markers).filter(|_| plain)?;
        Some(Self { markers, size, ratio, components })
    }

    /// Bytes of a row of pixels.
    pub(super) fn line(&self) -> usize {
        self.size.1 * self.components.len()
    }
}

/// Whether three components are RGB, as libjpeg decides it (`default_decompress_parms`).
fn is_rgb(markers: &JpegMetadata) -> bool {
    match (markers.saw_jfif_marker_at_first_sos, markers.adobe_transform_at_first_sos) {
        (true, _) => false,
        (false, Some(transform)) => transform == 0,
        (false, None) => markers.frame.components.iter().map(|c| c.id).eq(*b"RGB"),
    }
}

/// A component with the tables that it is decoded by.
pub(super) struct Component<'s> {
    pub(super) codes: McuComponentPlan<'s>,
    /// What numbers of a block are multiplied by.
    pub(super) steps: &'s [u16; 64],
}

/// The components in the order of the frame; `None` where a table is missing.
fn tables(markers: &JpegMetadata) -> Option<Vec<Component<'_>>> {
    let (dc, ac) = (&markers.dc_huffman_tables, &markers.ac_huffman_tables);
    let codes = resolve_mcu_plan(&markers.frame, &markers.scan, dc, ac).ok()?;
    codes
        .into_iter()
        .zip(&markers.frame.components)
        .enumerate()
        .map(|(number, (codes, component))| {
            let table = markers.quant_tables.get(usize::from(component.quant_table_index))?;
            let steps = &table.as_ref()?.values;
            (codes.comp_idx == number).then_some(Component { codes, steps })
        })
        .collect()
}
