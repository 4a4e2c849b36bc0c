pragma solidity 0.8.37;

import {Credits} from "./Credits.sol";
import {Entitled} from "./Entitled.sol";
import {IProgramRegistry} from "./IProgramRegistry.sol";
import {ANSWER_BLOCKS, IMAGE_MAX, PROGRAM_PAGES_MAX} from "./Limits.sol";
import {Status} from "./Types.sol";

contract ProgramRegistry is IProgramRegistry, Credits, Entitled {
    bytes32 private constant ANSWER_TYPEHASH =
        keccak256("ProgramAnswer(bytes32 submissionID,bytes32 programID,uint32 pages,uint32 reason)");

    struct Submission {
        address owner;
        Status status;
        uint64 deadline; // the last block that may hold the answer
        uint256 fee;
    }

    uint256 private byteFee; // wei; written by genesis
    mapping(bytes32 programID => uint32) public pagesOf; // genesis writes the programs of its file
    mapping(bytes32 submissionID => Submission) private submissions;

    function submitProgram(bytes calldata image, bytes32 invalidator)
        external
        payable
        exclusive
        returns (bytes32 submissionID)
    {
        if (image.length > IMAGE_MAX) revert InputTooLong(IMAGE_MAX);
        bytes32 imageHash = keccak256(image);
        submissionID = keccak256(abi.encodePacked(imageHash, invalidator, msg.sender));
        Submission storage submission = submissions[submissionID];

        if (submission.status != Status.None && submission.status != Status.Expired) {
            _credit(msg.sender, msg.value);
            return submissionID;
        }
        uint256 required = fee(image.length);
        if (msg.value < required) revert FeeTooLow(required);

        submission.owner = msg.sender;
        submission.status = Status.Pending;
        submission.deadline = uint64(block.number) + ANSWER_BLOCKS;
        submission.fee = required;
        _credit(msg.sender, msg.value - required);
        emit ProgramSubmitted(submissionID, imageHash, msg.sender, invalidator, image);
    }

    function answerProgram(
        bytes32 submissionID,
        bytes32 programID,
        uint32 pages,
        uint32 reason,
        bytes calldata signature
    ) external exclusive {
        (address signer, bool entitled) = _entitled(
            keccak256(abi.encode(ANSWER_TYPEHASH, submissionID, programID, pages, reason)), signature
        );
        if (!entitled) revert NotEntitled(signer);
        Submission storage submission = submissions[submissionID];
        if (submission.status != Status.Pending) revert NotPending(submissionID, submission.status);
        if (block.number > submission.deadline) revert ResultTooLate(submission.deadline);
        bool accepted = programID != 0;
        bool wellFormed = accepted
            ? pages != 0 && pages <= PROGRAM_PAGES_MAX && reason == 0
            : pages == 0 && (reason == 1 || reason == 2);
        if (!wellFormed) revert ResultMismatch(submissionID);

        submission.status = accepted ? Status.Completed : Status.Failed;
        if (accepted && isRegistered(programID)) {
            _credit(submission.owner, submission.fee);
        } else {
            if (accepted) pagesOf[programID] = pages;
            _burn(submission.fee);
        }
        if (accepted) emit ProgramRegistered(submissionID, programID, submission.owner, pages);
        else emit ProgramRejected(submissionID, reason);
    }

    function expireProgram(bytes32 submissionID) external exclusive {
        Submission storage submission = submissions[submissionID];
        if (submission.status != Status.Pending) revert NotPending(submissionID, submission.status);
        if (block.number <= submission.deadline) revert NotExpired(submission.deadline);
        submission.status = Status.Expired;
        _credit(submission.owner, submission.fee);
    }

    function fee(uint256 length) public view returns (uint256) {
        return byteFee * length;
    }

    function isRegistered(bytes32 programID) public view returns (bool) {
        return pagesOf[programID] != 0;
    }

    /// To the zero address, which nobody holds and which has no code: the transfer cannot fail.
    function _burn(uint256 amount) private {
        if (amount != 0) assert(_send(address(0), amount));
    }
}
