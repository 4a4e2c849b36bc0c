pragma solidity 0.8.37;

/// One of everything that clients decode and gas is counted for.
contract Playground {
    uint256 public number;
    mapping(uint256 slot => uint256) public values;
    uint256[] private list;

    event None();
    event One(uint256 indexed a);
    event Two(uint256 indexed a, address indexed b, bytes data);
    event Three(uint256 indexed a, uint256 indexed b, uint256 indexed c, string text);

    error Refused(address who, uint256 code, string why);
    error Bare();

    constructor() payable {}

    receive() external payable {}

    // ---- reverts

    function failCustom(uint256 code) external view {
        revert Refused(msg.sender, code, "because");
    }

    function failBare() external pure {
        revert Bare();
    }

    function failRequire() external pure {
        require(false, "a require string");
    }

    function failEmpty() external pure {
        assembly {
            revert(0, 0)
        }
    }

    function failAssert() external pure {
        assert(false);
    }

    function failOverflow(uint256 a) external pure returns (uint256) {
        return a + type(uint256).max;
    }

    function failDivide(uint256 a) external pure returns (uint256) {
        return 1 / a;
    }

    function failIndex(uint256 i) external view returns (uint256) {
        return list[i];
    }

    function failPop() external {
        list.pop();
    }

    function failInvalid() external pure {
        assembly {
            invalid()
        }
    }

    function failLoop() external pure {
        while (true) {}
    }

    // ---- storage

    function set(uint256 slot, uint256 value) external {
        values[slot] = value;
    }

    function setMany(uint256 from, uint256 count, uint256 value) external {
        for (uint256 i = from; i < from + count; i++) values[i] = value;
    }

    function flip(uint256 slot) external {
        values[slot] = 7;
        values[slot] = 0;
        values[slot] = 9;
    }

    function increment() external returns (uint256) {
        return ++number;
    }

    function transient_(uint256 value) external returns (uint256 out) {
        assembly {
            tstore(5, value)
            out := tload(5)
        }
    }

    // ---- logs

    function log(uint256 kind, uint256 a, bytes calldata data) external {
        if (kind == 0) emit None();
        if (kind == 1) emit One(a);
        if (kind == 2) emit Two(a, msg.sender, data);
        if (kind == 3) emit Three(a, a + 1, a + 2, "three");
    }

    // ---- the world

    function world()
        external
        view
        returns (uint256 height, uint256 time, uint256 base, uint256 chain, address coinbase, uint256 limit)
    {
        return (block.number, block.timestamp, block.basefee, block.chainid, block.coinbase, block.gaslimit);
    }

    function blobs() external view returns (bytes32 first, uint256 fee) {
        return (blobhash(0), block.blobbasefee);
    }

    function sender() external view returns (address) {
        return msg.sender;
    }

    // ---- calls

    function precompile(address at, bytes calldata input) external returns (bytes memory out) {
        bool good;
        (good, out) = at.call(input);
        if (!good) revert Bare();
        number = out.length;
    }

    function create(bytes calldata code) external payable returns (address out) {
        bytes memory copy = code;
        assembly {
            out := create(callvalue(), add(copy, 32), mload(copy))
        }
        number = uint160(out);
    }

    function create2(bytes calldata code, bytes32 salt) external payable returns (address out) {
        bytes memory copy = code;
        assembly {
            out := create2(callvalue(), add(copy, 32), mload(copy), salt)
        }
        number = uint160(out);
    }

    function send(address payable to, uint256 value) external payable {
        (bool good,) = to.call{value: value}("");
        if (!good) revert Bare();
    }

    function caught(uint256 code) external returns (uint256) {
        try this.failCustom(code) {}
        catch {
            number = code;
        }
        return number;
    }

    function recurse(uint256 depth) external returns (uint256) {
        if (depth == 0) return ++number;
        return this.recurse(depth - 1);
    }

    function die(address payable heir) external {
        selfdestruct(heir);
    }

    function burn(uint256 rounds) external returns (uint256 x) {
        for (uint256 i = 0; i < rounds; i++) x = uint256(keccak256(abi.encode(x, i)));
        number = x;
    }

    function memoryTo(uint256 size) external returns (uint256 x) {
        assembly {
            x := mload(size)
        }
        number = size;
    }

    function copyCode(address at) external returns (bytes32) {
        number = uint256(keccak256(at.code));
        return bytes32(number);
    }
}

/// What an account delegates to (EIP-7702).
contract Batch {
    struct Call {
        address to;
        uint256 value;
        bytes data;
    }

    event Done(address indexed account, uint256 calls);

    function execute(Call[] calldata calls) external payable {
        require(msg.sender == address(this), "only the account itself");
        for (uint256 i = 0; i < calls.length; i++) {
            (bool good,) = calls[i].to.call{value: calls[i].value}(calls[i].data);
            require(good, "a call failed");
        }
        emit Done(address(this), calls.length);
    }

    receive() external payable {}
}

/// Asks for jobs with whatever it is told, and can refuse the answer.
interface IJobs {
    struct JobLimits {
        uint64 maxCycles;
        uint64 deadline;
        uint64 callbackGas;
    }

    function requestJob(bytes32 programID, bytes calldata onchainInput, JobLimits calldata limits)
        external
        payable
        returns (bytes32 jobID);
    function cancelJob(bytes32 jobID) external;
}

contract Asker {
    IJobs private constant JOBS = IJobs(0x1f00000000000000000000000000000000000002);
    bool public refuses;
    mapping(bytes32 jobID => uint256) public answers;

    event Answered(bytes32 indexed jobID, bytes result);
    event Refusal(bytes32 indexed jobID, uint8 outcome, uint32 code);

    error NoThanks(bytes32 jobID);

    receive() external payable {}

    function setRefuses(bool value) external {
        refuses = value;
    }

    function ask(bytes32 programID, bytes calldata input, IJobs.JobLimits calldata limits) external payable {
        JOBS.requestJob{value: msg.value}(programID, input, limits);
    }

    function askMany(bytes32 programID, bytes calldata input, IJobs.JobLimits calldata limits, uint256 count)
        external
        payable
    {
        for (uint256 i = 0; i < count; i++) JOBS.requestJob{value: msg.value / count}(programID, input, limits);
    }

    function cancel(bytes32 jobID) external {
        JOBS.cancelJob(jobID);
    }

    function receiveResult(bytes32 jobID, bytes calldata result) external {
        if (refuses) revert NoThanks(jobID);
        answers[jobID]++;
        emit Answered(jobID, result);
    }

    function receiveFailure(bytes32 jobID, uint8 outcome, uint32 code) external {
        if (refuses) revert NoThanks(jobID);
        answers[jobID]++;
        emit Refusal(jobID, outcome, code);
    }
}
