pragma solidity 0.8.37;

import {ICredits} from "./ICredits.sol";
import {Status} from "./Types.sol";

/// Programs that jobs may run. Anyone submits an image; the proposer answers whether it is valid and
/// under which id, and a wrong answer makes the block invalid.
interface IProgramRegistry is ICredits {
    event ProgramSubmitted(
        bytes32 indexed submissionID,
        bytes32 indexed imageHash,
        address indexed owner,
        bytes32 invalidator,
        bytes image
    );
    event ProgramRegistered(
        bytes32 indexed submissionID, bytes32 indexed programID, address indexed owner, uint32 pages
    );
    /// reason: 1 the image is invalid (or asks for too much RAM), 2 the data does not hash to imageHash.
    event ProgramRejected(bytes32 indexed submissionID, uint32 reason);

    error InputTooLong(uint256 limit);
    error FeeTooLow(uint256 required);
    error NotPending(bytes32 submissionID, Status status);
    error NotEntitled(address signer);
    error ResultTooLate(uint64 deadline);
    error ResultMismatch(bytes32 submissionID);
    error NotExpired(uint64 deadline);

    /// Asks for `image`, an ELF file of at most IMAGE_MAX bytes, to be registered; costs fee(image.length),
    /// what is sent beyond it is credited. A submission that is pending or answered returns its id and
    /// credits everything; one that expired may be submitted again.
    function submitProgram(bytes calldata image, bytes32 invalidator) external payable returns (bytes32 submissionID);

    /// The proposer's answer, signed (EIP-712 ProgramAnswer) by its result key: either a program id with
    /// its pages and reason 0, or both zero and a reason.
    function answerProgram(
        bytes32 submissionID,
        bytes32 programID,
        uint32 pages,
        uint32 reason,
        bytes calldata signature
    ) external;

    /// Ends a submission that nobody answered in ANSWER_BLOCKS; its fee is credited to its owner.
    function expireProgram(bytes32 submissionID) external;

    /// Wei that submitting an image of `length` bytes costs.
    function fee(uint256 length) external view returns (uint256);

    function isRegistered(bytes32 programID) external view returns (bool);

    /// Pages of a registered program; zero for an unknown one.
    function pagesOf(bytes32 programID) external view returns (uint32);
}
