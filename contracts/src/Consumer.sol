pragma solidity 0.8.37;

import {JOB_MANAGER} from "./Addresses.sol";
import {IConsumer} from "./IConsumer.sol";
import {JobLimits, Outcome} from "./Types.sol";

/// Base of contracts that ask for jobs. Refunds collect in JobManager as this contract's credit:
/// an application gives its owner a way to `_withdrawCredit`.
abstract contract Consumer is IConsumer {
    error NotJobManager(address caller);

    modifier onlyJobManager() {
        if (msg.sender != address(JOB_MANAGER)) revert NotJobManager(msg.sender);
        _;
    }

    function receiveResult(bytes32 jobID, bytes calldata result) external onlyJobManager {
        _receiveResult(jobID, result);
    }

    function receiveFailure(bytes32 jobID, uint8 outcome, uint32 code) external onlyJobManager {
        _receiveFailure(jobID, Outcome(outcome), code);
    }

    /// Pays `value` wei of this contract, of which JobManager keeps what it quotes and credits the rest.
    function _requestJob(bytes32 programID, bytes memory onchainInput, JobLimits memory limits, uint256 value)
        internal
        returns (bytes32 jobID)
    {
        return JOB_MANAGER.requestJob{value: value}(programID, onchainInput, limits);
    }

    function _withdrawCredit(address to) internal {
        JOB_MANAGER.withdraw(to);
    }

    /// A job of this contract exited with code 0.
    function _receiveResult(bytes32 jobID, bytes calldata result) internal virtual;

    /// A job of this contract ended in any other way.
    function _receiveFailure(bytes32 jobID, Outcome outcome, uint32 code) internal virtual;
}
