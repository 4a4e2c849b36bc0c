pragma solidity 0.8.37;

import {IJobManager} from "../src/IJobManager.sol";
import {JobLimits, JobResult} from "../src/Types.sol";
import {Actor, Base} from "./Base.sol";
import {vm} from "./Vm.sol";

/// Each call from a test is a transaction of its own here: cold slots, intrinsic gas, EIP-7623's floor.
/// forge-config: default.isolate = true
contract GasTest is Base {
    function full(uint256 length) private pure returns (bytes memory output) {
        output = new bytes(length);
        for (uint256 i = 0; i < length; i += 32) {
            assembly {
                mstore(add(add(output, 32), i), not(0))
            }
        }
    }

    function posted(bytes32 jobID, uint256 length) private returns (uint256) {
        ready(jobID);
        submit(resultOf(jobID, 1000, full(length / 32 * 32)));
        return vm.lastCallGas().gasTotalUsed;
    }

    function test_a_posting_is_charged_what_it_burns() public {
        uint256[5] memory lengths = [uint256(0), 32, 992, 10_016, 65_536];
        for (uint256 i = 0; i < lengths.length; i++) {
            address fresh = address(uint160(0xf4e5000 + i)); // its credit and the proposer's are new slots
            vm.deal(fresh, 100 ether);
            JobLimits memory limits = limitsOf(1_000_000, 0);
            uint256 value = manager.quote(PROGRAM, 5, limits);
            vm.prank(fresh);
            bytes32 jobID = manager.requestJob{value: value}(PROGRAM, "input", limits);
            vm.coinbase(address(uint160(0xc0de000 + i)));
            vm.prank(GOVERNANCE);
            proposers.setKey(block.coinbase, vm.addr(KEY));
            uint256 charged = 160_000 + 40 * lengths[i];
            uint256 burned = posted(jobID, lengths[i]);
            if (burned > charged) revert Differs(burned, charged);
            if (burned * 3 < charged * 2) revert Differs(burned, charged); // and not much more
        }
    }

    function test_a_callback_that_burns_all_its_gas_is_covered() public {
        uint256[3] memory lengths = [uint256(0), 32, 65_536];
        for (uint256 i = 0; i < lengths.length; i++) {
            bytes32 jobID = request(1_000_000, 1_000_000);
            actor.set(i == 0 ? Actor.Mode.Revert : Actor.Mode.BurnGas, address(0), full(512));
            uint256 charged = 160_000 + 40 * lengths[i] + 1_000_000;
            uint256 burned = posted(jobID, lengths[i]);
            if (burned > charged) revert Differs(burned, charged);
        }
    }

    /// What job_result_gas_limit in src/job gives is enough, at every size, for every callback.
    function test_the_services_gas_limit_is_enough() public {
        uint256[3] memory lengths = [uint256(0), 992, 65_536];
        uint64[3] memory callbacks = [uint64(0), 100_000, 8_000_000];
        for (uint256 i = 0; i < 9; i++) {
            uint64 callbackGas = callbacks[i / 3];
            uint256 length = lengths[i % 3];
            bytes32 jobID = request(1_000_000, callbackGas);
            actor.set(Actor.Mode.BurnGas, address(0), "");
            ready(jobID);
            JobResult memory result = resultOf(jobID, 1000, full(length));
            bytes memory signature = signed(KEY, digestOf(result));
            bytes memory encoded = abi.encode(result);
            uint256 limit = 160_000 + 40 * length + (uint256(callbackGas) + 30_000) * 64 / 63 + 1;
            manager.submitResult{gas: limit}(encoded, signature);
            assertTrue(manager.getJob(jobID).callbackPending);
        }
    }

    function test_an_answer_fits_its_gas_limit() public {
        uint256 value = registry.fee(1000);
        vm.prank(USER);
        bytes32 submissionID = registry.submitProgram{value: value}(full(992), 0);
        bytes memory signature = signed(KEY, answerDigest(submissionID, keccak256("its id"), 9, 0));
        registry.answerProgram{gas: 200_000}(submissionID, keccak256("its id"), 9, 0, signature);
    }
}
