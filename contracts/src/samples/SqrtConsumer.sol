pragma solidity 0.8.37;

import {JobLimits} from "../Types.sol";
import {Sample} from "./Sample.sol";

/// Integer square roots of 256-bit numbers, by the program `sqrt`: input abi.encode(uint256 number),
/// output abi.encode(uint256 root).
contract SqrtConsumer is Sample {
    mapping(bytes32 jobID => uint256) public numberOf;
    mapping(uint256 number => uint256) public rootOf;

    event RootFound(bytes32 indexed jobID, uint256 number, uint256 root);

    constructor(bytes32 program) Sample(program) {}

    function requestSqrt(uint256 number, JobLimits calldata limits) external payable returns (bytes32 jobID) {
        jobID = _requestJob(programID, abi.encode(number), limits, msg.value);
        numberOf[jobID] = number;
    }

    function _receiveResult(bytes32 jobID, bytes calldata result) internal override {
        uint256 number = numberOf[jobID];
        uint256 root = abi.decode(result, (uint256));
        rootOf[number] = root;
        emit RootFound(jobID, number, root);
    }
}
