//! Single turns of a peer.
