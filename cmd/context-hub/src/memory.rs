//! The allocator of the program.

use libmimalloc_sys::{mi_option_set_default, mi_option_t};

/// Requests make many small allocations; this allocator takes about half the time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// About how long free memory is kept before it goes back to the machine, in milliseconds. The store's tables in memory are filled and
/// given up every few seconds while many write; the allocator's own second would have each of their pages made anew.
const KEPT_MS: i64 = 20_000;

/// `mi_option_purge_delay` in the header of mimalloc 3, which the binding gives no name.
const PURGE_DELAY: mi_option_t = 15;

/// Sets what the allocator does by default. `MIMALLOC_PURGE_DELAY` in the environment says otherwise. Called by `main` alone,
/// before there are threads.
pub fn configure() {
    // SAFETY: the option exists in the version that is linked, which a test looks at; `main` has one thread yet.
    unsafe { mi_option_set_default(PURGE_DELAY, KEPT_MS) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libmimalloc_sys::mi_option_get;

    /// By its default, which no other option of mimalloc has; where the environment says nothing of it.
    #[test]
    fn the_option_is_the_one_that_is_meant() {
        // SAFETY: nothing in the tests sets an option.
        assert_eq!(unsafe { mi_option_get(PURGE_DELAY) }, 1_000);
    }
}
