pragma solidity 0.8.37;

import {StatefulConsumer} from "../StatefulConsumer.sol";
import {JobLimits} from "../Types.sol";
import {Sample} from "./Sample.sol";

struct Order {
    uint64 id;
    uint8 side; // 0 bid, 1 ask
    uint64 price;
    uint64 quantity;
}

struct Match {
    uint64 maker;
    uint64 taker;
    uint64 price;
    uint64 quantity;
}

/// An exchange's step, by the program `matching`: input abi.encode(bytes32 stateRoot, Order[] orders,
/// Order[] book), output abi.encode(bytes32 newStateRoot, Match[] matches). The root is
/// keccak256(abi.encode(Order[])) of the resting orders, bids before asks, the best first; the program
/// exits with code 3 for a book that does not have it.
contract MatchingConsumer is StatefulConsumer, Sample {
    event Matched(bytes32 indexed jobID, uint64 maker, uint64 taker, uint64 price, uint64 quantity);

    constructor(bytes32 program) Sample(program) StatefulConsumer(keccak256(abi.encode(new Order[](0)))) {}

    /// Runs `orders`, in their order, against `book`, the resting orders as they stand.
    function requestMatch(Order[] calldata orders, Order[] calldata book, JobLimits calldata limits)
        external
        payable
        returns (bytes32 jobID)
    {
        return _requestTransition(programID, abi.encode(stateRoot, orders, book), limits, msg.value);
    }

    function _receiveTransition(bytes32 jobID, bytes calldata result) internal override {
        (, Match[] memory matches) = abi.decode(result, (bytes32, Match[]));
        for (uint256 i = 0; i < matches.length; i++) {
            Match memory one = matches[i];
            emit Matched(jobID, one.maker, one.taker, one.price, one.quantity);
        }
    }
}
