pragma solidity 0.8.37;

/// What JobManager calls when a job of this account ends.
interface IConsumer {
    /// The program exited with code 0.
    function receiveResult(bytes32 jobID, bytes calldata result) external;

    /// Anything else: outcome 0 is an exit with another code, 1 a trap (code is its cause), 2 out of cycles.
    function receiveFailure(bytes32 jobID, uint8 outcome, uint32 code) external;
}
