//! What an error of etcd means to whoever asked.

use super::CoordinatorError;
use etcd_client::Error;

/// gRPC's numbers. What is not here means that etcd cannot be reached, or cannot decide now.
const INVALID_ARGUMENT: i32 = 3;
const NOT_FOUND: i32 = 5;
const PERMISSION_DENIED: i32 = 7;
const UNAUTHENTICATED: i32 = 16;

pub(super) fn explain(error: Error) -> CoordinatorError {
    let reason = error.to_string();
    match error {
        Error::GRpcStatus(status) => match status.code() as i32 {
            // Leases are all that our calls can miss.
            NOT_FOUND => CoordinatorError::LeaseLost,
            INVALID_ARGUMENT | PERMISSION_DENIED | UNAUTHENTICATED => {
                CoordinatorError::Refused { reason: status.message().to_owned() }
            }
            _ => CoordinatorError::Unavailable { reason: status.message().to_owned() },
        },
        Error::InvalidArgs(_) | Error::InvalidUri(_) | Error::InvalidMetadataValue(_) => {
            CoordinatorError::Refused { reason }
        }
        _ => CoordinatorError::Unavailable { reason },
    }
}
