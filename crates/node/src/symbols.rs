//! Functions that are looked up at run time: what runs this addon may not have them.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

unsafe extern "C" {
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// Looks a function up among everything the process has loaded (`RTLD_DEFAULT`).
pub fn lookup(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a null library is `RTLD_DEFAULT` on Linux, and the name ends with a zero.
    let symbol = unsafe { dlsym(ptr::null_mut(), name.as_ptr()) };
    (!symbol.is_null()).then_some(symbol)
}

/// Gives memory that was freed back to the system. glibc keeps it otherwise, where anything that lives
/// on lies behind it; other allocators see to that themselves. Takes milliseconds.
pub fn trim_memory() {
    let Some(trim) = lookup(c"malloc_trim") else {
        return;
    };
    // SAFETY: the signature is glibc's, and no other library has a function of that name.
    let trim =
        unsafe { core::mem::transmute::<*mut c_void, unsafe extern "C" fn(usize) -> c_int>(trim) };
    // SAFETY: it takes the allocator's own locks and touches free memory only.
    unsafe { trim(0) };
}
