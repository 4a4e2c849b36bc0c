pragma solidity 0.8.37;

import {IResultProposers} from "../src/IResultProposers.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract ResultProposersTest is Base {
    function test_genesis_names_governance_and_keys() public view {
        assertEq(proposers.governance(), GOVERNANCE);
        assertEq(proposers.keyOf(COINBASE), vm.addr(KEY));
        assertEq(proposers.keyOf(address(1)), address(0));
    }

    function test_governance_alone_sets_keys() public {
        vm.expectRevert(abi.encodeWithSelector(IResultProposers.NotEntitled.selector, address(this)));
        proposers.setKey(address(1), address(2));
        vm.expectEmit();
        emit IResultProposers.KeyChanged(address(1), address(2));
        vm.prank(GOVERNANCE);
        proposers.setKey(address(1), address(2));
        assertEq(proposers.keyOf(address(1)), address(2));
        vm.prank(GOVERNANCE);
        proposers.setKey(address(1), address(0));
        assertEq(proposers.keyOf(address(1)), address(0));
    }
}
