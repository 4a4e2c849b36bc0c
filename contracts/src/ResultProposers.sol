pragma solidity 0.8.37;

import {IResultProposers} from "./IResultProposers.sol";

contract ResultProposers is IResultProposers {
    address public governance; // written by genesis
    mapping(address coinbase => address) public keyOf;

    function setKey(address coinbase, address key) external {
        if (msg.sender != governance) revert NotEntitled(msg.sender);
        keyOf[coinbase] = key;
        emit KeyChanged(coinbase, key);
    }
}
