//! A hostile peer, steered by the bytes, on a graph that grows: whatever it says, it cannot make the engine panic, keep
//! more than the limits allow, send what is not there, or talk without end.

#![no_main]

use fuzz::hostile::{Act, Script};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut script = Script::new(bytes);
    while let Some(act) = script.next_act() {
        match act {
            Act::Say(message) => script.hear(&message),
            Act::Plan => script.plan(),
            Act::Commit => script.commit(),
            Act::Settle => script.settle(),
            Act::ReadOnly(on) => script.peer.set_read_only(on),
            Act::StartOver => script.peer.start_over(),
        }
        script.check();
    }
});
