pragma solidity 0.8.37;

import {Consumer} from "../src/Consumer.sol";
import {JobLimits, JobResult, Outcome, Status} from "../src/Types.sol";
import {HashChainConsumer} from "../src/samples/HashChainConsumer.sol";
import {Sample} from "../src/samples/Sample.sol";
import {SqrtConsumer} from "../src/samples/SqrtConsumer.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract ConsumersTest is Base {
    /// The result of a job whose input is not "input".
    function completeWith(bytes32 jobID, bytes memory input, bytes memory output) private {
        ready(jobID);
        JobResult memory result = resultOf(jobID, 1000, output);
        result.onchainInputHash = keccak256(input);
        submit(result);
    }

    function test_only_the_job_manager_calls_back() public {
        SqrtConsumer consumer = new SqrtConsumer(PROGRAM);
        bytes memory stranger = abi.encodeWithSelector(Consumer.NotJobManager.selector, address(this));
        vm.expectRevert(stranger);
        consumer.receiveResult(0, abi.encode(1));
        vm.expectRevert(stranger);
        consumer.receiveFailure(0, 1, 1);
    }

    function test_a_square_root_is_received() public {
        SqrtConsumer consumer = new SqrtConsumer(PROGRAM);
        JobLimits memory limits = limitsOf(1_000_000, 200_000);
        uint256 value = manager.quote(PROGRAM, 32, limits);
        bytes32 jobID = consumer.requestSqrt{value: value + 3}(1764, limits);
        assertEq(manager.credit(address(consumer)), 3);
        ready(jobID);
        vm.expectEmit();
        emit SqrtConsumer.RootFound(jobID, 1764, 42);
        completeWith(jobID, abi.encode(1764), abi.encode(42));
        assertEq(consumer.rootOf(1764), 42);

        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(Sample.NotOwner.selector, USER));
        consumer.withdrawCredit(USER);
        uint256 refund = manager.credit(address(consumer));
        uint256 held = USER.balance;
        consumer.withdrawCredit(USER);
        assertEq(USER.balance, held + refund);
    }

    function test_a_hash_chain_is_received_and_a_failure_shows() public {
        HashChainConsumer consumer = new HashChainConsumer(PROGRAM);
        JobLimits memory limits = limitsOf(1_000_000, 200_000);
        uint256 value = manager.quote(PROGRAM, 64, limits);
        bytes memory input = abi.encode(bytes32("seed"), uint256(100));
        bytes32 jobID = consumer.requestChain{value: value}(bytes32("seed"), 100, limits);
        completeWith(jobID, input, abi.encode(keccak256("digest")));
        assertEq(consumer.digestOf(jobID), keccak256("digest"));

        jobID = consumer.requestChain{value: value}(bytes32("seed"), 100, limits);
        ready(jobID);
        JobResult memory result = resultOf(jobID, 1000, "");
        result.onchainInputHash = keccak256(input);
        result.outcome = Outcome.Trap;
        result.code = 4;
        bytes memory signature = signed(KEY, digestOf(result));
        vm.expectEmit();
        emit Sample.JobFailed(jobID, Outcome.Trap, 4);
        manager.submitResult(abi.encode(result), signature);
        assertStatus(jobID, Status.Failed);
    }

    function test_a_result_of_the_wrong_shape_is_not_taken() public {
        SqrtConsumer consumer = new SqrtConsumer(PROGRAM);
        JobLimits memory limits = limitsOf(1_000_000, 200_000);
        uint256 value = manager.quote(PROGRAM, 32, limits);
        bytes32 jobID = consumer.requestSqrt{value: value}(1764, limits);
        completeWith(jobID, abi.encode(1764), "short");
        assertTrue(manager.getJob(jobID).callbackPending);
    }
}
