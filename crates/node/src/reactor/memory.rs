//! Memory of JavaScript's that a message is received in.

use core::ptr::{self, NonNull};
use core::slice;

use ferrows_reactor::Memory;
use napi::bindgen_prelude::{Env, FromNapiValue, Unknown};
use napi::sys;

/// A Buffer of its own, which nobody has seen. It is kept alive until it is handed out or dropped.
#[derive(Debug)]
pub struct JsMemory {
    env: sys::napi_env,
    reference: sys::napi_ref,
    data: NonNull<u8>,
    len: usize,
}

impl JsMemory {
    /// `None` where JavaScript has no such memory.
    ///
    /// # Safety
    /// `env` is that of this thread, a handle scope is open, and the memory does not outlive `env`.
    pub unsafe fn new(env: sys::napi_env, len: usize) -> Option<Self> {
        let mut data = ptr::null_mut();
        let mut value = ptr::null_mut();
        let mut reference = ptr::null_mut();
        // SAFETY: as the caller promises.
        unsafe {
            let status = sys::napi_create_buffer(env, len, &mut data, &mut value);
            if status != sys::Status::napi_ok {
                let mut exception = ptr::null_mut();
                sys::napi_get_and_clear_last_exception(env, &mut exception);
                return None;
            }
            let data = NonNull::new(data.cast())?;
            let status = sys::napi_create_reference(env, value, 1, &mut reference);
            (status == sys::Status::napi_ok).then_some(Self {
                env,
                reference,
                data,
                len,
            })
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// The Buffer.
    pub fn into_value<'a>(self, env: Env) -> Option<Unknown<'a>> {
        let mut value = ptr::null_mut();
        // SAFETY: the reference is this environment's; JavaScript has called, so that a handle scope
        // is open.
        unsafe {
            sys::napi_get_reference_value(self.env, self.reference, &mut value);
            if value.is_null() {
                return None;
            }
            Unknown::from_napi_value(env.raw(), value).ok()
        }
    }
}

impl Memory for JsMemory {
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the Buffer has `len` bytes there, which stay where they are as long as `reference`
        // keeps it; nobody else knows it. What JavaScript's allocator hands out counts as written:
        // the compiler knows nothing of where it comes from.
        unsafe { slice::from_raw_parts_mut(self.data.as_ptr(), self.len) }
    }
}

impl Drop for JsMemory {
    fn drop(&mut self) {
        // SAFETY: it was made in this environment, which still exists.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}
