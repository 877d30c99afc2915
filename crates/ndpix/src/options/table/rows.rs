//! The rows of the table, in the order of the documentation.

use std::path::PathBuf;

use super::Governs::{How, Run, What, Where};
use super::row::{Row, row};
use super::text::*;
use crate::dtype::DType;
use crate::encoding::Encoding;
use crate::error::Result;
use crate::format::ImageFormat;
use crate::framing::Framing;
use crate::options::output::split_fields;
use crate::options::{
    Fetch, Fit, IfExists, ImagesAs, Layout, MaxRejects, Merge, Mode, OnError, OnMissing,
    OnMissingColumn, OnTruncated, Ragged, RawChannels, RawLayout, RawOrder, Rejects,
    RejectsContent, Resample, Rows, Scale, Stack,
};
use crate::record::pointer::Field;

pub(super) const TABLE: &[Row] = &[
    // Several fields, the bands of a stack, stand on a line each.
    row(
        "field",
        Where,
        |o| {
            let all: Vec<_> = o.field.iter().chain(&o.bands).map(ToString::to_string).collect();
            (!all.is_empty()).then(|| all.join("\n"))
        },
        |o, t| {
            let mut all = t.split('\n').map(str::parse).collect::<Result<Vec<Field>>>()?;
            o.bands = all.split_off(1);
            o.field = all.pop();
            Ok(())
        },
    )
    .list(),
    row(
        "encoding",
        Where,
        |o| Some(list(&o.encoding).unwrap_or("auto".into())),
        |o, t| {
            let names = t.split([',', '\n']).map(str::trim).filter(|_| t != "auto");
            o.encoding = names.map(str::parse).collect::<Result<_>>()?;
            Ok(())
        },
    )
    .words(Encoding::names)
    .list(),
    row("mixed", Where, |o| Some(o.mixed.to_string()), |o, t| flag("mixed", &mut o.mixed, t)),
    row("raw_shape", What, |o| given(&o.raw_shape, shape), |o, t| some(&mut o.raw_shape, t)),
    row("raw_dtype", What, |o| given(&o.raw_dtype, raw_dtype), |o, t| some(&mut o.raw_dtype, t))
        .words(|| each(&DType::ALL, DType::name)),
    row(
        "raw_byteorder",
        What,
        |o| given(&o.raw_byteorder, byteorder),
        |o, t| some(&mut o.raw_byteorder, t),
    )
    .words(|| vec!["little", "big"]),
    row(
        "raw_order",
        What,
        |o| given(&o.raw_order, ToString::to_string),
        |o, t| some(&mut o.raw_order, t),
    )
    .words(|| each(RawOrder::ALL, RawOrder::name)),
    row(
        "raw_channels",
        What,
        |o| Some(o.raw_channels.to_string()),
        |o, t| one(&mut o.raw_channels, t),
    )
    .words(|| each(RawChannels::ALL, RawChannels::name)),
    row(
        "raw_layout",
        What,
        |o| given(&o.raw_layout, ToString::to_string),
        |o, t| some(&mut o.raw_layout, t),
    )
    .words(|| each(RawLayout::ALL, RawLayout::name)),
    row(
        "raw_step",
        What,
        |o| given(&o.raw_step, ToString::to_string),
        |o, t| some(&mut o.raw_step, t),
    ),
    row(
        "allow_nan",
        What,
        |o| Some(o.allow_nan.to_string()),
        |o, t| flag("allow_nan", &mut o.allow_nan, t),
    ),
    row(
        "text_repair",
        What,
        |o| Some(o.text_repair.to_string()),
        |o, t| flag("text_repair", &mut o.text_repair, t),
    ),
    row(
        "formats",
        Where,
        |o| list(&o.formats),
        |o, t| {
            o.formats = t.split([',', '\n']).map(|f| f.trim().parse()).collect::<Result<_>>()?;
            Ok(())
        },
    )
    .words(|| each(ImageFormat::ALL, ImageFormat::name))
    .list(),
    row("shape", What, |o| o.shape.as_ref().map(shape), |o, t| some(&mut o.shape, t)),
    row("dtype", What, |o| text(&o.dtype), |o, t| some(&mut o.dtype, t))
        .words(|| each(&DType::ALL, DType::name)),
    row("mode", What, |o| Some(o.mode.to_string()), |o, t| one(&mut o.mode, t))
        .words(|| each(Mode::ALL, Mode::name)),
    row("background", What, |o| text(&o.background), |o, t| some(&mut o.background, t)),
    row(
        "exif_transpose",
        What,
        |o| Some(o.exif_transpose.to_string()),
        |o, t| flag("exif_transpose", &mut o.exif_transpose, t),
    ),
    row(
        "rescale",
        What,
        |o| Some(o.rescale.to_string()),
        |o, t| flag("rescale", &mut o.rescale, t),
    ),
    row("frames", What, |o| Some(o.frames.to_string()), |o, t| one(&mut o.frames, t)),
    row("size", What, |o| text(&o.size), |o, t| some(&mut o.size, t)),
    row("fit", What, |o| text(&o.fit), |o, t| some(&mut o.fit, t))
        .words(|| each(Fit::ALL, Fit::name)),
    row("resample", What, |o| text(&o.resample), |o, t| some(&mut o.resample, t))
        .words(|| each(Resample::ALL, Resample::name)),
    row(
        "pad_value",
        What,
        |o| Some(o.pad_value.to_string()),
        |o, t| number("pad_value", &mut o.pad_value, t),
    ),
    row("scale", What, |o| Some(o.scale.to_string()), |o, t| one(&mut o.scale, t))
        .words(|| each(Scale::ALL, Scale::name)),
    row("normalize", What, |o| Some(o.normalize.to_string()), |o, t| one(&mut o.normalize, t)),
    row("layout", What, |o| Some(o.layout.to_string()), |o, t| one(&mut o.layout, t))
        .words(|| each(Layout::ALL, Layout::name)),
    row("stack", What, |o| Some(o.stack.to_string()), |o, t| one(&mut o.stack, t))
        .words(|| each(Stack::ALL, Stack::name)),
    row(
        "fill_value",
        What,
        |o| Some(o.fill_value.to_string()),
        |o, t| number("fill_value", &mut o.fill_value, t),
    ),
    row(
        "merge",
        What,
        |o| Some(merged(o)),
        |o, t| {
            (o.merge, o.classes) = merge(t)?;
            Ok(())
        },
    )
    .words(|| each(Merge::ALL, Merge::name)),
    row(
        "array",
        What,
        |o| lines(o.arrays.iter().map(ToString::to_string)),
        |o, t| {
            let all = t.split('\n').filter(|array| !array.is_empty());
            o.arrays = all.map(str::parse).collect::<Result<_>>()?;
            Ok(())
        },
    )
    .list(),
    row(
        "where",
        Where,
        |o| lines(o.conditions.iter().map(ToString::to_string)),
        |o, t| {
            let all = t.split('\n').filter(|condition| !condition.is_empty());
            o.conditions = all.map(str::parse).collect::<Result<_>>()?;
            Ok(())
        },
    )
    .list(),
    row("skip", Where, |o| Some(o.skip.to_string()), |o, t| number("skip", &mut o.skip, t)),
    row(
        "limit",
        Where,
        |o| text(&o.limit),
        |o, t| {
            let mut limit = 0;
            number("limit", &mut limit, t)?;
            o.limit = Some(limit);
            Ok(())
        },
    ),
    row("on_missing", How, |o| Some(o.on_missing.to_string()), |o, t| one(&mut o.on_missing, t))
        .words(|| each(OnMissing::ALL, OnMissing::name)),
    row("on_error", How, |o| Some(o.on_error.to_string()), |o, t| one(&mut o.on_error, t))
        .words(|| each(OnError::ALL, OnError::name)),
    row("max_rejects", Run, |o| text(&o.max_rejects), |o, t| some(&mut o.max_rejects, t)),
    row(
        "warn_rejects",
        Run,
        |o| Some(text(&o.warn_rejects).unwrap_or("none".into())),
        |o, t| {
            let most = MaxRejects::read("warn_rejects", t)?;
            o.warn_rejects = Some(most).filter(|most| *most != MaxRejects::None);
            Ok(())
        },
    ),
    row(
        "rejects",
        Run,
        |o| rejects(&o.rejects),
        |o, t| {
            o.rejects = match t {
                "none" => Rejects::None,
                path => Rejects::Path(path.into()),
            };
            Ok(())
        },
    ),
    row(
        "rejects_content",
        Run,
        |o| Some(o.rejects_content.to_string()),
        |o, t| one(&mut o.rejects_content, t),
    )
    .words(|| each(RejectsContent::ALL, RejectsContent::name)),
    row("framing", Where, |o| Some(o.framing.to_string()), |o, t| one(&mut o.framing, t))
        .words(|| each(&Framing::ALL, Framing::name)),
    row(
        "on_truncated",
        Where,
        |o| Some(o.on_truncated.to_string()),
        |o, t| one(&mut o.on_truncated, t),
    )
    .words(|| each(OnTruncated::ALL, OnTruncated::name)),
    row(
        "base_dir",
        Run,
        |o| o.base_dir.as_ref().map(|p| p.display().to_string()),
        |o, t| {
            o.base_dir = Some(PathBuf::from(t));
            Ok(())
        },
    ),
    // Several stand on a line each.
    row(
        "allow_dir",
        Run,
        |o| lines(o.allow_dir.iter().map(|p| p.display().to_string())),
        |o, t| {
            o.allow_dir = t.split('\n').filter(|d| !d.is_empty()).map(PathBuf::from).collect();
            Ok(())
        },
    )
    .list(),
    row(
        "path_prefix",
        Run,
        |o| lines(o.path_prefix.iter().map(ToString::to_string)),
        |o, t| {
            let all = t.split('\n').filter(|_| !t.is_empty());
            o.path_prefix = all.map(str::parse).collect::<Result<_>>()?;
            Ok(())
        },
    )
    .list(),
    row("fetch", Run, |o| Some(o.fetch.to_string()), |o, t| one(&mut o.fetch, t))
        .words(|| each(Fetch::ALL, Fetch::name)),
    row(
        "allow_host",
        Run,
        |o| lines(o.allow_host.iter().cloned()),
        |o, t| {
            o.allow_host = t.split('\n').filter(|h| !h.is_empty()).map(str::to_string).collect();
            Ok(())
        },
    )
    .list(),
    row(
        "rejects_input",
        Where,
        |o| Some(o.rejects_input.to_string()),
        |o, t| flag("rejects_input", &mut o.rejects_input, t),
    ),
    row(
        "max_record_bytes",
        Where,
        |o| Some(size(o.limits.max_record_bytes)),
        |o, t| {
            o.limits.max_record_bytes = bytes("max_record_bytes", t)?;
            Ok(())
        },
    ),
    row(
        "max_pixels",
        Where,
        |o| Some(o.limits.max_pixels.to_string()),
        |o, t| number("max_pixels", &mut o.limits.max_pixels, t),
    ),
    row(
        "memory",
        Run,
        |o| Some(o.limits.memory.map_or("auto".into(), size)),
        |o, t| {
            o.limits.memory = match t {
                "auto" => None,
                text => Some(at_least("memory", LEAST_MEMORY, bytes("memory", text)?)?),
            };
            Ok(())
        },
    ),
    row(
        "threads",
        Run,
        |o| Some(o.threads.to_string()),
        |o, t| number("threads", &mut o.threads, t),
    ),
    row("if_exists", Run, |o| Some(o.if_exists.to_string()), |o, t| one(&mut o.if_exists, t))
        .words(|| each(IfExists::ALL, IfExists::name)),
    row("rows", How, |o| Some(o.rows.to_string()), |o, t| one(&mut o.rows, t))
        .words(|| each(Rows::ALL, Rows::name)),
    row("ragged", What, |o| Some(o.ragged.to_string()), |o, t| one(&mut o.ragged, t))
        .words(|| each(Ragged::ALL, Ragged::name)),
    row("images_as", How, |o| Some(o.images_as.to_string()), |o, t| one(&mut o.images_as, t))
        .words(|| each(ImagesAs::ALL, ImagesAs::name)),
    row("chunks", How, |o| text(&o.chunks), |o, t| rows("chunks", &mut o.chunks, t)),
    row(
        "output_compression",
        How,
        |o| Some(o.output_compression.to_string()),
        |o, t| one(&mut o.output_compression, t),
    ),
    row(
        "shard_rows",
        How,
        |o| text(&o.shard_rows),
        |o, t| rows("shard_rows", &mut o.shard_rows, t),
    ),
    row("append", Run, |o| Some(o.append.to_string()), |o, t| flag("append", &mut o.append, t)),
    row(
        "append_again",
        Run,
        |o| Some(o.append_again.to_string()),
        |o, t| flag("append_again", &mut o.append_again, t),
    ),
    row("fresh", Run, |o| Some(o.fresh.to_string()), |o, t| flag("fresh", &mut o.fresh, t)),
    row(
        "on_missing_column",
        How,
        |o| Some(o.on_missing_column.to_string()),
        |o, t| one(&mut o.on_missing_column, t),
    )
    .words(|| each(OnMissingColumn::ALL, OnMissingColumn::name)),
    row(
        "column_type",
        How,
        |o| lines(o.column_type.iter().map(ToString::to_string)),
        |o, t| {
            let all = t.split('\n').filter(|_| !t.is_empty());
            o.column_type = all.map(str::parse).collect::<Result<_>>()?;
            Ok(())
        },
    )
    .list(),
    // A field on each line, as keys may hold commas.
    row(
        "columns",
        How,
        |o| lines(o.columns.iter().map(ToString::to_string)),
        |o, t| {
            let all = split_fields(t).filter(|_| !t.is_empty());
            o.columns = all.map(str::parse).collect::<Result<_>>()?;
            Ok(())
        },
    )
    .list(),
];
