pragma solidity 0.8.37;

import {RESULT_PROPOSERS} from "./Addresses.sol";

/// The rule that a block's own proposer signs what consensus will check: a result stands only in a
/// block whose proposer answers for it, and nobody can make another's block invalid.
abstract contract Entitled {
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("InfinityVM");
    bytes32 private constant VERSION_HASH = keccak256("1");
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// The signer of `structHash` in this contract's domain (zero for a signature that is none), and
    /// whether it is the result key of this block's proposer.
    function _entitled(bytes32 structHash, bytes calldata signature)
        internal
        view
        returns (address signer, bool entitled)
    {
        signer = _recover(_digest(structHash), signature);
        entitled = signer != address(0) && signer == RESULT_PROPOSERS.keyOf(block.coinbase);
    }

    /// The chain id is read at run time: the code in genesis is the same on every chain.
    function _digest(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain =
            keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r = bytes32(signature[:32]);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        if (uint256(s) > HALF_ORDER || (v != 27 && v != 28)) return address(0);
        return ecrecover(digest, v, r, s);
    }
}
