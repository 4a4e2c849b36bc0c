pragma solidity 0.8.37;

import {ICredits} from "./ICredits.sol";
import {Job, JobLimits, Outcome, Status} from "./Types.sol";

/// Jobs: asked for with an escrow, answered by the proposer of a block, received in a callback.
interface IJobManager is ICredits {
    event JobRequested(
        bytes32 indexed jobID,
        address indexed consumer,
        bytes32 indexed programID,
        uint64 nonce,
        JobLimits limits,
        uint64 readyAt,
        bytes onchainInput
    );
    event JobCompleted(
        bytes32 indexed jobID,
        address indexed proposer,
        Outcome outcome,
        uint32 code,
        uint64 usedCycles,
        bytes result
    );
    event JobCancelled(bytes32 indexed jobID);
    event JobExpired(bytes32 indexed jobID);
    event CallbackFailed(bytes32 indexed jobID, bytes reason);
    event CallbackRetried(bytes32 indexed jobID);

    error UnknownProgram(bytes32 programID);
    error FeeTooLow(uint256 required);
    error InputTooLong(uint256 limit);
    error CyclesOutOfRange(uint64 limit);
    error DeadlineOutOfRange(uint64 earliest);
    error CallbackGasOutOfRange(uint64 limit);
    error BacklogFull(uint64 readyAt);
    error NotConsumer(address consumer);
    error NotPending(bytes32 jobID, Status status);
    error NotEntitled(address signer);
    error ResultTooEarly(uint64 readyAt);
    error ResultMismatch(bytes32 jobID);
    error ResultTooLate(uint64 deadline);
    error NotExpired(uint64 deadline);
    error CallbackGasTooLow(uint256 required);
    error NothingToRetry(bytes32 jobID);

    /// Asks for a run of `programID` on `onchainInput`. Takes the escrow that `quote` names; what is sent
    /// beyond it is credited to the caller.
    function requestJob(bytes32 programID, bytes calldata onchainInput, JobLimits calldata limits)
        external
        payable
        returns (bytes32 jobID);

    /// By the consumer while the job is pending; half of the job's cycles go to the block's proposer.
    function cancelJob(bytes32 jobID) external;

    /// `resultWithMetadata` is abi.encode(JobResult), `signature` the EIP-712 signature over it by the
    /// result key of the block's proposer. Anyone may send it.
    function submitResult(bytes calldata resultWithMetadata, bytes calldata signature) external;

    /// Repeats a callback that reverted, with all the gas of the caller; by anyone who brings the result.
    function retryCallback(bytes32 jobID, bytes calldata result) external;

    /// Ends a job whose deadline has passed; the whole escrow is credited to its consumer.
    function expire(bytes32 jobID) external;

    /// The escrow that such a request must bring now. Reverts as the request would.
    function quote(bytes32 programID, uint256 inputLength, JobLimits calldata limits)
        external
        view
        returns (uint256 fee);

    function getJob(bytes32 jobID) external view returns (Job memory);
}
