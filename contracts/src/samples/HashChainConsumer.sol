pragma solidity 0.8.37;

import {JobLimits} from "../Types.sol";
import {Sample} from "./Sample.sol";

/// SHA-256 applied again and again, by the program `sha256_chain`: input abi.encode(bytes32 seed,
/// uint256 rounds), output the last digest, 32 bytes.
contract HashChainConsumer is Sample {
    mapping(bytes32 jobID => bytes32) public digestOf;

    event ChainComputed(bytes32 indexed jobID, bytes32 digest);

    constructor(bytes32 program) Sample(program) {}

    function requestChain(bytes32 seed, uint256 rounds, JobLimits calldata limits)
        external
        payable
        returns (bytes32 jobID)
    {
        return _requestJob(programID, abi.encode(seed, rounds), limits, msg.value);
    }

    function _receiveResult(bytes32 jobID, bytes calldata result) internal override {
        bytes32 digest = abi.decode(result, (bytes32));
        digestOf[jobID] = digest;
        emit ChainComputed(jobID, digest);
    }
}
