pragma solidity 0.8.37;

import {Consumer} from "./Consumer.sol";
import {JobLimits, Outcome} from "./Types.sol";

/// A consumer whose state lives off the chain, as a root: each job takes the state from one root to the
/// next. The root stands first in the job's input and the new one first in its output. Here it is checked
/// that a job starts from the root that holds when it is asked for, and that this root still holds when
/// its result arrives; that the state given to the program has this root is for the program to check: a
/// root that the program does not verify proves nothing.
abstract contract StatefulConsumer is Consumer {
    bytes32 public stateRoot;
    mapping(bytes32 jobID => bytes32) private startRoots;

    event StateChanged(bytes32 indexed jobID, bytes32 fromRoot, bytes32 toRoot);

    error WrongRoot(bytes32 expected);
    error StaleRoot(bytes32 jobID);

    constructor(bytes32 firstRoot) {
        stateRoot = firstRoot;
    }

    /// Like _requestJob; `onchainInput` starts with the current root.
    function _requestTransition(bytes32 programID, bytes memory onchainInput, JobLimits memory limits, uint256 value)
        internal
        returns (bytes32 jobID)
    {
        bytes32 root = stateRoot;
        if (onchainInput.length < 32 || bytes32(onchainInput) != root) revert WrongRoot(root);
        jobID = _requestJob(programID, onchainInput, limits, value);
        startRoots[jobID] = root;
    }

    function _receiveResult(bytes32 jobID, bytes calldata result) internal override {
        bytes32 fromRoot = startRoots[jobID];
        bytes32 toRoot = bytes32(result[:32]);
        if (fromRoot != stateRoot) revert StaleRoot(jobID);
        delete startRoots[jobID];
        stateRoot = toRoot;
        emit StateChanged(jobID, fromRoot, toRoot);
        _receiveTransition(jobID, result);
    }

    /// The state has moved to the root at the start of `result`.
    function _receiveTransition(bytes32 jobID, bytes calldata result) internal virtual;
}
