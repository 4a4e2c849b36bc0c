pragma solidity 0.8.37;

import {Consumer} from "../src/Consumer.sol";
import {JobLimits, JobResult, Outcome, Status} from "../src/Types.sol";
import {HashChainConsumer} from "../src/samples/HashChainConsumer.sol";
import {Sample} from "../src/samples/Sample.sol";
import {Match, MatchingConsumer, Order} from "../src/samples/MatchingConsumer.sol";
import {SqrtConsumer} from "../src/samples/SqrtConsumer.sol";
import {StatefulConsumer} from "../src/StatefulConsumer.sol";
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

    // The stateful sample.

    function book(uint64 quantity) private pure returns (Order[] memory orders) {
        orders = new Order[](1);
        orders[0] = Order(1, 1, 100, quantity);
    }

    function requestMatch(MatchingConsumer consumer, Order[] memory orders, Order[] memory resting)
        private
        returns (bytes32 jobID, bytes memory input)
    {
        JobLimits memory limits = limitsOf(1_000_000, 300_000);
        input = abi.encode(consumer.stateRoot(), orders, resting);
        uint256 value = manager.quote(PROGRAM, input.length, limits);
        jobID = consumer.requestMatch{value: value}(orders, resting, limits);
        assertEq(manager.getJob(jobID).inputHash, keccak256(input));
    }

    function test_matches_move_the_root() public {
        MatchingConsumer consumer = new MatchingConsumer(PROGRAM);
        bytes32 empty = keccak256(abi.encode(uint256(32), uint256(0)));
        assertEq(consumer.stateRoot(), empty);
        (bytes32 jobID, bytes memory input) = requestMatch(consumer, book(5), new Order[](0));
        bytes32 root = keccak256(abi.encode(book(5)));
        ready(jobID);
        vm.expectEmit();
        emit StatefulConsumer.StateChanged(jobID, empty, root);
        completeWith(jobID, input, abi.encode(root, new Match[](0)));
        assertEq(consumer.stateRoot(), root);

        Order[] memory bid = new Order[](1);
        bid[0] = Order(2, 0, 110, 2);
        (jobID, input) = requestMatch(consumer, bid, book(5));
        Match[] memory matches = new Match[](1);
        matches[0] = Match(1, 2, 100, 2);
        ready(jobID);
        vm.expectEmit();
        emit MatchingConsumer.Matched(jobID, 1, 2, 100, 2);
        completeWith(jobID, input, abi.encode(keccak256(abi.encode(book(3))), matches));
        assertEq(consumer.stateRoot(), keccak256(abi.encode(book(3))));
    }

    function test_a_result_from_a_root_that_no_longer_holds_is_not_taken() public {
        MatchingConsumer consumer = new MatchingConsumer(PROGRAM);
        (bytes32 first, bytes memory firstInput) = requestMatch(consumer, book(5), new Order[](0));
        (bytes32 second, bytes memory secondInput) = requestMatch(consumer, book(6), new Order[](0));
        bytes memory firstResult = abi.encode(keccak256(abi.encode(book(5))), new Match[](0));
        bytes memory secondResult = abi.encode(keccak256(abi.encode(book(6))), new Match[](0));
        completeWith(first, firstInput, firstResult);
        ready(second);
        completeWith(second, secondInput, secondResult);
        assertEq(consumer.stateRoot(), keccak256(abi.encode(book(5))));
        assertTrue(manager.getJob(second).callbackPending);
        vm.expectRevert(abi.encodeWithSelector(StatefulConsumer.StaleRoot.selector, second));
        manager.retryCallback(second, secondResult);
    }

    function test_a_book_that_the_program_refuses_leaves_the_root() public {
        MatchingConsumer consumer = new MatchingConsumer(PROGRAM);
        bytes32 root = consumer.stateRoot();
        (bytes32 jobID, bytes memory input) = requestMatch(consumer, book(5), book(7));
        ready(jobID);
        JobResult memory result = resultOf(jobID, 1000, "");
        result.onchainInputHash = keccak256(input);
        result.code = 3;
        submit(result);
        assertEq(consumer.stateRoot(), root);
        assertStatus(jobID, Status.Failed);
    }

    function test_a_transition_starts_from_the_root_that_holds() public {
        Rooted rooted = new Rooted();
        JobLimits memory limits = limitsOf(1_000_000, 0);
        bytes memory wrong = abi.encodeWithSelector(StatefulConsumer.WrongRoot.selector, bytes32("first"));
        vm.expectRevert(wrong);
        rooted.request(PROGRAM, abi.encode(bytes32("other")), limits);
        vm.expectRevert(wrong);
        rooted.request(PROGRAM, bytes("firs"), limits);
    }
}

contract Rooted is StatefulConsumer {
    constructor() StatefulConsumer("first") {}

    function request(bytes32 program, bytes calldata input, JobLimits calldata limits) external payable {
        _requestTransition(program, input, limits, msg.value);
    }

    function _receiveTransition(bytes32, bytes calldata) internal override {}

    function _receiveFailure(bytes32, Outcome, uint32) internal override {}
}
