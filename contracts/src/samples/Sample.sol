pragma solidity 0.8.37;

import {Consumer} from "../Consumer.sol";
import {Outcome} from "../Types.sol";

/// What the samples share: one program, an owner who takes refunds out, and failures that show.
abstract contract Sample is Consumer {
    bytes32 public immutable programID;
    address public immutable owner;

    event JobFailed(bytes32 indexed jobID, Outcome outcome, uint32 code);

    error NotOwner(address caller);

    constructor(bytes32 program) {
        programID = program;
        owner = msg.sender;
    }

    /// Takes what JobManager owes this contract: refunds, and what requests brought too much.
    function withdrawCredit(address to) external {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _withdrawCredit(to);
    }

    function _receiveFailure(bytes32 jobID, Outcome outcome, uint32 code) internal virtual override {
        emit JobFailed(jobID, outcome, code);
    }
}
