//! What both kinds of streams have in common.

use core::ffi::c_int;

use libz_rs_sys::z_stream;

/// The size that zlib's functions check `z_stream` by.
pub const STREAM_SIZE: c_int = size_of::<z_stream>() as c_int;

/// Lends `input` and the spare capacity of `output` to one call of zlib's, and counts what it wrote
/// to `output`, of which at most `room` bytes are used. Returns zlib's answer and how many bytes of
/// `input` it took.
pub fn run(
    stream: &mut z_stream,
    input: &[u8],
    output: &mut Vec<u8>,
    room: usize,
    call: impl FnOnce(&mut z_stream) -> c_int,
) -> (c_int, usize) {
    let spare = output.spare_capacity_mut();
    let room = room.min(spare.len()).min(u32::MAX as usize);
    let length = input.len().min(u32::MAX as usize);
    stream.next_in = input.as_ptr();
    stream.avail_in = length as u32;
    stream.next_out = spare.as_mut_ptr().cast();
    stream.avail_out = room as u32;
    let answer = call(stream);
    let taken = length - stream.avail_in as usize;
    let written = room - stream.avail_out as usize;
    stream.next_in = core::ptr::null();
    stream.avail_in = 0;
    stream.next_out = core::ptr::null_mut();
    stream.avail_out = 0;
    // SAFETY: zlib has written `written` bytes to the spare capacity, from its beginning on.
    unsafe { output.set_len(output.len() + written) };
    (answer, taken)
}
